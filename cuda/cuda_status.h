// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace wz {

struct CudaStatus {
    bool usable = false;
    int devices = 0;
    std::string words;   // the first device's name and memory, or why there is none
    std::string remedy;  // what would help; empty when usable
    std::string name;
    std::string driver;      // the newest CUDA that the driver knows, "13.0"; empty: no driver
    std::string runtime;     // the CUDA this was built with
    std::string capability;  // "9.0"
    uint64_t memoryBytes = 0, freeBytes = 0;
};

// Asks the CUDA runtime at every call; never throws, and leaves no error behind. No GPU is an answer, not a failure.
CudaStatus cudaStatus();

}  // namespace wz
