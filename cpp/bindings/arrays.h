// SPDX-License-Identifier: Apache-2.0
// numpy in and out: checked on the way in, moved (never copied) on the way out.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <span>
#include <string>
#include <vector>

#include "core/errors.h"

namespace wz {

namespace py = pybind11;

template <class T>
using Array = py::array_t<T, py::array::c_style>;

std::string describeArray(const py::array& array);

// A read-only view of `array`, which must be C-contiguous, of this exact type and have `count` rows of `columns`
// elements (columns 1: shape (count,)). count < 0: any. Throws InputError naming the array.
template <class T>
std::span<const T> viewOf(const py::object& object, const char* name, py::ssize_t count, py::ssize_t columns = 1) {
    if (!py::isinstance<py::array>(object))
        throw InputError(std::string(name) + " must be a numpy array, got " +
                         std::string(py::str(py::type::of(object))));
    const auto array = py::reinterpret_borrow<py::array>(object);
    const bool typed = py::isinstance<py::array_t<T>>(array) && (array.flags() & py::array::c_style);
    const bool shaped = columns == 1 ? array.ndim() == 1 : (array.ndim() == 2 && array.shape(1) == columns);
    if (!typed || !shaped || (count >= 0 && array.shape(0) != count)) {
        const std::string rows = count < 0 ? "N" : std::to_string(count);
        throw InputError(std::string(name) + " must be a C-contiguous array of " +
                         std::string(py::str(py::dtype::of<T>())) + " with shape (" + rows +
                         (columns == 1 ? ",)" : ", " + std::to_string(columns) + ")") + ", got " +
                         describeArray(array));
    }
    return {static_cast<const T*>(array.data()), static_cast<size_t>(array.size())};
}

// A read-only array that owns what was in `values`.
template <class T, class Memory>
py::array ownedArray(std::vector<T, Memory>&& values, const std::vector<py::ssize_t>& shape) {
    using Values = std::vector<T, Memory>;
    auto* kept = new Values(std::move(values));
    py::capsule owner(kept, [](void* pointer) { delete static_cast<Values*>(pointer); });
    py::array array(py::dtype::of<T>(), shape, kept->data(), owner);
    array.attr("flags").attr("writeable") = false;
    return array;
}

void bindBench(py::module_& module);
void bindLift(py::module_& module);
void bindErrors(py::module_& module);
void bindCamera(py::module_& module);
void bindEngine(py::module_& module);
void bindProfiler(py::module_& module);
// The backends' names and the GPU's status; bindDevice: frames in GPU memory. Before and after bindEngine.
void bindCuda(py::module_& module);
void bindDevice(py::module_& module);

struct Frame;
struct FrameStats;
py::dict imagesOf(Frame&& frame);
py::dict statsOf(const FrameStats& stats);
void bindWorld(py::module_& module);

}  // namespace wz
