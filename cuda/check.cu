// SPDX-License-Identifier: Apache-2.0
#include "cuda/check.h"

#include <string>
#include <string_view>

namespace wz {

void throwCudaError(cudaError_t error, const char* call, const char* pass, const char* file, int line) {
    cudaGetLastError();  // what is reported here must not be found by a later call
    const std::string_view path(file);
    const size_t at = path.rfind("cuda/");
    const std::string place(at == std::string_view::npos ? path : path.substr(at));
    std::string words = "CUDA failed in " + std::string(pass) + ": " + call + " at " + place + ":" +
                        std::to_string(line) + ": " + cudaGetErrorString(error) + " (error " +
                        std::to_string(static_cast<int>(error)) + ")";
    size_t free = 0, total = 0;
    if (error == cudaErrorMemoryAllocation && cudaMemGetInfo(&free, &total) == cudaSuccess)
        words += "; " + std::to_string(free >> 20) + " of " + std::to_string(total >> 20) +
                 " MiB are free: draw a smaller picture or close other programs that use the GPU";
    cudaGetLastError();
    throw DeviceError(words);
}

}  // namespace wz
