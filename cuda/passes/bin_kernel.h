// SPDX-License-Identifier: Apache-2.0
// The bin pass: surfels in draw order -> entries of tiles, evenly over threads however large a surfel is; then, sorted by
// tile, where each tile's list begins and ends, and the long lists cut into waves.
#pragma once

#include "cuda/passes/warp_search.h"

namespace wz {

// Entries of each drawn surfel, nearest first, from the rectangle that the emit pass reads again.
static __global__ void __launch_bounds__(kBinThreads) countKernel(FrameScratch f) {
    const uint32_t i = blockIdx.x * kBinThreads + threadIdx.x;
    if (i > f.drawnCapacity) return;
    uint32_t count = 0;
    if (i < lesser(f.counters->drawn, f.drawnCapacity)) {
        const PixelRect rect = f.rects[f.sortedSlots[i] & kSlotMask];
        f.sortedRects[i] = rect;
        count = tileCountOf(rect);
    }
    f.entryCounts[i] = count;
}

// Block b writes entries b * kEntriesPerBlock on; those beyond the last get a tile behind all others.
template <class TileKey>
static __global__ void __launch_bounds__(kBinThreads) emitKernel(FrameScratch f, const FrameHead* head) {
    __shared__ uint32_t offsets[kEntriesPerBlock], ends[2];
    auto* tileKeys = static_cast<TileKey*>(f.tileKeys);
    const uint32_t all = f.entryOffsets[f.drawnCapacity], total = lesser(all, f.entryCapacity);
    const uint32_t first = blockIdx.x * kEntriesPerBlock, last = lesser(first + kEntriesPerBlock, total) - 1;
    if (first == 0 && threadIdx.x == 0) f.counters->entries = all;
    uint32_t low = 0, sources = 0;
    if (first < total) {  // the same for the whole block
        const uint32_t drawn = lesser(f.counters->drawn, f.drawnCapacity), warp = threadIdx.x / kWarpSize;
        if (warp < 2) {  // one looks for the first source, one for the last
            const uint32_t wanted = warp == 0 ? first : last;
            const uint32_t found = searchByWarp(drawn, [&](uint32_t i) { return f.entryOffsets[i] <= wanted; });
            if (threadIdx.x % kWarpSize == 0) ends[warp] = found;
        }
        __syncthreads();
        low = ends[0];
        // A surfel has at least one entry, so a block's entries come from no more surfels than they are.
        sources = lesser(ends[1] - low + 1, kEntriesPerBlock);
        for (uint32_t i = threadIdx.x; i < sources; i += kBinThreads) offsets[i] = f.entryOffsets[low + i];
    }
    __syncthreads();
    for (uint32_t e = first + threadIdx.x; e < lesser(first + kEntriesPerBlock, f.entryCapacity); e += kBinThreads) {
        TileEntry made{head->tiles, 0};
        if (e < total) {
            const uint32_t source = low + sourceOf(offsets, sources, e);
            made = entryOf(f.sortedRects[source], f.sortedSlots[source], e - offsets[source - low], head->grid.columns);
        }
        tileKeys[e] = static_cast<TileKey>(made.tile);
        f.entries[e] = made.entry;
    }
}

// spans must be 0 before.
template <class TileKey>
static __global__ void __launch_bounds__(kBinThreads) spanKernel(FrameScratch f) {
    const auto* tiles = static_cast<const TileKey*>(f.sortedTileKeys);
    const uint32_t e = blockIdx.x * kBinThreads + threadIdx.x;
    const uint32_t total = lesser(f.counters->entries, f.entryCapacity);
    if (e >= total) return;
    const TileKey tile = tiles[e];
    if (e == 0 || tiles[e - 1] != tile) f.spans[tile].begin = e;
    if (e == total - 1 || tiles[e + 1] != tile) f.spans[tile].end = e + 1;
}

// Gives each long list its waves. Where they find no room it is drawn whole, which is right but slow.
static __global__ void __launch_bounds__(kBinThreads) waveKernel(FrameScratch f, const FrameHead* head) {
    const uint32_t tile = blockIdx.x * kBinThreads + threadIdx.x;
    if (tile >= head->tiles) return;
    const EntrySpan span = f.spans[tile];
    const uint32_t waves = wavesOf(span.end - span.begin);
    f.firstWave[tile] = kNoWave;
    if (waves == 0) return;
    const uint32_t first = atomicAdd(&f.counters->waves, waves);
    const bool fits = first <= f.waveCapacity && waves <= f.waveCapacity - first;
    if (fits) f.firstWave[tile] = first;
    for (uint32_t w = 0; w < waves && first + w < f.waveCapacity; ++w) f.waves[first + w] = {tile, fits ? w : kNoWave};
}

}  // namespace wz
