// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>

#include "cuda/cuda_status.h"

// A test case that needs a GPU: says why it is skipped where there is none, and fails where one was promised (WZ_GPU_PROMISED).
#define WZ_NEEDS_GPU()                                            \
    if (const CudaStatus status = cudaStatus(); !status.usable) { \
        if (std::getenv("WZ_GPU_PROMISED")) FAIL(status.words);   \
        MESSAGE("skipped: " << status.words);                     \
        return;                                                   \
    }
