// SPDX-License-Identifier: Apache-2.0
// How a warp walks a tile's entries: half a tile a warp, a 4x4 block of pixels each half warp, a pixel a lane. Surfels are
// staged in shared memory 32 at a time, the next ones arriving while these are blended; each half warp then visits, in
// order, those that meet its block.
#pragma once

#include "cuda/frame_scratch.h"
#include "cuda/simt.h"
#include "raster/passes/flat_body.h"

namespace wz {

template <bool kDetail>
struct Staging {
    static constexpr uint32_t kExtras = kDetail ? kWarpSize : 1;
    SurfelRecord records[2][kWarpSize];
    SurfelExtra extras[2][kExtras];
    uint32_t slots[2][kExtras];
};

// The half tile of a warp, and this lane's pixel in it.
struct LanePixel {
    uint32_t half, index;  // index: of the pixel in the half, by lane
    int32_t x, y;  // px
    bool inFrame;
    PixelPlace place;
};

__device__ inline LanePixel lanePixelOf(const FrameHead& head, uint32_t tile, uint32_t half) {
    const int32_t lane = static_cast<int32_t>(threadIdx.x % kWarpSize), cell = lane % kBlockPixels;
    const int32_t left =
        static_cast<int32_t>(tile) % head.grid.columns * kGpuTileSize + lane / kBlockPixels * kBlockSize;
    const int32_t top =
        static_cast<int32_t>(tile) / head.grid.columns * kGpuTileSize + static_cast<int32_t>(half) * kBlockSize;
    const int32_t column = cell % kBlockSize, row = cell / kBlockSize;
    LanePixel p;
    p.half = half;
    p.index = static_cast<uint32_t>(lane);
    p.x = left + column;
    p.y = top + row;
    p.inFrame = p.x < head.grid.width && p.y < head.grid.height;
    p.place = {static_cast<float>(left),
               static_cast<float>(top),
               static_cast<float>(column) + 0.5f,
               static_cast<float>(row) + 0.5f,
               head.centerX_px,
               head.centerY_px,
               head.leakRatio};
    return p;
}

// Of 32 entries, one a lane, those that meet the left and the right block of the half and find it open.
struct Wanted {
    uint32_t left, right;
};

__device__ inline Wanted wantedOf(uint32_t entry, uint32_t half, uint32_t openLanes) {
    const uint32_t blocks = entry >> (kBlockBits + 2 * half) & 3u;
    return {__ballot_sync(kAllLanes, (blocks & 1u) && (openLanes & 0xffffu)),
            __ballot_sync(kAllLanes, (blocks & 2u) && (openLanes >> 16))};
}

// Starts copying the wanted surfels, each to the place of the lane that holds its entry.
template <bool kDetail>
__device__ inline void stageSurfels(const FrameScratch& f, Staging<kDetail>& stage, uint32_t buffer, uint32_t entry,
                                    Wanted wanted) {
    const uint32_t lane = threadIdx.x % kWarpSize, either = wanted.left | wanted.right, slot = entry & kSlotMask;
    for (uint32_t round = 0; round < 4; ++round) {  // four lanes a record
        const uint32_t owner = round * 8 + lane / 4, part = lane % 4 * 16;
        const uint32_t from = __shfl_sync(kAllLanes, slot, owner);
        if (either >> owner & 1u)
            startCopy16(reinterpret_cast<char*>(&stage.records[buffer][owner]) + part,
                        reinterpret_cast<const char*>(f.records + from) + part);
    }
    if constexpr (kDetail) {
        for (uint32_t round = 0; round < 2; ++round) {  // two lanes an extra
            const uint32_t owner = round * 16 + lane / 2, part = lane % 2 * 16;
            const uint32_t from = __shfl_sync(kAllLanes, slot, owner);
            if (either >> owner & 1u)
                startCopy16(reinterpret_cast<char*>(&stage.extras[buffer][owner]) + part,
                            reinterpret_cast<const char*>(f.extras + from) + part);
        }
        stage.slots[buffer][lane] = slot;
    }
    finishCopies();
}

// Calls visit(record, extra, slot) for each of the staged surfels in `mine`, in order.
template <bool kDetail, class Visit>
__device__ inline void visitStaged(const Staging<kDetail>& stage, uint32_t buffer, uint32_t mine, const Visit& visit) {
    while (mine != 0) {
        const uint32_t i = static_cast<uint32_t>(__ffs(static_cast<int>(mine))) - 1u;
        mine &= mine - 1u;
        if constexpr (kDetail)
            visit(stage.records[buffer][i], &stage.extras[buffer][i], stage.slots[buffer][i]);
        else
            visit(stage.records[buffer][i], nullptr, 0u);
    }
}

// Shows `pixel` each surfel of the span that may meet it, in order, until no lane's is open:
//   pixel.isOpen()                          whether it may still change
//   pixel.isWhole(), pixel.split()          whether its pictures are still the same; from now on they are apart
//   pixel.blendWhole(record, extra, slot)   a flat surfel in both pictures, while they are the same
//   pixel.blendApart(record, extra, slot)   a flat surfel, while they are apart
//   pixel.blend(record, extra, slot)        any surfel
// All lanes of the warp must call it. Returns how many pixels were looked at (the same in all lanes).
template <bool kDetail, class Pixel>
__device__ inline uint32_t walkEntries(const FrameScratch& f, EntrySpan span, uint32_t half, Staging<kDetail>& stage,
                                       Pixel& pixel) {
    const uint32_t lane = threadIdx.x % kWarpSize;
    const auto entryAt = [&](uint32_t e) { return e < span.end ? f.sortedEntries[e] : 0u; };
    uint32_t open = __ballot_sync(kAllLanes, pixel.isOpen()), blocks = 0;
    if (open == 0 || span.begin >= span.end) return 0;
    uint32_t current = entryAt(span.begin + lane), next = entryAt(span.begin + kWarpSize + lane);
    Wanted wanted = wantedOf(current, half, open);
    stageSurfels(f, stage, 0, current, wanted);
    uint32_t buffer = 0;
    for (uint32_t base = span.begin; base < span.end; base += kWarpSize) {
        const Wanted later = wantedOf(next, half, open);
        stageSurfels(f, stage, buffer ^ 1u, next, later);
        const uint32_t afterNext = entryAt(base + 2 * kWarpSize + lane);
        const bool isWanted = (wanted.left | wanted.right) >> lane & 1u;
        const bool allFlat = __ballot_sync(kAllLanes, isWanted && !(current & kFlatSlot)) == 0;
        const bool anyApart = __ballot_sync(kAllLanes, (isWanted && !(current & kWholeSlot)) || !pixel.isWhole()) != 0;
        awaitCopies<1>();
        __syncwarp();  // the copies of the other lanes have arrived too
        const uint32_t mine = lane < kWarpSize / 2 ? wanted.left : wanted.right;
        if (!allFlat) {
            visitStaged(stage, buffer, mine, [&](const SurfelRecord& s, const SurfelExtra* extra, uint32_t slot) {
                pixel.blend(s, extra, slot);
            });
        } else if (anyApart) {
            pixel.split();
            visitStaged(stage, buffer, mine, [&](const SurfelRecord& s, const SurfelExtra* extra, uint32_t slot) {
                pixel.blendApart(s, extra, slot);
            });
        } else {
            visitStaged(stage, buffer, mine, [&](const SurfelRecord& s, const SurfelExtra* extra, uint32_t slot) {
                pixel.blendWhole(s, extra, slot);
            });
        }
        blocks += static_cast<uint32_t>(__popc(wanted.left) + __popc(wanted.right));
        __syncwarp();  // nobody reads this buffer any more
        open = __ballot_sync(kAllLanes, pixel.isOpen());
        if (open == 0) break;
        wanted = later;
        current = next;
        next = afterNext;
        buffer ^= 1u;
    }
    awaitCopies<0>();
    __syncwarp();
    return blocks * kBlockPixels;
}

// Adds a warp's counts to the frame's.
__device__ inline void tally(const FrameScratch& f, uint32_t evaluations, uint32_t contributions) {
    for (uint32_t step = kWarpSize / 2; step > 0; step /= 2)
        contributions += __shfl_down_sync(kAllLanes, contributions, step);
    if (threadIdx.x % kWarpSize != 0) return;
    const uint32_t at = blockIdx.x % kTallies;
    atomicAdd(&f.counters->evaluations[at], static_cast<unsigned long long>(evaluations));
    atomicAdd(&f.counters->contributions[at], static_cast<unsigned long long>(contributions));
}

}  // namespace wz
