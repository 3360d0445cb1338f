// SPDX-License-Identifier: Apache-2.0
// The blend pass on the CPU: one tile, its blocks of sixteen pixels kept in the first-level cache, its surfels nearest
// first. Included once by each kernels_<set>.cpp.
#pragma once

#include "raster/cpu/resolve_loop.h"

namespace wz::WZ_TARGET {

// Where the pixels of a tile are, px.
struct TilePlace {
    F16 column, row;  // the lanes' pixel centres in a block
    F16 line;         // of eight columns, then of eight rows of pixels
    float columns[kBlocksPerRow], rows[kBlocksPerRow];  // left and upper edges of the blocks

    explicit TilePlace(const BlendTask& task) {
        alignas(64) float inColumn[16], inRow[16], inLine[16];
        for (int i = 0; i < 16; ++i) {
            inColumn[i] = static_cast<float>(i % kBlockSize) + 0.5f;
            inRow[i] = static_cast<float>(i / kBlockSize) + 0.5f;
            inLine[i] = static_cast<float>(i % 8) + 0.5f;
        }
        column = loadLanes(inColumn);
        row = loadLanes(inRow);
        line = loadLanes(inLine);
        for (int i = 0; i < kBlocksPerRow; ++i) {
            columns[i] = static_cast<float>(task.tileX_px + i * kBlockSize);
            rows[i] = static_cast<float>(task.tileY_px + i * kBlockSize);
        }
    }
};

// A surfel while its blocks are blended: what is the same for all of them, spread over the lanes once.
struct Brush {
    const SurfelRecord& s;
    const SurfelExtra* extra;
    F16 red, green, blue, leakRatio;
    uint32_t slot, sums;
};

// What one surfel does to one block.
struct Touch {
    F16 alpha, depth;
    M16 inside;
};

// Counted in registers while a tile is blended.
struct Tally {
    uint64_t blocks = 0, contributions = 0;
    uint32_t open = 0xffffu;  // blocks with a pixel that may still let light through
};

// Adds to one picture of a block; returns the pixels that got something, and in `lit` those that could have.
template <bool kDetail, class Sums>
static inline uint32_t addTouch(Sums& sums, int picture, int block, const Brush& brush, const Touch& touch, M16& lit) {
    PaintLanes<F16>& paint = sums.paint[picture][block];
    const F16 before = paint.transmittance;
    lit = before >= F16(kTransmittanceMin);
    const M16 blended = touch.inside & lit;
    const F16 share = takeShare(paint.transmittance, touch.alpha, blended, brush.leakRatio);
    paint.red = madd(share, brush.red, paint.red);
    paint.green = madd(share, brush.green, paint.green);
    paint.blue = madd(share, brush.blue, paint.blue);
    if constexpr (kDetail)
        addDetail(sums.detail[picture][block], *brush.extra, (brush.s.flags & kRecordSky) != 0, touch.depth, share,
                  before, paint.transmittance, fromBits(I16(static_cast<int32_t>(brush.slot)), share), brush.sums);
    return bitmaskOf(blended);
}

// kPictures: which pictures the surfel is in, as RecordFlag bits. With one picture of a tile they are the same.
template <uint32_t kPictures, bool kTwo, bool kDetail>
static inline void blendBlock(TileSums<kTwo, kDetail>& sums, Tally& tally, int block, const Brush& brush,
                              const Touch& touch) {
    constexpr uint32_t kBoth = kRecordFine | kRecordCoarse;
    constexpr int kFirst = kTwo && kPictures == kRecordCoarse ? 1 : 0;
    M16 lit;
    uint32_t reached = addTouch<kDetail>(sums, kFirst, block, brush, touch, lit);
    if constexpr (kTwo) {
        if constexpr (kPictures == kBoth) {
            M16 litToo;
            reached |= addTouch<kDetail>(sums, 1, block, brush, touch, litToo);
            lit = lit | litToo;
        }
        addWeight(sums.weight[block], brush.s, touch.alpha, touch.inside, brush.leakRatio, kPictures != kBoth);
    }
    tally.contributions += static_cast<uint32_t>(__builtin_popcount(reached));
    if (__builtin_expect(!anyOf(lit), 0)) {
        if (kTwo && kPictures != kBoth && anyOf(sums.paint[kFirst ^ 1][block].transmittance >= F16(kTransmittanceMin)))
            return;
        tally.open &= ~(1u << block);
    }
}

// The blocks of a surfel of which nothing but the low-pass dot is seen: they lie in a square of two by two.
template <uint32_t kPictures, bool kTwo, bool kDetail>
static inline void blendDot(TileSums<kTwo, kDetail>& sums, Tally& tally, const TilePlace& place, uint32_t blocks,
                            const Brush& brush) {
    const uint32_t columns = (blocks | blocks >> 4 | blocks >> 8 | blocks >> 12) & 0xfu;
    const int firstColumn = __builtin_ctz(columns), firstRow = __builtin_ctz(blocks) / kBlocksPerRow;
    const F16 offset = place.line + halvesOf(place.columns[firstColumn] - brush.s.x, place.rows[firstRow] - brush.s.y);
    const F16 falloff = dotFalloff(offset, halvesOf(brush.s.opacity, 1.0f));
    Touch touch;
    if constexpr (kDetail) touch.depth = F16(brush.extra->depthRelative);
    do {
        const int block = __builtin_ctz(blocks);
        blocks &= blocks - 1;
        const F16 alpha = dotAlpha(columnsOf(falloff, block % kBlocksPerRow - firstColumn),
                                   rowsOf(falloff, block / kBlocksPerRow - firstRow));
        touch.inside = alpha >= F16(kAlphaMin);
        touch.alpha = alpha;
        blendBlock<kPictures>(sums, tally, block, brush, touch);
    } while (blocks);
}

// The blocks of a surfel whose hit is a function of the pixel's offset from (x, y).
template <uint32_t kPictures, bool kTwo, bool kDetail, class HitOf>
static inline void blendDisc(TileSums<kTwo, kDetail>& sums, Tally& tally, const TilePlace& place, uint32_t blocks,
                             const Brush& brush, float x, float y, HitOf hitOf) {
    do {
        const int block = __builtin_ctz(blocks);
        blocks &= blocks - 1;
        const Hit<F16> hit = hitOf(place.column + F16(place.columns[block % kBlocksPerRow] - x),
                                   place.row + F16(place.rows[block / kBlocksPerRow] - y));
        // With colours alone a block that the disc misses costs less than a wrong guess whether it does.
        if (kDetail && !anyOf(hit.inside)) continue;
        Touch touch;
        touch.alpha = alphaOf(brush.s, hit);
        touch.inside = hit.inside;
        if constexpr (kDetail) touch.depth = hitDepth(brush.s, *brush.extra, hit);
        blendBlock<kPictures>(sums, tally, block, brush, touch);
    } while (blocks);
}

template <uint32_t kPictures, bool kTwo, bool kDetail>
static inline void blendSurfel(const BlendTask& task, TileSums<kTwo, kDetail>& sums, Tally& tally,
                               const TilePlace& place, uint32_t blocks, uint32_t slot) {
    const SurfelRecord& s = task.records[slot];
    const Brush brush{s,           kDetail ? task.extras + slot : nullptr,
                      F16(s.red),  F16(s.green),
                      F16(s.blue), F16(task.leakRatio),
                      slot,        kDetail ? sums.kept : 0};
    tally.blocks += static_cast<uint32_t>(__builtin_popcount(blocks));
    if (s.flags & kRecordDot)
        blendDot<kPictures>(sums, tally, place, blocks, brush);
    else if (s.flags & kRecordFlat)
        blendDisc<kPictures>(sums, tally, place, blocks, brush, s.x, s.y,
                             [&](F16 px, F16 py) __attribute__((always_inline)) { return hitFlat(s, px, py); });
    else if (s.flags & kRecordGeneral)
        blendDisc<kPictures>(sums, tally, place, blocks, brush, task.centerX_px, task.centerY_px,
                             [&](F16 px, F16 py) __attribute__((always_inline)) { return hitGeneral(s, px, py); });
    else
        blendDisc<kPictures>(sums, tally, place, blocks, brush, s.x, s.y,
                             [&](F16 px, F16 py) __attribute__((always_inline)) { return hitDisc(s, px, py); });
}

// Blends entries from `first` on. With one picture it stops at the first surfel that is in transition and returns its
// index; else it returns the entry count.
template <bool kTwo, bool kDetail>
static uint32_t blendEntries(BlendTask& task, TileSums<kTwo, kDetail>& sums, uint32_t first) {
    constexpr uint32_t kAhead = 8, kBoth = kRecordFine | kRecordCoarse;
    const TilePlace place(task);
    Tally tally;
    tally.open = sums.open;
    uint32_t i = first;
    for (; i < task.entryCount && tally.open; ++i) {
        const uint32_t slot = static_cast<uint32_t>(task.entries[i]);
        if (i + kAhead < task.entryCount) {
            const uint32_t later = static_cast<uint32_t>(task.entries[i + kAhead]);
            __builtin_prefetch(task.records + later);
            __builtin_prefetch(task.rects + later);
            if constexpr (kDetail) __builtin_prefetch(task.extras + later);
        }
        const uint32_t pictures = task.records[slot].flags & kBoth;
        if (!kTwo && pictures != kBoth) break;
        if constexpr (kDetail)
            if (sums.kept != task.sums &&
                ((task.records[slot].flags & kRecordSky) || task.extras[slot].level != sums.oneLevel))
                sums.keepAll(task.sums);
        const uint32_t blocks = blocksOf(task.rects[slot], task.tileX_px, task.tileY_px) & tally.open;
        if (!blocks) continue;
        if (!kTwo || pictures == kBoth)
            blendSurfel<kBoth>(task, sums, tally, place, blocks, slot);
        else if (pictures == kRecordFine)
            blendSurfel<kTwo ? kRecordFine : kBoth>(task, sums, tally, place, blocks, slot);
        else
            blendSurfel<kTwo ? kRecordCoarse : kBoth>(task, sums, tally, place, blocks, slot);
    }
    sums.open = tally.open;
    task.evaluations += tally.blocks * kBlockPixels;
    task.contributions += tally.contributions;
    return sums.open ? i : task.entryCount;
}

// Until the first surfel in transition both pictures are the same.
template <bool kDetail>
static void blendInTwo(BlendTask& task, const TileSums<false, kDetail>& same, uint32_t first) {
    TileSums<true, kDetail> sums;
    sums.clear();
    sums.open = same.open;
    sums.kept = same.kept;
    sums.oneLevel = same.oneLevel;
    for (int p = 0; p < 2; ++p)
        for (int b = 0; b < kBlocksPerTile; ++b) {
            sums.paint[p][b] = same.paint[0][b];
            sums.weight[b].transmittance = same.paint[0][b].transmittance;
            if constexpr (kDetail) sums.detail[p][b] = same.detail[0][b];
        }
    blendEntries(task, sums, first);
    resolveTile(task, sums);
}

template <bool kDetail>
static void blendTileOf(BlendTask& task) {
    TileSums<false, kDetail> sums;
    sums.clear();
    if constexpr (kDetail)
        if (task.entryCount) sums.begin(task.sums, task.extras[static_cast<uint32_t>(task.entries[0])].level);
    const uint32_t next = blendEntries(task, sums, 0);
    if (next < task.entryCount) return blendInTwo(task, sums, next);
    resolveTile(task, sums);
}

static void blendTile(BlendTask& task) {
    task.evaluations = 0;
    task.contributions = 0;
    task.extras ? blendTileOf<true>(task) : blendTileOf<false>(task);
}

}  // namespace wz::WZ_TARGET
