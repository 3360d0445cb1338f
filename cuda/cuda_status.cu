// SPDX-License-Identifier: Apache-2.0
#include "cuda/cuda_status.h"

#include <cuda_runtime.h>

namespace wz {
namespace {

std::string wordsFor(cudaError_t error) {
    const std::string code = " (CUDA error " + std::to_string(static_cast<int>(error)) + ")";
    switch (error) {
        case cudaErrorInsufficientDriver:
            return "no GPU: there is no NVIDIA driver, or it is too old for CUDA " +
                   std::to_string(CUDART_VERSION / 1000) + "." + std::to_string(CUDART_VERSION % 1000 / 10) +
                   "; install or update the driver" + code;
        case cudaErrorNoDevice:
            return "no GPU: the driver finds no CUDA device; check nvidia-smi and CUDA_VISIBLE_DEVICES" + code;
        default: return std::string("no GPU: the CUDA runtime says \"") + cudaGetErrorString(error) + "\"" + code;
    }
}

}  // namespace

CudaStatus cudaStatus() {
    CudaStatus status;
    cudaError_t error = cudaGetDeviceCount(&status.devices);
    cudaDeviceProp device{};
    if (error == cudaSuccess && status.devices > 0) error = cudaGetDeviceProperties(&device, 0);
    cudaGetLastError();  // what was just answered must not be found by a later call
    if (error == cudaSuccess && status.devices == 0) error = cudaErrorNoDevice;
    if (error != cudaSuccess) {
        status.devices = 0;
        status.words = wordsFor(error);
        return status;
    }
    status.usable = true;
    status.words = std::string(device.name) + ", " + std::to_string(device.totalGlobalMem >> 20) +
                   " MiB, compute capability " + std::to_string(device.major) + "." + std::to_string(device.minor);
    return status;
}

}  // namespace wz
