// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace wz {

struct CudaStatus {
    bool usable = false;
    int devices = 0;
    std::string words;  // the first device's name and memory, or why there is none and what would help
};

// Asks the CUDA runtime once a call; never throws, and leaves no error behind. No GPU is an answer, not a failure.
CudaStatus cudaStatus();

}  // namespace wz
