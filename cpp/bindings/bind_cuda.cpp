// SPDX-License-Identifier: Apache-2.0
// Frames in GPU memory, handed to other libraries without a copy. Everything here exists in builds without CUDA too, and
// says there what is missing.
#include <pybind11/native_enum.h>
#include <pybind11/stl.h>

#include <optional>

#include "bindings/arrays.h"
#include "bindings/device_view.h"
#include "engine/engine.h"

namespace wz {
namespace {

std::optional<DeviceView> viewOfOutput(const std::shared_ptr<DeviceFrame>& frame, uint32_t output) {
    if (frame->image(output).data == 0) return std::nullopt;
    return DeviceView(frame, output);
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
    const DeviceMemory m = [&] {
        const py::gil_scoped_release unlocked;
        return engine.device()->memory();
    }();
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

// What is to be said once about how this engine draws; empty on the CPU.
std::vector<std::string> takeNotes(const Engine& engine) {
    const py::gil_scoped_release unlocked;
    return engine.device() ? engine.device()->takeNotes() : std::vector<std::string>();
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
            [](const DeviceView& view, std::optional<int64_t> stream,
               std::optional<std::pair<int64_t, int64_t>> version, std::optional<std::pair<int64_t, int64_t>> device,
               std::optional<bool> copy) { return view.dlpackCapsule({stream, version, device, copy}); },
            py::kw_only(), py::arg("stream") = py::none(), py::arg("max_version") = py::none(),
            py::arg("dl_device") = py::none(), py::arg("copy") = py::none(),
            "A DLPack capsule: on the frame's own device without a copy, or a copy there (copy=True) or on the CPU "
            "(dl_device=(1, 0)); of version 1 when max_version allows it, else 0. BufferError for anything else.");
    py::class_<DeviceFrame, std::shared_ptr<DeviceFrame>>(module, "DeviceFrame",
                                                          "A frame in GPU memory; see wonderzoom_rt.DeviceFrame.")
        .def("view", &viewOfOutput, py::arg("output"), "The image of one output bit, None when it was not asked for.")
        .def("wait", &DeviceFrame::wait, py::call_guard<py::gil_scoped_release>(),
             "Waits until it is drawn; False when scratch memory did not suffice.")
        .def(
            "stats",
            [](DeviceFrame& device) {
                FrameStats all;
                {
                    py::gil_scoped_release unlocked;
                    all.render = device.stats();
                }
                return statsOf(all);
            },
            "Waits; what drawing took, as Engine.render gives it.")
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
    module.def("take_device_notes", &takeNotes, py::arg("engine"),
               "What users should know about how this engine draws, each line once.");
    module.def("device_memory", &memoryDict, py::arg("engine"),
               "Bytes and counts of the GPU's memory; None on the CPU.");
    module.def(
        "texture_target",
        [](Engine& engine, uint32_t texture, int32_t width, int32_t height, bool bottomUp) {
            DeviceRasterizer& device = deviceOf(engine);
            const py::gil_scoped_release unlocked;
            return device.makeTextureTarget(texture, width, height, bottomUp);
        },
        py::arg("engine"), py::arg("texture"), py::arg("width"), py::arg("height"), py::arg("bottom_up"),
        py::keep_alive<0, 1>());
}

}  // namespace wz
