// SPDX-License-Identifier: Apache-2.0
#include "bindings/device_view.h"

#include <pybind11/stl.h>

#include <array>
#include <string>

namespace wz {
namespace {

constexpr const char *kPlainName = "dltensor", *kVersionedName = "dltensor_versioned";

// A tensor that was handed out, with what it points to.
template <class Managed>
struct Exported {
    std::shared_ptr<void> kept;
    std::array<int64_t, 3> sides{}, strides{};
    Managed managed{};
};

// A capsule that nobody took still has its name.
template <class Managed>
void dropUnused(PyObject* capsule, const char* name) {
    if (!PyCapsule_IsValid(capsule, name)) return;
    auto* managed = static_cast<Managed*>(PyCapsule_GetPointer(capsule, name));
    managed->deleter(managed);
}

template <class Managed>
py::capsule capsuleOf(std::unique_ptr<Exported<Managed>> exported, const char* name, PyCapsule_Destructor drop) {
    Managed& managed = exported->managed;
    managed.context = exported.get();
    managed.deleter = [](Managed* self) { delete static_cast<Exported<Managed>*>(self->context); };
    PyObject* capsule = PyCapsule_New(&managed, name, drop);
    if (!capsule) throw py::error_already_set();
    exported.release();
    return py::reinterpret_steal<py::capsule>(capsule);
}

std::string spoken(std::pair<int64_t, int64_t> device) {
    return "(" + std::to_string(device.first) + ", " + std::to_string(device.second) + ")";
}

}  // namespace

std::vector<int64_t> DeviceView::shape() const {
    if (image_.channels == 1) return {image_.height, image_.width};
    return {image_.height, image_.width, image_.channels};
}

py::dict DeviceView::cudaArrayInterface() const {
    frame_->keepApart();
    py::dict about;
    about["shape"] = py::tuple(py::cast(shape()));
    about["typestr"] = image_.isId ? "<u8" : "<f4";
    about["data"] = py::make_tuple(image_.data, false);  // libraries refuse what is marked read-only
    about["strides"] = py::none();
    about["stream"] = frame_->stream();  // readers put themselves behind it
    about["version"] = 3;
    return about;
}

DeviceView::Source DeviceView::sourceFor(const DlpackWish& wish) const {
    const std::pair<int64_t, int64_t> here{dlpack::kCuda, frame_->device()}, host{dlpack::kCpu, 0};
    const auto wanted = wish.device.value_or(here);
    if (wanted != here && wanted != host)
        throw py::buffer_error("this image is on the device " + spoken(here) + " and can be copied to the CPU, " +
                               spoken(host) + "; it cannot be given on " + spoken(wanted));
    const bool toHost = wanted == host, copied = toHost || wish.copy.value_or(false);
    if (toHost && !wish.copy.value_or(true))
        throw py::buffer_error(
            "an image in a GPU's memory reaches the CPU by a copy alone, and copy=False was asked for");
    if (toHost && wish.stream.value_or(-1) != -1)
        throw py::buffer_error("what is on the CPU is on no stream: stream must be None, got " +
                               std::to_string(*wish.stream));
    if (wish.stream.value_or(1) == 0 || wish.stream.value_or(1) < -1)
        throw py::buffer_error(
            "stream must be a stream's address, 1 or 2 for a default stream, -1 for none or None, got " +
            std::to_string(*wish.stream));
    const dlpack::Device device{static_cast<int32_t>(wanted.first), static_cast<int32_t>(wanted.second)};
    if (!copied) frame_->keepApart();
    const py::gil_scoped_release unlocked;
    if (copied) {
        auto copy = frame_->copyOf(output_, toHost);  // waits until it is there
        void* data = copy.get();
        return {std::move(copy), data, device, true};
    }
    if (const int64_t stream = wish.stream.value_or(1); stream != -1) frame_->waitOn(static_cast<uintptr_t>(stream));
    return {frame_, reinterpret_cast<void*>(image_.data), device, false};
}

dlpack::Tensor DeviceView::tensorOf(const Source& source, int64_t* sides, int64_t* strides) const {
    const std::vector<int64_t> lengths = shape();
    int64_t stride = 1;
    for (size_t i = lengths.size(); i-- > 0; stride *= lengths[i]) {
        sides[i] = lengths[i];
        strides[i] = stride;
    }
    const dlpack::DataType type{image_.isId ? dlpack::kUnsigned : dlpack::kFloat,
                                static_cast<uint8_t>(image_.isId ? 64 : 32), 1};
    return {source.data, source.device, static_cast<int32_t>(lengths.size()), type, sides, strides, 0};
}

py::capsule DeviceView::dlpackCapsule(const DlpackWish& wish) const {
    const Source source = sourceFor(wish);
    if (wish.maxVersion.value_or(std::pair<int64_t, int64_t>{0, 0}).first < 1) {
        auto exported = std::make_unique<Exported<dlpack::ManagedTensor>>();
        exported->kept = source.kept;
        exported->managed.tensor = tensorOf(source, exported->sides.data(), exported->strides.data());
        return capsuleOf(std::move(exported), kPlainName,
                         [](PyObject* c) { dropUnused<dlpack::ManagedTensor>(c, kPlainName); });
    }
    auto exported = std::make_unique<Exported<dlpack::ManagedTensorVersioned>>();
    exported->kept = source.kept;
    exported->managed.version = dlpack::kVersion;
    exported->managed.flags = source.copied ? dlpack::kIsCopied : 0;
    exported->managed.tensor = tensorOf(source, exported->sides.data(), exported->strides.data());
    return capsuleOf(std::move(exported), kVersionedName,
                     [](PyObject* c) { dropUnused<dlpack::ManagedTensorVersioned>(c, kVersionedName); });
}

}  // namespace wz
