// SPDX-License-Identifier: Apache-2.0
// The images of a frame in one block of device memory.
#pragma once

#include <array>
#include <cstdint>

#include "cuda/memory/device_array.h"
#include "raster/device_rasterizer.h"
#include "raster/passes/resolve.h"

namespace wz {

inline constexpr uint32_t kOutputCount = 7;

struct ImagePlace {
    size_t offset = 0, bytes = 0;  // 0 bytes: was not asked for
    int32_t channels = 1;
    bool isId = false;
};

// Where the outputs asked for lie in a block; the i-th is of OutputBit 1 << i.
struct ImageLayout {
    int32_t width = 0, height = 0;
    uint32_t outputs = 0;
    std::array<ImagePlace, kOutputCount> places{};
    size_t bytes = 0;
};

ImageLayout imageLayoutOf(int32_t width, int32_t height, uint32_t outputs);
// Addresses in a block that starts at `base`.
FrameArrays frameArraysOf(const ImageLayout& layout, char* base);
// Copies from a block in host memory.
void copyToFrame(const ImageLayout& layout, const char* base, Frame& frame);

}  // namespace wz
