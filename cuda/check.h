// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include "core/errors.h"

namespace wz {

// Throws DeviceError: "CUDA failed in <pass>: <call> at <file>:<line>: <CUDA's words>". Leaves no error behind.
void throwCudaError(cudaError_t error, const char* call, const char* pass, const char* file, int line);

}  // namespace wz

// WZ_CUDA("blend", cudaGetLastError()): the pass in a word or two, and the call.
#define WZ_CUDA(pass, call)                                                                                 \
    do {                                                                                                    \
        const cudaError_t wzCudaError = (call);                                                             \
        if (wzCudaError != cudaSuccess) ::wz::throwCudaError(wzCudaError, #call, pass, __FILE__, __LINE__); \
    } while (false)
