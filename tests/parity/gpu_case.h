// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <doctest/doctest.h>

#include "cuda/cuda_status.h"

// A test case that needs a GPU: says why it is skipped where there is none.
#define WZ_NEEDS_GPU()                                            \
    if (const CudaStatus status = cudaStatus(); !status.usable) { \
        MESSAGE("skipped: " << status.words);                     \
        return;                                                   \
    }
