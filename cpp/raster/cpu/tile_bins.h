// SPDX-License-Identifier: Apache-2.0
// The bin pass: for each tile the slots of the surfels whose rectangle meets it, in the order given.
#pragma once

#include <cstdint>

#include "core/thread_pool.h"
#include "raster/cpu/depth_sort.h"
#include "raster/cpu/scratch.h"
#include "shared/tiles.h"

namespace wz {

class TileBins {
public:
    // sorted: nearest first; rects: by slot, empty ones are left out. Counting and filling read the same rectangle.
    void fill(const KeyedSlot* sorted, size_t count, const PixelRect* rects, TileGrid grid, ThreadPool& pool);

    size_t tiles() const { return tiles_; }
    size_t entries() const { return begins_[tiles_]; }
    const uint32_t* entriesOf(size_t tile) const { return entries_.data() + begins_[tile]; }
    uint32_t countOf(size_t tile) const { return static_cast<uint32_t>(begins_[tile + 1] - begins_[tile]); }
    // The i-th tile in the order of work: longest lists first, ties by index.
    uint32_t byLength(size_t i) const { return order_[i]; }

private:
    struct SmallTileRange {
        uint16_t x0, y0, x1, y1;
    };
    void orderByLength();

    size_t tiles_ = 0;
    Scratch<uint32_t> counts_, entries_, order_;
    Scratch<uint64_t> begins_;
    Scratch<SmallTileRange> ranges_;
};

}  // namespace wz
