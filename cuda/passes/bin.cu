// SPDX-License-Identifier: Apache-2.0
#include "cuda/check.h"
#include "cuda/passes/bin_kernel.h"
#include "cuda/passes/passes.h"

namespace wz {
namespace {

uint32_t blocksFor(uint64_t threads, uint32_t perBlock) {
    return static_cast<uint32_t>((threads + perBlock - 1) / perBlock);
}

}  // namespace

void runEmit(const FrameScratch& f, const FrameHead* head, bool wide, Room room, cudaStream_t stream) {
    countKernel<<<blocksFor(uint64_t(f.drawnCapacity) + 1, kBinThreads), kBinThreads, 0, stream>>>(f);
    WZ_CUDA("bin", cudaGetLastError());
    sumBefore(f.entryCounts, f.entryOffsets, f.drawnCapacity + 1, room, stream);
    const uint32_t blocks = blocksFor(f.entryCapacity, kEntriesPerBlock);
    if (wide)
        emitKernel<uint32_t><<<blocks, kBinThreads, 0, stream>>>(f, head);
    else
        emitKernel<uint16_t><<<blocks, kBinThreads, 0, stream>>>(f, head);
    WZ_CUDA("bin", cudaGetLastError());
}

void runSpans(const FrameScratch& f, const FrameHead* head, uint32_t tiles, bool wide, cudaStream_t stream) {
    const uint32_t blocks = blocksFor(f.entryCapacity, kBinThreads);
    if (wide)
        spanKernel<uint32_t><<<blocks, kBinThreads, 0, stream>>>(f);
    else
        spanKernel<uint16_t><<<blocks, kBinThreads, 0, stream>>>(f);
    WZ_CUDA("bin", cudaGetLastError());
    waveKernel<<<blocksFor(tiles, kBinThreads), kBinThreads, 0, stream>>>(f, head);
    WZ_CUDA("bin", cudaGetLastError());
}

}  // namespace wz
