// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "raster/device_rasterizer.h"

namespace wz {

struct CudaOptions {
    int device = 0;
    size_t poolBytes = size_t(256) << 20;  // of the page pool at first; it grows to most of the device's memory
    double poolShare = 0.6;                // of the device's memory, that the pool may grow to
    uint32_t scratchGrain = 1u << 16;      // surfels: scratch memory grows in such steps
    bool useGraph = true;                  // false: passes are started one by one, as debuggers like it
};

// Draws on a GPU with the passes of raster/passes. Compatibility modes are drawn by the CPU. Throws DeviceError when the
// device cannot be used; ask cudaStatus() first.
std::unique_ptr<DeviceRasterizer> makeCudaRasterizer(const CudaOptions& options = {});

}  // namespace wz
