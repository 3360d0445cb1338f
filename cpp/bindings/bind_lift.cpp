// SPDX-License-Identifier: Apache-2.0
#include "bindings/arrays.h"
#include "core/thread_pool.h"
#include "lift/discs.h"

namespace wz {
namespace {

template <class T>
py::array_t<T> emptyArray(const std::vector<py::ssize_t>& shape) {
    return py::array_t<T>(shape);
}

template <class T>
std::span<T> spanOf(py::array_t<T>& array) {
    return {array.mutable_data(), static_cast<size_t>(array.size())};
}

template <class T>
py::array_t<T, py::array::c_style> mapOf(const py::array& array, const char* name, py::ssize_t height,
                                         py::ssize_t width) {
    if (!py::isinstance<py::array_t<T>>(array) || !(array.flags() & py::array::c_style) || array.ndim() != 2 ||
        array.shape(0) != height || array.shape(1) != width)
        throw InputError(std::string(name) + " must be a C-contiguous array of " +
                         std::string(py::str(py::dtype::of<T>())) + " with shape (" + std::to_string(height) + ", " +
                         std::to_string(width) + "), got " + describeArray(array));
    return py::reinterpret_borrow<py::array_t<T, py::array::c_style>>(array);
}

template <class T>
std::span<const T> valuesOf(const py::array_t<T, py::array::c_style>& array) {
    return {array.data(), static_cast<size_t>(array.size())};
}

py::dict slopesOf(const py::array& distance, double focal, float steepest, float least, float ofBeside,
                  float tolerance) {
    if (distance.ndim() != 2) throw InputError("distance must have two axes, got " + describeArray(distance));
    const py::ssize_t height = distance.shape(0), width = distance.shape(1);
    const auto values = mapOf<double>(distance, "distance", height, width);
    const DistanceMap map{valuesOf(values), static_cast<int32_t>(width), static_cast<int32_t>(height), focal};
    auto across = emptyArray<float>({height, width}), down = emptyArray<float>({height, width});
    auto edge = emptyArray<bool>({height, width}), between = emptyArray<bool>({height, width});
    const auto bytes = [](py::array_t<bool>& flags) {
        return std::span<uint8_t>(reinterpret_cast<uint8_t*>(flags.mutable_data()), static_cast<size_t>(flags.size()));
    };
    const SlopeMaps out{spanOf(across), spanOf(down), bytes(edge), bytes(between)};
    if (map.values.empty()) throw InputError("distance must hold a pixel, got " + describeArray(distance));
    {
        py::gil_scoped_release unlocked;
        ThreadPool pool(0, "lift");
        measureSlopes(map, {steepest, least, ofBeside, tolerance}, out, pool);
    }
    py::dict maps;
    maps["across"] = across;
    maps["down"] = down;
    maps["edge"] = edge;
    maps["between"] = between;
    return maps;
}

// The arrays are only read: their memory is taken as it is.
template <class T>
std::span<T> readOnly(const py::array& array) {
    return {static_cast<T*>(const_cast<void*>(array.data())), static_cast<size_t>(array.size())};
}

py::dict discsOf(const py::array& distance, const py::dict& maps, const Camera& camera, const py::object& kept,
                 double extentPerFootprint, float leastCosine, float leastCosineAtEdge) {
    const py::ssize_t height = camera.height, width = camera.width;
    const auto values = mapOf<double>(distance, "distance", height, width);
    const auto across = mapOf<float>(maps["across"], "across", height, width);
    const auto down = mapOf<float>(maps["down"], "down", height, width);
    const auto edge = mapOf<bool>(maps["edge"], "edge", height, width);
    const auto between = mapOf<bool>(maps["between"], "between", height, width);
    const SlopeMaps slopes{readOnly<float>(across), readOnly<float>(down), readOnly<uint8_t>(edge),
                           readOnly<uint8_t>(between)};
    const auto pixels = viewOf<int64_t>(kept, "kept", -1);
    const auto n = static_cast<py::ssize_t>(pixels.size());
    for (const int64_t pixel : pixels)
        if (pixel < 0 || pixel >= height * width)
            throw InputError("kept must name pixels of the map, got " + std::to_string(pixel));
    auto positions = emptyArray<double>({n, 3}), now = emptyArray<double>({n});
    auto orientations = emptyArray<float>({n, 4}), extents = emptyArray<float>({n, 2});
    auto sky = emptyArray<bool>({n});
    const DiscArrays out{spanOf(positions),
                         spanOf(orientations),
                         spanOf(extents),
                         spanOf(now),
                         {reinterpret_cast<uint8_t*>(sky.mutable_data()), static_cast<size_t>(n)}};
    {
        py::gil_scoped_release unlocked;
        ThreadPool pool(0, "lift");
        liftDiscs(valuesOf(values), slopes, camera, {extentPerFootprint, leastCosine, leastCosineAtEdge}, pixels, out,
                  pool);
    }
    py::dict arrays;
    arrays["positions"] = positions;
    arrays["orientations"] = orientations;
    arrays["extents"] = extents;
    arrays["now"] = now;
    arrays["is_sky"] = sky;
    return arrays;
}

}  // namespace

void bindLift(py::module_& module) {
    module.def("measure_slopes", &slopesOf, py::arg("distance"), py::arg("focal"), py::arg("steepest"),
               py::arg("least"), py::arg("of_beside"), py::arg("tolerance"),
               "Slopes of a distance map (H,W) float64: across, down, edge, between; see synth/slopes.py.");
    module.def("lift_discs", &discsOf, py::arg("distance"), py::arg("slopes"), py::arg("camera"), py::arg("kept"),
               py::arg("extent_per_footprint"), py::arg("least_cosine"), py::arg("least_cosine_at_edge"),
               "Discs of the pixels `kept` (int64) of a distance map: positions, orientations, extents, now, is_sky.");
}

}  // namespace wz
