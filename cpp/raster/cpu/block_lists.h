// SPDX-License-Identifier: Apache-2.0
// A batch of a tile's surfels, sorted into the blocks that they meet: a block is then blended alone, with its sums in
// registers. Included by block_alphas.h.
#pragma once

#include "raster/cpu/kernels.h"
#include "raster/cpu/simd16.h"
#include "raster/passes/blend_body.h"

namespace wz::WZ_TARGET {

static constexpr uint32_t kBatch = 512;  // surfels: what is read of them stays in the caches of a core
static constexpr uint32_t kListGroup = 16;  // of them are looked at together

// A surfel in the list of a block: its index in the batch, above it its RecordFlag bits.
static constexpr uint32_t kFlagShift = 16;
WZ_LANE_OP uint32_t indexOf(uint32_t listed) { return listed & ((1u << kFlagShift) - 1u); }
WZ_LANE_OP uint32_t lanesFlagged(I16 listed, uint32_t flag) {
    return lanesWith(listed, kFlagShift + static_cast<uint32_t>(__builtin_ctz(flag)));
}

struct BlockLists {
    uint32_t slots[kBatch];
    uint32_t lengths[kBlocksPerTile];
    uint32_t lists[kBlocksPerTile][kBatch + kListGroup];  // packLanes writes a group beyond what it packs
    alignas(64) float falloffs[kBatch][kListGroup];  // of the dots, see dotLines
};

// The falloff of a dot on eight columns of pixels, then on eight rows: of the columns with one number modulo eight on the
// nearest. A pixel of the dot's blocks for which that is another one lies outside the dot, and this other one does too.
static inline F16 dotLines(F16 line, const SurfelRecord& s) {
    const F16 round(12582912.0f);  // 1.5 * 2^23: sums with it are whole numbers
    const F16 offset = line - halvesOf(s.x, s.y);
    const F16 eights = madd(offset, F16(0.125f), round) - round;
    return dotFalloff(madd(eights, F16(-8.0f), offset), halvesOf(s.opacity, 1.0f));
}
static_assert(2 * kLowpassReach_px + (kBlockSize - 1) < 8,
              "a dot reaches less far than to the pixel eight from another");

// Asks for what the surfels of these entries left. Inline, as gcc leaves out calls of a function that only fetches.
WZ_LANE_OP void fetchEntries(const BlendTask& task, const uint64_t* entries, uint32_t first, uint32_t end) {
    for (uint32_t i = first; i < end; ++i) {
        const uint32_t slot = static_cast<uint32_t>(entries[i]);
        __builtin_prefetch(task.records + slot, 0, 2);
        __builtin_prefetch(task.rects + slot, 0, 2);
        if (task.extras) __builtin_prefetch(task.extras + slot, 0, 2);
    }
}

// Asks for what the next tile reads, a part at a time: all at once the core would wait for room to ask in.
class NextTile {
public:
    explicit NextTile(const BlendTask& task) : task_(task) {}

    // Up to this part of it, in kBlocksPerTile parts.
    inline __attribute__((always_inline)) void fetchUntil(uint32_t part) {
        const uint32_t end = task_.nextCount * part / kBlocksPerTile;
        if (end <= fetched_) return;
        fetchEntries(task_, task_.nextEntries, fetched_, end);
        fetched_ = end;
    }

private:
    const BlendTask& task_;
    uint32_t fetched_ = 0;
};

// What listing reads of the surfels of a batch. Behind the last one lie rectangles that meet nothing.
struct BatchReading {
    static constexpr uint32_t kRoom = kBatch + kListGroup;
    uint32_t listed[kRoom];
    uint32_t starts[kRoom], ends[kRoom];  // of the rectangles: x in the lower, y in the upper half
    uint32_t dots[kBatch];
    uint32_t dotCount = 0;

    BatchReading(BlockLists& out, const BlendTask& task, uint32_t first, uint32_t count) {
        for (uint32_t i = 0; i < count; ++i) {
            const uint32_t slot = static_cast<uint32_t>(task.entries[first + i]);
            const uint32_t flags = task.records[slot].flags;
            const PixelRect rect = task.rects[slot];
            out.slots[i] = slot;
            starts[i] = rect.x0 | static_cast<uint32_t>(rect.y0) << 16;
            ends[i] = rect.x1 | static_cast<uint32_t>(rect.y1) << 16;
            listed[i] = flags << kFlagShift | i;
            dots[dotCount] = i;
            dotCount += flags / kRecordDot & 1u;
        }
        const uint32_t next = first + kBatch, end = next + kBatch < task.entryCount ? next + kBatch : task.entryCount;
        fetchEntries(task, task.entries, next, end);
        for (uint32_t i = count; i < count + kListGroup; ++i) listed[i] = starts[i] = ends[i] = 0;
    }
};

// Which of sixteen surfels, as bits, reach into each column of blocks; with the other coordinate, into each row.
static inline void meetLines(uint32_t (&met)[kBlocksPerRow], I16 starts, I16 ends, int32_t firstSide) {
    for (int k = 0; k < kBlocksPerRow; ++k) {
        const int32_t side = firstSide + k * kBlockSize;
        met[k] = lanesBelow(starts, I16(side + kBlockSize)) & lanesBelow(I16(side), ends);
    }
}

static inline void listGroup(BlockLists& out, const BatchReading& read, uint32_t at, const BlendTask& task,
                             uint32_t open) {
    const I16 listed = loadInts(read.listed + at), starts = loadInts(read.starts + at), ends = loadInts(read.ends + at),
              lower(0xffff);
    uint32_t columns[kBlocksPerRow], rows[kBlocksPerRow];
    meetLines(columns, starts & lower, ends & lower, task.tileX_px);
    meetLines(rows, shiftRight(starts, 16) & lower, shiftRight(ends, 16) & lower, task.tileY_px);
    for (uint32_t b = 0; b < static_cast<uint32_t>(kBlocksPerTile); ++b) {
        const uint32_t met = columns[b % kBlocksPerRow] & rows[b / kBlocksPerRow] & (0u - (open >> b & 1u));
        packLanes(out.lists[b] + out.lengths[b], met, listed);
        out.lengths[b] += static_cast<uint32_t>(__builtin_popcount(met));
    }
}

// Lists entries first .. first + count - 1 of the task, count <= kBatch, for the blocks in `open`.
static inline void listBatch(BlockLists& out, const BlendTask& task, F16 line, uint32_t first, uint32_t count,
                             uint32_t open) {
    const BatchReading read(out, task, first, count);
    for (uint32_t& length : out.lengths) length = 0;
    for (uint32_t at = 0; at < count; at += kListGroup) listGroup(out, read, at, task, open);
    for (uint32_t k = 0; k < read.dotCount; ++k) {
        const uint32_t i = read.dots[k];
        storeLanes(out.falloffs[i], dotLines(line, task.records[out.slots[i]]));
    }
}

}  // namespace wz::WZ_TARGET
