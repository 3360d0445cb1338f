// SPDX-License-Identifier: Apache-2.0
#include "cuda/check.h"
#include "cuda/passes/blend_kernel.h"
#include "cuda/passes/passes.h"

namespace wz {
namespace {

// Two warps for each tile or wave.
uint32_t blocksFor(uint32_t units) {
    return static_cast<uint32_t>((2 * static_cast<uint64_t>(units) + kBlendWarps - 1) / kBlendWarps);
}

template <bool kDetail>
void blend(const FrameScratch& f, const FrameHead* head, uint32_t tiles, cudaStream_t stream) {
    constexpr uint32_t kThreads = kBlendWarps * kWarpSize;
    const uint32_t waveBlocks = blocksFor(f.waveCapacity);
    waveLightKernel<<<waveBlocks, kThreads, 0, stream>>>(f, head);
    WZ_CUDA("blend", cudaGetLastError());
    wavePrefixKernel<<<waveBlocks, kThreads, 0, stream>>>(f, head);
    WZ_CUDA("blend", cudaGetLastError());
    waveBlendKernel<kDetail><<<waveBlocks, kThreads, 0, stream>>>(f, head);
    WZ_CUDA("blend", cudaGetLastError());
    blendKernel<kDetail><<<blocksFor(tiles), kThreads, 0, stream>>>(f, head);
    WZ_CUDA("blend", cudaGetLastError());
}

}  // namespace

void runBlend(const FrameScratch& f, const FrameHead* head, uint32_t tiles, cudaStream_t stream) {
    f.extras ? blend<true>(f, head, tiles, stream) : blend<false>(f, head, tiles, stream);
}

}  // namespace wz
