// SPDX-License-Identifier: Apache-2.0
// The project pass: a thread a surfel. What is drawn is packed to the front of its block, in order, and the blocks are then
// joined: the sort's input is in draw order whatever the order in which blocks run.
#pragma once

#include "cuda/passes/warp_search.h"

namespace wz {

typedef uint32_t __attribute__((__may_alias__)) AnyWord;

// Copies `bytes` (a multiple of 4, aligned to 4) to shared memory by all threads of the block.
__device__ inline void copyWords(void* to, const void* from, uint32_t bytes) {
    auto* target = static_cast<AnyWord*>(to);
    const auto* source = static_cast<const AnyWord*>(from);
    for (uint32_t i = threadIdx.x; i < bytes / 4; i += blockDim.x) target[i] = source[i];
}

// Of the lanes before this one, those that are set.
__device__ inline uint32_t lanesBefore(uint32_t lanes) {
    return static_cast<uint32_t>(__popc(lanes & ((1u << (threadIdx.x & (kWarpSize - 1))) - 1u)));
}

// Blocks that share a processor: the pass waits for memory and for divisions, which many warps hide. So no thread has more
// than 64 registers, which is enough for all but general discs.
inline constexpr uint32_t kProjectBlocks = 8;

template <bool kExtras>
static __global__ void __launch_bounds__(kProjectThreads, kProjectBlocks)
    projectKernel(FrameScratch f, const FrameHead* head) {
    static_assert(sizeof(PageRun) % 4 == 0 && sizeof(ProjectParams) % 4 == 0, "copied in words");
    alignas(16) __shared__ unsigned char runBytes[sizeof(PageRun)];
    alignas(16) __shared__ unsigned char paramsBytes[sizeof(ProjectParams)];
    __shared__ uint32_t warpCounts[kProjectThreads / kWarpSize];
    const uint32_t block = blockIdx.x, thread = threadIdx.x;
    if (block == 0 && thread == 0) f.blockCounts[f.blockCapacity] = 0;
    if (block >= head->blockCount) {  // the whole block leaves
        if (thread == 0) f.blockCounts[block] = 0;
        return;
    }
    const PageRun* runs = head->runs;
    const uint32_t at = searchByWarp(head->runCount, [&](uint32_t r) { return runs[r].firstBlock <= block; });
    copyWords(runBytes, runs + at, sizeof(PageRun));
    copyWords(paramsBytes, &head->project, sizeof(ProjectParams));
    __syncthreads();
    const PageRun& run = *reinterpret_cast<const PageRun*>(runBytes);
    const ProjectParams& params = *reinterpret_cast<const ProjectParams*>(paramsBytes);
    const uint32_t i = (block - run.firstBlock) * kProjectThreads + thread;
    ProjectedSurfel surfel;
    const bool drawn = i < run.count && projectSurfel(params, run, i, surfel);
    const uint32_t slot = run.firstSlot + i;
    if (drawn) {
        f.records[slot] = surfel.record;
        f.rects[slot] = surfel.rect;
        if (kExtras) f.extras[slot] = surfel.extra;
    }
    const uint32_t lanes = __ballot_sync(kAllLanes, drawn), warp = thread / kWarpSize;
    if (thread % kWarpSize == 0) warpCounts[warp] = static_cast<uint32_t>(__popc(lanes));
    __syncthreads();
    uint32_t rank = lanesBefore(lanes), total = 0;
    for (uint32_t w = 0; w < kProjectThreads / kWarpSize; ++w) {
        if (w < warp) rank += warpCounts[w];
        total += warpCounts[w];
    }
    if (drawn) f.blockPairs[block * kProjectThreads + rank] = {surfel.key, markedSlot(slot, surfel.record)};
    if (thread == 0) f.blockCounts[block] = total;
}

// Joins the blocks' pairs and fills the sort's input up to its capacity with keys that stay behind all others.
static __global__ void __launch_bounds__(kProjectThreads) gatherKernel(FrameScratch f, const FrameHead* head) {
    const uint32_t block = blockIdx.x, thread = threadIdx.x;
    const uint32_t drawn = f.blockOffsets[f.blockCapacity];
    if (block == 0 && thread == 0) f.counters->drawn = drawn;
    if (block < head->blockCount) {
        const uint32_t at = f.blockOffsets[block] + thread;
        if (thread < f.blockCounts[block] && at < f.drawnCapacity) {
            const SortPair pair = f.blockPairs[block * kProjectThreads + thread];
            f.keys[at] = pair.key;
            f.slots[at] = pair.slot;
        }
    }
    const uint32_t i = block * kProjectThreads + thread;
    if (i >= drawn && i < f.drawnCapacity) {
        f.keys[i] = 0xffffffffu;
        f.slots[i] = 0;
    }
}

}  // namespace wz
