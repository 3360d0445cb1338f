// SPDX-License-Identifier: Apache-2.0
// The alphas of a few surfels of a block's list, before any of them is blended: they do not depend on each other.
// Included by blend_loop.h.
#pragma once

#include "raster/cpu/block_lists.h"

namespace wz::WZ_TARGET {

static constexpr uint32_t kChunk = 32;  // surfels of a block's list whose alphas are worked out together

// Where the pixels of a block are, px.
struct BlockLanes {
    F16 column, row;
    int oddColumn, oddRow;  // 0 or 1: of which half of eight columns and rows of pixels
};

// What the surfels of a chunk do to the pixels of a block: alpha is 0 outside them.
template <bool kDetail>
struct ChunkTouch {
    alignas(64) float alpha[kChunk][16];
    uint32_t inside[kChunk];  // bits of the lanes
    alignas(64) float depth[kDetail ? kChunk : 1][16];
};

// The surfels of a chunk by the way in which their alphas are worked out: places in it. One loop for each way takes no
// guess from surfel to surfel.
struct ChunkKinds {
    uint32_t dots[kChunk + 16], flats[kChunk + 16], others[kChunk + 16];
    uint32_t dotCount = 0, flatCount = 0, otherCount = 0;

    ChunkKinds(const uint32_t* listed, uint32_t count) {
        alignas(64) uint32_t first[16];
        for (uint32_t i = 0; i < 16; ++i) first[i] = i;
        I16 place = loadInts(first);
        for (uint32_t at = 0; at < count; at += 16, place = place + I16(16)) {
            const I16 lanes = loadInts(listed + at);
            const uint32_t there = count - at < 16 ? (1u << (count - at)) - 1u : 0xffffu;
            const uint32_t dot = lanesFlagged(lanes, kRecordDot) & there;
            const uint32_t flat = lanesFlagged(lanes, kRecordFlat) & there & ~dot;
            const uint32_t other = there & ~(dot | flat);
            packLanes(dots + dotCount, dot, place);
            packLanes(flats + flatCount, flat, place);
            dotCount += static_cast<uint32_t>(__builtin_popcount(dot));
            flatCount += static_cast<uint32_t>(__builtin_popcount(flat));
            if (!other) continue;
            packLanes(others + otherCount, other, place);
            otherCount += static_cast<uint32_t>(__builtin_popcount(other));
        }
    }
};

// A part of a block's list.
struct Listed {
    const BlendTask& task;
    const BlockLists& batch;
    const uint32_t* listed;

    uint32_t slot(uint32_t i) const { return batch.slots[indexOf(listed[i])]; }
    const SurfelRecord& record(uint32_t i) const { return task.records[slot(i)]; }
};

template <bool kDetail>
static inline void keepHit(ChunkTouch<kDetail>& touch, uint32_t i, const Listed& from, const SurfelRecord& s,
                           const Hit<F16>& hit, F16 alpha) {
    storeLanes(touch.alpha[i], select(hit.inside, alpha, F16(0.0f)));
    touch.inside[i] = bitmaskOf(hit.inside);
    if constexpr (kDetail) storeLanes(touch.depth[i], hitDepth(s, from.task.extras[from.slot(i)], hit));
}

// What `count` listed surfels, at most kChunk, do to the block.
template <bool kDetail>
static inline void touchChunk(ChunkTouch<kDetail>& touch, const Listed& from, uint32_t count, const BlockLanes& block) {
    const ChunkKinds kinds(from.listed, count);
    for (uint32_t k = 0; k < kinds.dotCount; ++k) {
        const uint32_t i = kinds.dots[k];
        const F16 lines = loadLanes(from.batch.falloffs[indexOf(from.listed[i])]);
        const F16 alpha = dotAlpha(columnsOf(lines, block.oddColumn), rowsOf(lines, block.oddRow));
        const M16 inside = alpha >= F16(kAlphaMin);
        storeLanes(touch.alpha[i], select(inside, alpha, F16(0.0f)));
        touch.inside[i] = bitmaskOf(inside);
        if constexpr (kDetail) storeLanes(touch.depth[i], F16(from.task.extras[from.slot(i)].depthRelative));
    }
    for (uint32_t k = 0; k < kinds.flatCount; ++k) {
        const uint32_t i = kinds.flats[k];
        const SurfelRecord& s = from.record(i);
        const Hit<F16> hit = hitFlat(s, block.column - F16(s.x), block.row - F16(s.y));
        keepHit(touch, i, from, s, hit, flatAlphaOf(s, hit));
    }
    for (uint32_t k = 0; k < kinds.otherCount; ++k) {
        const uint32_t i = kinds.others[k];
        const SurfelRecord& s = from.record(i);
        const Hit<F16> hit = s.flags & kRecordGeneral ? hitGeneral(s, block.column - F16(from.task.centerX_px),
                                                                   block.row - F16(from.task.centerY_px))
                                                      : hitDisc(s, block.column - F16(s.x), block.row - F16(s.y));
        keepHit(touch, i, from, s, hit, alphaOf(s, hit));
    }
}

}  // namespace wz::WZ_TARGET
