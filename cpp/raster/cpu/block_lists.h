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

// Asks for what the next batch, from entry `first` on, is made of.
WZ_LANE_OP void fetchEntries(const BlendTask& task, uint32_t first) {
    for (uint32_t i = first; i < first + kBatch && i < task.entryCount; ++i) {
        const uint32_t slot = static_cast<uint32_t>(task.entries[i]);
        __builtin_prefetch(task.records + slot, 0, 2);
        __builtin_prefetch(task.rects + slot, 0, 2);
        if (task.extras) __builtin_prefetch(task.extras + slot, 0, 2);
    }
}

// What listing reads of the surfels of a batch.
struct BatchReading {
    PixelRect rects[kBatch];
    uint32_t listed[kBatch + kListGroup], blocks[kBatch + kListGroup];  // without a block behind the last one
    uint32_t dots[kBatch];
    uint32_t dotCount = 0;

    BatchReading(BlockLists& out, const BlendTask& task, uint32_t first, uint32_t count, uint32_t open) {
        for (uint32_t i = 0; i < count; ++i) {
            const uint32_t slot = static_cast<uint32_t>(task.entries[first + i]);
            const uint32_t flags = task.records[slot].flags;
            out.slots[i] = slot;
            rects[i] = task.rects[slot];
            listed[i] = flags << kFlagShift | i;
            dots[dotCount] = i;
            dotCount += flags / kRecordDot & 1u;
        }
        fetchEntries(task, first + kBatch);
        for (uint32_t i = 0; i < count; ++i) blocks[i] = blocksOf(rects[i], task.tileX_px, task.tileY_px) & open;
        for (uint32_t i = count; i < count + kListGroup; ++i) listed[i] = blocks[i] = 0;
    }
};

static inline void listGroup(BlockLists& out, const BatchReading& read, uint32_t at) {
    const I16 listed = loadInts(read.listed + at), blocks = loadInts(read.blocks + at);
    for (uint32_t b = 0; b < static_cast<uint32_t>(kBlocksPerTile); ++b) {
        const uint32_t met = lanesWith(blocks, b);
        packLanes(out.lists[b] + out.lengths[b], met, listed);
        out.lengths[b] += static_cast<uint32_t>(__builtin_popcount(met));
    }
}

// Lists entries first .. first + count - 1 of the task, count <= kBatch, for the blocks in `open`.
static inline void listBatch(BlockLists& out, const BlendTask& task, F16 line, uint32_t first, uint32_t count,
                             uint32_t open) {
    const BatchReading read(out, task, first, count, open);
    for (uint32_t& length : out.lengths) length = 0;
    for (uint32_t at = 0; at < count; at += kListGroup) listGroup(out, read, at);
    for (uint32_t k = 0; k < read.dotCount; ++k) {
        const uint32_t i = read.dots[k];
        storeLanes(out.falloffs[i], dotLines(line, task.records[out.slots[i]]));
    }
}

}  // namespace wz::WZ_TARGET
