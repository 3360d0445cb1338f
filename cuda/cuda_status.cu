// SPDX-License-Identifier: Apache-2.0
#include "cuda/cuda_status.h"

#include <cuda_runtime.h>

#include "cuda/device_scope.h"

namespace wz {
namespace {

std::string versionOf(int number) { return std::to_string(number / 1000) + "." + std::to_string(number % 1000 / 10); }

void explain(CudaStatus& status, cudaError_t error) {
    const std::string code = " (CUDA error " + std::to_string(static_cast<int>(error)) + ")";
    const std::string install = "install or update NVIDIA's driver to one that knows CUDA " + status.runtime;
    switch (error) {
        case cudaErrorInsufficientDriver:
            status.words = status.driver.empty() ? "no GPU: there is no NVIDIA driver" + code
                                                 : "no GPU: the driver knows CUDA " + status.driver +
                                                       ", this build needs " + status.runtime + code;
            status.remedy = install;
            return;
        case cudaErrorNoDevice:
            status.words = "no GPU: the driver finds no CUDA device" + code;
            status.remedy = "check nvidia-smi and CUDA_VISIBLE_DEVICES";
            return;
        case cudaErrorNoKernelImageForDevice:
            status.words = "no GPU: " + status.name + " has compute capability " + status.capability +
                           ", too old for this build" + code;
            status.remedy = "a GPU of compute capability 7.5 (RTX 20) or newer is needed";
            return;
        default:
            status.words = std::string("no GPU: the CUDA runtime says \"") + cudaGetErrorString(error) + "\"" + code;
            status.remedy = "check nvidia-smi";
    }
}

// A kernel that does nothing: whether this build has code that the device runs.
__global__ void nothingKernel() {}

cudaError_t examine(CudaStatus& status) {
    if (const cudaError_t error = cudaGetDeviceCount(&status.devices); error != cudaSuccess) return error;
    if (status.devices == 0) return cudaErrorNoDevice;
    const DeviceScope first(0, std::nothrow);  // whichever is the caller's, it is the first that draws
    cudaDeviceProp device{};
    if (const cudaError_t error = cudaGetDeviceProperties(&device, 0); error != cudaSuccess) return error;
    status.name = device.name;
    status.memoryBytes = device.totalGlobalMem;
    status.capability = std::to_string(device.major) + "." + std::to_string(device.minor);
    cudaFuncAttributes attributes{};
    if (const cudaError_t error = cudaFuncGetAttributes(&attributes, nothingKernel); error != cudaSuccess) return error;
    size_t free = 0, total = 0;
    if (const cudaError_t error = cudaMemGetInfo(&free, &total); error != cudaSuccess) return error;
    status.freeBytes = free;
    return cudaSuccess;
}

}  // namespace

CudaStatus cudaStatus() {
    CudaStatus status;
    status.runtime = versionOf(CUDART_VERSION);
    int driver = 0;
    if (cudaDriverGetVersion(&driver) == cudaSuccess && driver > 0) status.driver = versionOf(driver);
    const cudaError_t error = examine(status);
    cudaGetLastError();  // what was just answered must not be found by a later call
    if (error != cudaSuccess) {
        status.devices = 0;
        explain(status, error);
        return status;
    }
    status.usable = true;
    status.words = status.name + ", " + std::to_string(status.memoryBytes >> 20) + " MiB, compute capability " +
                   status.capability + ", CUDA " + status.driver;
    return status;
}

}  // namespace wz
