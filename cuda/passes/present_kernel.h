// SPDX-License-Identifier: Apache-2.0
// The present pass: display colours -> 8 bits a channel.
#pragma once

#include "cuda/simt.h"
#include "raster/passes/present_body.h"

namespace wz {

inline constexpr uint32_t kPresentThreads = 256;

static __global__ void __launch_bounds__(kPresentThreads)
    presentKernel(const float* color, uint32_t* rgba, int32_t width, int32_t height, bool flipped) {
    const uint32_t i = blockIdx.x * kPresentThreads + threadIdx.x;
    if (i >= static_cast<uint32_t>(width) * static_cast<uint32_t>(height)) return;
    const uint32_t x = i % static_cast<uint32_t>(width), y = i / static_cast<uint32_t>(width);
    const uint32_t row = flipped ? static_cast<uint32_t>(height) - 1 - y : y;
    rgba[static_cast<size_t>(row) * static_cast<uint32_t>(width) + x] = packedColor(color + 3 * static_cast<size_t>(i));
}

}  // namespace wz
