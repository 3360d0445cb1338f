// SPDX-License-Identifier: Apache-2.0
#include "raster/cpu/tile_bins.h"

#include <algorithm>
#include <cstring>
#include <functional>

namespace wz {

void TileBins::fill(const KeyedSlot* sorted, size_t count, const PixelRect* rects, TileGrid grid, ThreadPool& pool) {
    tiles_ = static_cast<size_t>(grid.columns) * static_cast<size_t>(grid.rows);
    const size_t segments = static_cast<size_t>(pool.threads());
    uint32_t* counts = counts_.ensure(segments * tiles_);
    uint64_t* begins = begins_.ensure(tiles_ + 1);
    // The rectangles are read once, out of order, and kept as tiles in the order of drawing.
    SmallTileRange* ranges = ranges_.ensure(count);
    constexpr size_t kAhead = 24;
    const auto tally = [&](size_t s, int) {
        uint32_t* mine = counts + s * tiles_;
        std::memset(mine, 0, tiles_ * sizeof(uint32_t));
        const size_t end = count * (s + 1) / segments;
        for (size_t i = count * s / segments; i < end; ++i) {
            if (i + kAhead < end) __builtin_prefetch(rects + sorted[i + kAhead].slot);
            const TileRange t = tilesOf(rects[sorted[i].slot]);
            ranges[i] = {static_cast<uint16_t>(t.x0), static_cast<uint16_t>(t.y0), static_cast<uint16_t>(t.x1),
                         static_cast<uint16_t>(t.y1)};
            for (int32_t y = t.y0; y < t.y1; ++y)
                for (int32_t x = t.x0; x < t.x1; ++x) ++mine[y * grid.columns + x];
        }
    };
    pool.forEach(segments, 1, std::ref(tally));
    uint64_t sum = 0;
    for (size_t t = 0; t < tiles_; ++t) {
        begins[t] = sum;
        uint32_t inTile = 0;
        for (size_t s = 0; s < segments; ++s) {
            const uint32_t n = counts[s * tiles_ + t];
            counts[s * tiles_ + t] = inTile;
            inTile += n;
        }
        sum += inTile;
    }
    begins[tiles_] = sum;
    uint32_t* entries = entries_.ensure(sum);
    const auto scatter = [&](size_t s, int) {
        uint32_t* next = counts + s * tiles_;
        for (size_t i = count * s / segments; i < count * (s + 1) / segments; ++i) {
            const uint32_t slot = sorted[i].slot;
            const SmallTileRange t = ranges[i];
            for (int32_t y = t.y0; y < t.y1; ++y)
                for (int32_t x = t.x0; x < t.x1; ++x) {
                    const size_t tile = static_cast<size_t>(y * grid.columns + x);
                    entries[begins[tile] + next[tile]++] = slot;
                }
        }
    };
    pool.forEach(segments, 1, std::ref(scatter));
    orderByLength();
}

void TileBins::orderByLength() {
    uint32_t* order = order_.ensure(tiles_);
    for (size_t t = 0; t < tiles_; ++t) order[t] = static_cast<uint32_t>(t);
    std::sort(order, order + tiles_,
              [this](uint32_t a, uint32_t b) { return countOf(a) != countOf(b) ? countOf(a) > countOf(b) : a < b; });
}

}  // namespace wz
