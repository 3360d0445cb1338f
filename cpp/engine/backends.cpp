// SPDX-License-Identifier: Apache-2.0
#include "engine/backends.h"

#include "core/errors.h"
#include "raster/cpu/cpu_rasterizer.h"

#if defined(WZ_HAS_CUDA)
#include "cuda/cuda_rasterizer.h"
#include "cuda/cuda_status.h"
#endif

namespace wz {

#if defined(WZ_HAS_CUDA)

GpuStatus gpuStatus() {
    const CudaStatus s = cudaStatus();
    return {true,     s.usable,  s.devices,    s.words,       s.remedy,   s.name,
            s.driver, s.runtime, s.capability, s.memoryBytes, s.freeBytes};
}

std::unique_ptr<Rasterizer> makeRasterizer(Backend backend, int threads, const std::string& instructions) {
    if (backend == Backend::Cpu) return makeCpuRasterizer(threads, instructions);
    const CudaStatus status = cudaStatus();
    if (status.usable) return makeCudaRasterizer();
    if (backend == Backend::Auto) return makeCpuRasterizer(threads, instructions);
    throw DeviceError(status.words + (status.remedy.empty() ? "" : ": " + status.remedy));
}

#else

GpuStatus gpuStatus() {
    GpuStatus status;
    status.words = "this build draws on the CPU alone";
    status.remedy = "build with WZ_CUDA=ON (needs nvcc)";
    return status;
}

std::unique_ptr<Rasterizer> makeRasterizer(Backend backend, int threads, const std::string& instructions) {
    if (backend != Backend::Cuda) return makeCpuRasterizer(threads, instructions);
    const GpuStatus status = gpuStatus();
    throw DeviceError(status.words + ": " + status.remedy);
}

#endif

}  // namespace wz
