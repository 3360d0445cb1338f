// SPDX-License-Identifier: Apache-2.0
#include "raster/cpu/tile_bins.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

namespace wz {
namespace {

// Tiles longer than this many times the mean are begun first: one of them may take as long as the rest of the frame.
constexpr uint64_t kOutlierRatio = 4;

// Parts of the slots for each thread: one that is held up leaves the rest of its share to the others.
constexpr size_t kPartsOfThread = 4;

// Tiles that are drawn one after the other, while there are many: the second is fetched while the first is drawn.
constexpr size_t kMostGrouped = 8, kGroupsOfThread = 32;

// Splits the runs into `parts` of about equally many slots: part i is runs starts[i] .. starts[i + 1] - 1.
void splitRuns(std::span<const SlotRun> runs, size_t parts, size_t* starts) {
    size_t total = 0, done = 0, part = 0;
    for (const SlotRun& r : runs) total += r.count;
    for (size_t i = 0; i < runs.size(); ++i) {
        while (part < parts && done * parts >= total * part) starts[part++] = i;
        done += runs[i].count;
    }
    while (part <= parts) starts[part++] = runs.size();
}

uint32_t mortonOf(uint32_t x, uint32_t y) {
    uint32_t code = 0;
    for (uint32_t b = 0; b < 12; ++b) code |= (x >> b & 1u) << (2 * b) | (y >> b & 1u) << (2 * b + 1);
    return code;
}

}  // namespace

void TileBins::fill(std::span<const SlotRun> runs, const PixelRect* rects, const uint32_t* keys, TileGrid grid,
                    const Kernels& kernels, ThreadPool& pool) {
    tiles_ = static_cast<size_t>(grid.columns) * static_cast<size_t>(grid.rows);
    const size_t threads = static_cast<size_t>(pool.threads());
    const size_t parts = threads > 1 ? threads * kPartsOfThread : 1, stride = tiles_ + kSpareTiles;
    uint64_t* places = places_.ensure(parts * stride);
    uint64_t* begins = begins_.ensure(tiles_ + 1);
    size_t* starts = starts_.ensure(parts + 1);
    splitRuns(runs, parts, starts);
    uint64_t* entries = nullptr;
    const auto taskOf = [&](size_t part, size_t run) {
        return BinTask{rects,        keys,   runs[run].first,        runs[run].count,
                       grid.columns, tiles_, places + part * stride, entries};
    };
    const auto tally = [&](size_t part, int) {
        std::memset(places + part * stride, 0, stride * sizeof(uint64_t));
        for (size_t r = starts[part]; r < starts[part + 1]; ++r) kernels.countEntries(taskOf(part, r));
    };
    pool.forEach(parts, 1, std::ref(tally));
    uint64_t sum = 0;
    longest_ = 0;
    for (size_t t = 0; t < tiles_; ++t) {
        begins[t] = sum;
        for (size_t part = 0; part < parts; ++part) sum += std::exchange(places[part * stride + t], sum);
        longest_ = std::max<size_t>(longest_, sum - begins[t]);
    }
    begins[tiles_] = sum;
    // What goes to a spare tile lands in an entry behind all others, one a part and tile.
    entries = entries_.ensure(sum + parts * kSpareTiles);
    const auto scatter = [&](size_t part, int) {
        uint64_t* next = places + part * stride;
        for (size_t k = 0; k < kSpareTiles; ++k) next[tiles_ + k] = sum + part * kSpareTiles + k;
        for (size_t r = starts[part]; r < starts[part + 1]; ++r) kernels.fillEntries(taskOf(part, r));
    };
    pool.forEach(parts, 1, std::ref(scatter));
    orderTiles(grid);
    groupSize_ = std::clamp<size_t>(tiles_ / (threads * kGroupsOfThread), 1, kMostGrouped);
}

void TileBins::orderTiles(TileGrid grid) {
    uint32_t* order = order_.ensure(tiles_);
    const bool same = grid.columns == grid_.columns && grid.rows == grid_.rows;
    uint32_t* neighbours = neighbours_.ensure(tiles_);
    if (!same) {
        const auto codeOf = [&](uint32_t t) {
            return mortonOf(t % static_cast<uint32_t>(grid.columns), t / static_cast<uint32_t>(grid.columns));
        };
        for (uint32_t t = 0; t < tiles_; ++t) neighbours[t] = t;
        std::sort(neighbours, neighbours + tiles_, [&](uint32_t a, uint32_t b) { return codeOf(a) < codeOf(b); });
        grid_ = grid;
    }
    const uint64_t limit = kOutlierRatio * (entries() / tiles_ + 1);
    size_t first = 0, last = tiles_;
    for (size_t i = tiles_; i-- > 0;) {
        const uint32_t tile = neighbours[i];
        if (countOf(tile) > limit)
            order[first++] = tile;
        else
            order[--last] = tile;
    }
    longTiles_ = first;
    std::sort(order, order + first,
              [this](uint32_t a, uint32_t b) { return countOf(a) != countOf(b) ? countOf(a) > countOf(b) : a < b; });
}

}  // namespace wz
