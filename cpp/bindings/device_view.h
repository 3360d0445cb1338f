// SPDX-License-Identifier: Apache-2.0
// One image of a frame in GPU memory, as the protocols for sharing arrays describe it.
#pragma once

#include <pybind11/pybind11.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "bindings/dlpack.h"
#include "raster/device_rasterizer.h"

namespace wz {

namespace py = pybind11;

// What a reader asks of __dlpack__.
struct DlpackWish {
    std::optional<int64_t>
        stream;  // as the protocol numbers them, 1: the legacy default one, 2: the thread's default one, -1: do not wait
    std::optional<std::pair<int64_t, int64_t>> maxVersion;
    std::optional<std::pair<int64_t, int64_t>> device;  // kind, number
    std::optional<bool> copy;
};

// Keeps the frame's memory.
class DeviceView {
public:
    DeviceView(std::shared_ptr<DeviceFrame> frame, uint32_t output)
        : frame_(std::move(frame)), output_(output), image_(frame_->image(output)) {}

    std::vector<int64_t> shape() const;
    py::dict cudaArrayInterface() const;
    py::tuple dlpackDevice() const { return py::make_tuple(dlpack::kCuda, frame_->device()); }
    // Raises BufferError for what cannot be had.
    py::capsule dlpackCapsule(const DlpackWish& wish) const;

private:
    // The memory handed out, and what keeps it.
    struct Source {
        std::shared_ptr<void> kept;
        void* data;
        dlpack::Device device;
        bool copied;
    };
    Source sourceFor(const DlpackWish& wish) const;
    dlpack::Tensor tensorOf(const Source& source, int64_t* sides, int64_t* strides) const;

    std::shared_ptr<DeviceFrame> frame_;
    uint32_t output_;
    DeviceImage image_;
};

}  // namespace wz
