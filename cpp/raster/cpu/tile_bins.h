// SPDX-License-Identifier: Apache-2.0
// The bin pass: for each tile the surfels whose rectangle meets it, with their keys.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>

#include "core/thread_pool.h"
#include "raster/cpu/kernels.h"
#include "raster/cpu/scratch.h"
#include "shared/tiles.h"

namespace wz {

// Slots first .. first + count - 1 are filled.
struct SlotRun {
    size_t first;
    uint32_t count;
};

class TileBins {
public:
    // A surfel in a tile: key << 32 | slot. Ascending entries are nearest first, equal keys in slot order.
    using Entry = uint64_t;
    static uint32_t slotOf(Entry e) { return static_cast<uint32_t>(e); }

    // runs: in slot order. rects, keys: by slot; empty rectangles are left out. Counting and filling read the same
    // rectangle. The entries of a tile come in slot order whatever the number of threads.
    void fill(std::span<const SlotRun> runs, const PixelRect* rects, const uint32_t* keys, TileGrid grid,
              const Kernels& kernels, ThreadPool& pool);

    size_t tiles() const { return tiles_; }
    size_t entries() const { return begins_[tiles_]; }
    size_t longest() const { return longest_; }
    Entry* entriesOf(size_t tile) { return entries_.data() + begins_[tile]; }
    uint32_t countOf(size_t tile) const { return static_cast<uint32_t>(begins_[tile + 1] - begins_[tile]); }
    // The i-th tile in the order of work: those far longer than the mean first, longest first, then by neighbourhood.
    uint32_t inOrder(size_t i) const { return order_[i]; }
    // Tiles of this order that one task draws: each of the long ones alone, of the others some neighbours.
    size_t groups() const { return longTiles_ + (tiles_ - longTiles_ + groupSize_ - 1) / groupSize_; }
    std::pair<size_t, size_t> groupOf(size_t group) const {
        if (group < longTiles_) return {group, group + 1};
        const size_t first = longTiles_ + (group - longTiles_) * groupSize_;
        return {first, std::min(first + groupSize_, tiles_)};
    }

private:
    void orderTiles(TileGrid grid);

    size_t tiles_ = 0, longest_ = 0, longTiles_ = 0, groupSize_ = 1;
    TileGrid grid_;
    Scratch<uint32_t> neighbours_, order_;
    Scratch<Entry> entries_;
    Scratch<uint64_t> begins_, places_;
    Scratch<size_t> starts_;
};

}  // namespace wz
