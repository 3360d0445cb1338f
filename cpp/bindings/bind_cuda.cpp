// SPDX-License-Identifier: Apache-2.0
// Frames in GPU memory, handed to other libraries without a copy. Everything here exists in builds without CUDA too, and
// says there what is missing.
#include <pybind11/native_enum.h>
#include <pybind11/stl.h>

#include <array>
#include <optional>

#include "bindings/arrays.h"
#include "bindings/dlpack.h"
#include "engine/engine.h"

namespace wz {
namespace {

constexpr const char* kCapsuleName = "dltensor";

// One image of a frame; keeps the frame's memory.
class DeviceView {
public:
    DeviceView(std::shared_ptr<DeviceFrame> frame, DeviceImage image) : frame_(std::move(frame)), image_(image) {}

    std::vector<int64_t> shape() const {
        if (image_.channels == 1) return {image_.height, image_.width};
        return {image_.height, image_.width, image_.channels};
    }

    py::dict cudaArrayInterface() const {
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

    // stream: as the protocol numbers them, 1: the legacy default one, 2: the thread's default one, -1: do not wait.
    py::capsule dlpackCapsule(std::optional<int64_t> stream) const {
        frame_->keepApart();
        if (stream.value_or(1) != -1) frame_->waitOn(static_cast<uintptr_t>(stream.value_or(1)));
        auto* exported = new Exported{frame_, {}, {}, {}};
        const std::vector<int64_t> sides = shape();
        int64_t stride = 1;
        for (size_t i = sides.size(); i-- > 0; stride *= sides[i]) {
            exported->shape[i] = sides[i];
            exported->strides[i] = stride;
        }
        dlpack::ManagedTensor& t = exported->tensor;
        t.tensor = {reinterpret_cast<void*>(image_.data),
                    {dlpack::kCuda, frame_->device()},
                    static_cast<int32_t>(sides.size()),
                    {image_.isId ? dlpack::kUnsigned : dlpack::kFloat, static_cast<uint8_t>(image_.isId ? 64 : 32), 1},
                    exported->shape.data(),
                    exported->strides.data(),
                    0};
        t.context = exported;
        t.deleter = [](dlpack::ManagedTensor* self) { delete static_cast<Exported*>(self->context); };
        PyObject* capsule = PyCapsule_New(&t, kCapsuleName, dropUnused);
        if (!capsule) {
            delete exported;
            throw py::error_already_set();
        }
        return py::reinterpret_steal<py::capsule>(capsule);
    }

    py::tuple dlpackDevice() const { return py::make_tuple(dlpack::kCuda, frame_->device()); }

private:
    struct Exported {
        std::shared_ptr<DeviceFrame> frame;
        dlpack::ManagedTensor tensor;
        std::array<int64_t, 3> shape, strides;
    };
    // A capsule that nobody took still has its name.
    static void dropUnused(PyObject* capsule) {
        if (!PyCapsule_IsValid(capsule, kCapsuleName)) return;
        auto* t = static_cast<dlpack::ManagedTensor*>(PyCapsule_GetPointer(capsule, kCapsuleName));
        t->deleter(t);
    }

    std::shared_ptr<DeviceFrame> frame_;
    DeviceImage image_;
};

std::optional<DeviceView> viewOfOutput(const std::shared_ptr<DeviceFrame>& frame, uint32_t output) {
    const DeviceImage image = frame->image(output);
    if (image.data == 0) return std::nullopt;
    return DeviceView(frame, image);
}

py::dict statusDict() {
    const GpuStatus s = gpuStatus();
    py::dict status;
    status["built"] = s.built;
    status["available"] = s.available;
    status["devices"] = s.devices;
    status["words"] = s.words;
    status["remedy"] = s.remedy;
    status["name"] = s.name;
    status["driver"] = s.driver;
    status["runtime"] = s.runtime;
    status["capability"] = s.capability;
    status["memory_bytes"] = s.memoryBytes;
    status["free_bytes"] = s.freeBytes;
    return status;
}

py::object memoryDict(const Engine& engine) {
    if (!engine.device()) return py::none();
    const DeviceMemory m = engine.device()->memory();
    py::dict memory;
    memory["pool_bytes"] = m.poolBytes;
    memory["pool_taken_bytes"] = m.poolTakenBytes;
    memory["scratch_bytes"] = m.scratchBytes;
    memory["image_bytes"] = m.imageBytes;
    memory["uploaded_bytes"] = m.uploadedBytes;
    memory["uploads"] = m.uploads;
    memory["evictions"] = m.evictions;
    memory["pool_growths"] = m.poolGrowths;
    memory["scratch_growths"] = m.scratchGrowths;
    memory["redraws"] = m.redraws;
    return memory;
}

DeviceRasterizer& deviceOf(const Engine& engine) {
    if (!engine.device())
        throw InputError("this engine draws on the CPU; make it with backend=\"cuda\" to draw into textures");
    return *engine.device();
}

void bindDeviceFrame(py::module_& module) {
    py::class_<DeviceView>(module, "DeviceView", "An image in GPU memory; see wonderzoom_rt.DeviceFrame.")
        .def_property_readonly("shape", [](const DeviceView& v) { return py::tuple(py::cast(v.shape())); })
        .def_property_readonly("__cuda_array_interface__", &DeviceView::cudaArrayInterface)
        .def("__dlpack_device__", &DeviceView::dlpackDevice)
        .def(
            "__dlpack__",
            [](const DeviceView& view, std::optional<int64_t> stream, const py::object&, const py::object&,
               const py::object&) { return view.dlpackCapsule(stream); },
            py::kw_only(), py::arg("stream") = py::none(), py::arg("max_version") = py::none(),
            py::arg("dl_device") = py::none(), py::arg("copy") = py::none(),
            "A DLPack capsule, version 0, on the frame's own device and without a copy.");
    py::class_<DeviceFrame, std::shared_ptr<DeviceFrame>>(module, "DeviceFrame",
                                                          "A frame in GPU memory; see wonderzoom_rt.DeviceFrame.")
        .def("view", &viewOfOutput, py::arg("output"), "The image of one output bit, None when it was not asked for.")
        .def("wait", &DeviceFrame::wait, py::call_guard<py::gil_scoped_release>(),
             "Waits until it is drawn; False when scratch memory did not suffice.")
        .def(
            "read",
            [](DeviceFrame& device) {
                Frame frame;
                RenderStats stats;
                {
                    py::gil_scoped_release unlocked;
                    device.read(frame);
                    stats = device.stats();
                }
                FrameStats all;
                all.render = stats;
                return py::make_tuple(imagesOf(std::move(frame)), statsOf(all));
            },
            "(images, stats), as Engine.render gives them.")
        .def_property_readonly("stream", &DeviceFrame::stream)
        .def_property_readonly("device", &DeviceFrame::device);
}

}  // namespace

void bindCuda(py::module_& module) {
    py::native_enum<Backend>(module, "Backend", "enum.Enum")
        .value("cpu", Backend::Cpu)
        .value("cuda", Backend::Cuda)
        .value("auto", Backend::Auto)
        .finalize();
    module.def("gpu_status", &statusDict, "What the GPU says: a dict, whatever there is. Never raises.");
}

void bindDevice(py::module_& module) {
    bindDeviceFrame(module);
    py::class_<TextureTarget>(module, "TextureTarget", "An OpenGL texture; see wonderzoom_rt.TextureTarget.")
        .def(
            "draw",
            [](TextureTarget& target, DeviceFrame& frame) -> py::object {
                std::vector<uint8_t> pixels;
                bool drawn = false;
                {
                    py::gil_scoped_release unlocked;
                    drawn = target.draw(frame, pixels);
                }
                if (drawn) return py::none();
                const DeviceImage color = frame.image(kOutputColor);
                return ownedArray(std::move(pixels), {color.height, color.width, 4});
            },
            py::arg("frame"), "None when the texture was drawn into; else the picture's bytes, to be uploaded.")
        .def_property_readonly("why_not", &TextureTarget::whyNot);
    module.def(
        "render_on_device",
        [](Engine& engine, std::shared_ptr<const Snapshot> snapshot, const Camera& camera,
           const RenderSettings& settings, const std::vector<float>& readiness) {
            FrameStats stats;
            std::shared_ptr<DeviceFrame> frame;
            {
                py::gil_scoped_release unlocked;
                frame = engine.renderOnDevice(*snapshot, camera, settings, readiness, stats);
            }
            return py::make_tuple(frame, statsOf(stats));
        },
        py::arg("engine"), py::arg("snapshot"), py::arg("camera"), py::arg("settings"),
        py::arg("readiness") = std::vector<float>{}, "(frame, stats of the selection); the GPU is still drawing.");
    module.def("device_memory", &memoryDict, py::arg("engine"),
               "Bytes and counts of the GPU's memory; None on the CPU.");
    module.def(
        "texture_target",
        [](Engine& engine, uint32_t texture, int32_t width, int32_t height, bool bottomUp) {
            return deviceOf(engine).makeTextureTarget(texture, width, height, bottomUp);
        },
        py::arg("engine"), py::arg("texture"), py::arg("width"), py::arg("height"), py::arg("bottom_up"),
        py::keep_alive<0, 1>());
}

}  // namespace wz
