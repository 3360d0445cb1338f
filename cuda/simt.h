// SPDX-License-Identifier: Apache-2.0
// What kernels use of the device's language beyond C++. The native tests define WZ_SIMT_EMULATION and bring the same words
// for a processor without a GPU, which runs the kernels lane by lane (tests/cpp/simt_emulation.h).
#pragma once

#if defined(__CUDACC__)

#include <cuda_pipeline_primitives.h>
#include <cuda_runtime.h>

#include <cstdint>

namespace wz {

inline constexpr unsigned kAllLanes = 0xffffffffu;

// Starts copying 16 bytes to shared memory (aligned to 16, both); what is started up to finishCopies() is one group.
__device__ inline void startCopy16(void* to, const void* from) { __pipeline_memcpy_async(to, from, 16); }
__device__ inline void finishCopies() { __pipeline_commit(); }
// Waits for all of this thread's groups but the last `kLeft`; other lanes see them after a barrier.
template <int kLeft>
__device__ inline void awaitCopies() {
    __pipeline_wait_prior(kLeft);
}

}  // namespace wz

#elif !defined(WZ_SIMT_EMULATION)
#error "kernels are compiled by nvcc, or in tests after simt_emulation.h"
#endif
