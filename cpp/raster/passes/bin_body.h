// SPDX-License-Identifier: Apache-2.0
// The bin pass on a GPU: which tiles a surfel's rectangle meets, and which surfel the n-th tile entry comes from. The
// arithmetic of offsets, one index a lane.
#pragma once

#include "raster/passes/project_body.h"

namespace wz {

// A surfel's slot is sorted with two marks for the blend pass: flat (the short ways of flat_body.h are right) and whole (in both
// pictures). A tile entry is the marked slot and four bits for the 4x4 blocks (row-major) of the tile that its rectangle
// meets; one of them is always set.
inline constexpr uint32_t kSlotBits = 26, kBlockBits = 28;
inline constexpr uint32_t kSlotMask = (1u << kSlotBits) - 1u;
inline constexpr uint32_t kFlatSlot = 1u << kSlotBits, kWholeSlot = 2u << kSlotBits;
static_assert(kGpuTileSize == 2 * kBlockSize, "four blocks a tile, four bits an entry");

WZ_HD TileGrid gpuGridOf(int32_t width, int32_t height) {
    return {width, height, (width + kGpuTileSize - 1) / kGpuTileSize, (height + kGpuTileSize - 1) / kGpuTileSize};
}

WZ_HD TileRange gpuTilesOf(PixelRect r) {
    return {r.x0 / kGpuTileSize, r.y0 / kGpuTileSize, (r.x1 + kGpuTileSize - 1) / kGpuTileSize,
            (r.y1 + kGpuTileSize - 1) / kGpuTileSize};
}

// At least 1 for a rectangle that is not empty.
WZ_HD uint32_t tileCountOf(PixelRect r) {
    const TileRange t = gpuTilesOf(r);
    return static_cast<uint32_t>((t.x1 - t.x0) * (t.y1 - t.y0));
}

struct TileEntry {
    uint32_t tile, entry;
};

WZ_HD uint32_t markedSlot(uint32_t slot, const SurfelRecord& s) {
    constexpr uint32_t kBoth = kRecordFine | kRecordCoarse;
    const bool flat = (s.flags & (kRecordFlat | kRecordDot)) != 0, whole = (s.flags & kBoth) == kBoth;
    return slot | (flat ? kFlatSlot : 0u) | (whole ? kWholeSlot : 0u);
}

// The k-th entry of a surfel, k < tileCountOf(r), row by row; slot: marked.
WZ_HD TileEntry entryOf(PixelRect r, uint32_t slot, uint32_t k, int32_t columns) {
    const TileRange t = gpuTilesOf(r);
    const int32_t wide = t.x1 - t.x0, row = static_cast<int32_t>(k) / wide;
    const int32_t x = t.x0 + static_cast<int32_t>(k) - row * wide, y = t.y0 + row;
    const int32_t middleX = x * kGpuTileSize + kBlockSize, middleY = y * kGpuTileSize + kBlockSize;
    const uint32_t across = (r.x0 < middleX ? 1u : 0u) | (r.x1 > middleX ? 2u : 0u);
    const uint32_t blocks = (r.y0 < middleY ? across : 0u) | (r.y1 > middleY ? across << 2 : 0u);
    return {static_cast<uint32_t>(y * columns + x), slot | blocks << kBlockBits};
}

// Sums of entry counts may pass 2^32: they then stay at the largest number. Associative.
struct SaturatingAdd {
    WZ_HD uint32_t operator()(uint32_t a, uint32_t b) const { return a > 0xffffffffu - b ? 0xffffffffu : a + b; }
};

// The last i < count with offsets[i] <= n. offsets[0] is 0 and no offset up to the answer's successor is repeated.
WZ_HD uint32_t sourceOf(const uint32_t* offsets, uint32_t count, uint32_t n) {
    uint32_t low = 0, high = count;  // offsets[low] <= n, and n < offsets[high] or high is the end
    while (high - low > 1) {
        const uint32_t middle = low + (high - low) / 2;
        if (offsets[middle] <= n)
            low = middle;
        else
            high = middle;
    }
    return low;
}

// A tile's entries: begin <= e < end.
struct alignas(8) EntrySpan {
    uint32_t begin, end;
};

// Waves into which a list of so many entries is cut; 0: it is short and drawn whole.
WZ_HD uint32_t wavesOf(uint32_t entries) {
    return entries > kLongList ? (entries + kWaveEntries - 1) / kWaveEntries : 0u;
}

WZ_HD EntrySpan waveSpan(EntrySpan tile, uint32_t wave) {
    const uint32_t begin = tile.begin + wave * kWaveEntries;
    return {begin, tile.end - begin > kWaveEntries ? begin + kWaveEntries : tile.end};
}

}  // namespace wz
