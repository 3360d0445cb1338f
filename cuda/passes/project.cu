// SPDX-License-Identifier: Apache-2.0
#include "cuda/check.h"
#include "cuda/passes/passes.h"
#include "cuda/passes/project_kernel.h"

namespace wz {

void startFrame(const FrameScratch& f, uint32_t tiles, cudaStream_t stream) {
    WZ_CUDA("project", cudaMemsetAsync(f.counters, 0, sizeof(FrameCounters), stream));
    WZ_CUDA("project", cudaMemsetAsync(f.spans, 0, tiles * sizeof(EntrySpan), stream));
}

void runProject(const FrameScratch& f, const FrameHead* head, Room room, cudaStream_t stream) {
    if (f.extras)
        projectKernel<true><<<f.blockCapacity, kProjectThreads, 0, stream>>>(f, head);
    else
        projectKernel<false><<<f.blockCapacity, kProjectThreads, 0, stream>>>(f, head);
    WZ_CUDA("project", cudaGetLastError());
    sumBefore(f.blockCounts, f.blockOffsets, f.blockCapacity + 1, room, stream);
    const uint32_t rounds = (f.drawnCapacity + kProjectThreads - 1) / kProjectThreads;
    const uint32_t blocks = rounds < f.blockCapacity ? f.blockCapacity : rounds;
    gatherKernel<<<blocks, kProjectThreads, 0, stream>>>(f, head);
    WZ_CUDA("project", cudaGetLastError());
}

}  // namespace wz
