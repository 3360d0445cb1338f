// SPDX-License-Identifier: Apache-2.0
#include "cuda/check.h"
#include "cuda/passes/passes.h"
#include "cuda/passes/present_kernel.h"

namespace wz {

void runPresent(const float* color, uint32_t* rgba, int32_t width, int32_t height, bool flipped, cudaStream_t stream) {
    const uint64_t pixels = static_cast<uint64_t>(width) * static_cast<uint64_t>(height);
    const uint32_t blocks = static_cast<uint32_t>((pixels + kPresentThreads - 1) / kPresentThreads);
    presentKernel<<<blocks, kPresentThreads, 0, stream>>>(color, rgba, width, height, flipped);
    WZ_CUDA("present", cudaGetLastError());
}

}  // namespace wz
