// SPDX-License-Identifier: Apache-2.0
// Which rasterisers this build has, and what the machine's GPU says.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "raster/device_rasterizer.h"

namespace wz {

// Auto: the GPU where one can be used, else the CPU.
enum class Backend : int32_t { Cpu = 0, Cuda = 1, Auto = 2 };

struct GpuStatus {
    bool built = false;      // this build has a GPU backend
    bool available = false;  // and a device answers
    int devices = 0;
    std::string words, remedy;  // what there is, or why there is none and what would help
    std::string name;
    std::string driver, runtime, capability;  // CUDA versions and the compute capability; empty: not known
    uint64_t memoryBytes = 0, freeBytes = 0;
};

// Never throws. No GPU is an answer.
GpuStatus gpuStatus();

// Of the CPU's rasteriser: threads, 0 for one a hardware thread; instructions, a word for the set. Throws InputError for
// another word, DeviceError for Cuda where there is none.
std::unique_ptr<Rasterizer> makeRasterizer(Backend backend, int threads, const std::string& instructions);

}  // namespace wz
