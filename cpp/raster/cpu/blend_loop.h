// SPDX-License-Identifier: Apache-2.0
// The blend and resolve passes on the CPU: one tile, its blocks of sixteen pixels kept in the first-level cache, its
// surfels nearest first. Included once by each kernels_<set>.cpp.
#pragma once

#include "raster/cpu/kernels.h"
#include "raster/cpu/simd16.h"
#include "raster/passes/blend_body.h"

namespace wz::WZ_TARGET {

// The sums of a tile. Two pictures when a surfel in transition is among its entries, else one.
template <bool kTwo, bool kDetail>
struct TileSums {
    static constexpr int kPictures = kTwo ? 2 : 1;
    PaintLanes<F16> paint[kPictures][kBlocksPerTile];
    DetailLanes<F16> detail[kDetail ? kPictures : 1][kDetail ? kBlocksPerTile : 1];
    F16 weight[kTwo ? kBlocksPerTile : 1], share[kTwo ? kBlocksPerTile : 1];
    uint32_t open = 0xffffu;  // blocks with a pixel that still lets light through

    void clear() {
        const F16 zero(0.0f);
        for (int p = 0; p < kPictures; ++p)
            for (int b = 0; b < kBlocksPerTile; ++b) paint[p][b] = {F16(1.0f), zero, zero, zero};
        if constexpr (kTwo)
            for (int b = 0; b < kBlocksPerTile; ++b) weight[b] = share[b] = zero;
        if constexpr (kDetail)
            for (int p = 0; p < kPictures; ++p)
                for (int b = 0; b < kBlocksPerTile; ++b)
                    detail[p][b] = {zero, zero, F16(INFINITY), zero, zero, zero, zero, zero, F16(-__builtin_nanf(""))};
        if constexpr (kDetail) {
            const F16 none = fromBits(I16(-1), zero);
            for (int p = 0; p < kPictures; ++p)
                for (int b = 0; b < kBlocksPerTile; ++b) detail[p][b].bestSlot = none;
        }
    }
};

struct BlockPixels {
    F16 column, row;  // offsets of the lanes' pixel centres in a block
};

static BlockPixels blockPixels() {
    alignas(64) float column[16], row[16];
    for (int i = 0; i < 16; ++i) {
        column[i] = static_cast<float>(i % kBlockSize) + 0.5f;
        row[i] = static_cast<float>(i / kBlockSize) + 0.5f;
    }
    return {loadLanes(column), loadLanes(row)};
}

template <bool kTwo, bool kDetail>
static inline void blendBlock(BlendTask& task, TileSums<kTwo, kDetail>& sums, const BlockPixels& pixels, int block,
                              uint32_t slot) {
    const SurfelRecord& s = task.records[slot];
    const bool general = s.flags & kRecordGeneral;
    const float left = static_cast<float>(task.tileX_px + block % kBlocksPerRow * kBlockSize);
    const float top = static_cast<float>(task.tileY_px + block / kBlocksPerRow * kBlockSize);
    Hit<F16> hit;
    if (__builtin_expect(general, 0))
        hit = hitGeneral(s, pixels.column + F16(left - task.centerX_px), pixels.row + F16(top - task.centerY_px));
    else
        hit = hitDisc(s, pixels.column + F16(left - s.x), pixels.row + F16(top - s.y));
    task.evaluations += kBlockPixels;
    if (!anyOf(hit.inside)) return;
    const F16 alpha = alphaOf(s, hit);
    F16 depth(0.0f);
    if constexpr (kDetail) depth = hitDepth(s, task.extras[slot], hit);
    uint32_t reached = 0, light = 0;
    for (int p = 0; p < TileSums<kTwo, kDetail>::kPictures; ++p) {
        PaintLanes<F16>& paint = sums.paint[p][block];
        if (kTwo && !(s.flags >> p & 1u)) {
            light |= bitmaskOf(paint.transmittance >= F16(kTransmittanceMin));
            continue;
        }
        const F16 before = paint.transmittance;
        const MaskOf<F16> blended = hit.inside & (before >= F16(kTransmittanceMin));
        const F16 share = takeShare(paint.transmittance, alpha, blended);
        addPaint(paint, s, share);
        if constexpr (kTwo) {
            if ((s.flags & (kRecordFine | kRecordCoarse)) != (kRecordFine | kRecordCoarse)) {
                sums.weight[block] = madd(share, F16(s.weight), sums.weight[block]);
                sums.share[block] = sums.share[block] + share;
            }
        }
        if constexpr (kDetail)
            addDetail(sums.detail[p][block], task.extras[slot], (s.flags & kRecordSky) != 0, depth, share, before,
                      paint.transmittance, fromBits(I16(static_cast<int32_t>(slot)), share));
        reached |= bitmaskOf(blended);
        light |= bitmaskOf(paint.transmittance >= F16(kTransmittanceMin));
    }
    task.contributions += static_cast<uint64_t>(__builtin_popcount(reached));
    if (light == 0) sums.open &= ~(1u << block);
}

// Radial depth of a pixel from its depth along z: |ray| times it; the offset restores the frame's reference exactly.
static DepthScale depthScaleOf(const BlendTask& task, int x, int y) {
    if (!task.radialDepth) return {1.0f, 0.0f};
    const double rx = (x + 0.5 - task.cx_px) / task.focal_px, ry = (y + 0.5 - task.cy_px) / task.focal_px;
    const double stretch = __builtin_sqrt(1.0 + rx * rx + ry * ry);
    return {static_cast<float>(stretch), static_cast<float>(task.depthOrigin * stretch - task.depthReference)};
}

struct BlockSums {
    alignas(64) float paint[2][4][16];
    alignas(64) float weight[16], share[16];
    alignas(64) float detail[2][9][16];
};

static PictureSums pictureOf(const BlockSums& b, int p, int i) {
    return {b.paint[p][0][i], b.paint[p][1][i], b.paint[p][2][i], b.paint[p][3][i]};
}

static DetailSums detailOf(const BlockSums& b, int p, int i) {
    const auto& d = b.detail[p];
    return {
        d[0][i], d[1][i], d[2][i], d[3][i], d[4][i], d[5][i], d[6][i], d[7][i], __builtin_bit_cast(uint32_t, d[8][i])};
}

template <bool kTwo, bool kDetail>
static void storeBlock(const TileSums<kTwo, kDetail>& sums, int block, BlockSums& out) {
    for (int p = 0; p < TileSums<kTwo, kDetail>::kPictures; ++p) {
        const PaintLanes<F16>& paint = sums.paint[p][block];
        storeLanes(out.paint[p][0], paint.transmittance);
        storeLanes(out.paint[p][1], paint.red);
        storeLanes(out.paint[p][2], paint.green);
        storeLanes(out.paint[p][3], paint.blue);
        if constexpr (kDetail) {
            const DetailLanes<F16>& d = sums.detail[p][block];
            const F16 all[9] = {d.solid, d.depth, d.median, d.nx, d.ny, d.nz, d.level, d.best, d.bestSlot};
            for (int k = 0; k < 9; ++k) storeLanes(out.detail[p][k], all[k]);
        }
    }
    if constexpr (kTwo) {
        storeLanes(out.weight, sums.weight[block]);
        storeLanes(out.share, sums.share[block]);
    }
}

static void writeDetail(const BlendTask& task, const DetailSums& d, float coverage, int x, int y) {
    const FrameArrays& f = *task.frame;
    const size_t at = static_cast<size_t>(y) * static_cast<size_t>(f.width) + static_cast<size_t>(x);
    const DepthScale scale = depthScaleOf(task, x, y);
    const float inverse = coverage > 0.0f ? 1.0f / coverage : 0.0f;
    if (f.depth) f.depth[at] = expectedDepth(d, coverage, scale);
    if (f.depthMedian) f.depthMedian[at] = d.median < INFINITY ? d.median * scale.stretch + scale.offset : INFINITY;
    if (f.level) f.level[at] = d.level * inverse;
    if (f.surfelId) f.surfelId[at] = d.bestSlot != 0xffffffffu ? task.extras[d.bestSlot].id : ~uint64_t(0);
    if (f.normal) {
        f.normal[3 * at] = d.nx * inverse;
        f.normal[3 * at + 1] = d.ny * inverse;
        f.normal[3 * at + 2] = d.nz * inverse;
    }
}

template <bool kTwo, bool kDetail>
static void resolveTile(BlendTask& task, const TileSums<kTwo, kDetail>& sums) {
    const uint64_t begin = task.clock_ns();
    const FrameArrays& f = *task.frame;
    BlockSums b;
    for (int block = 0; block < kBlocksPerTile; ++block) {
        const int left = task.tileX_px + block % kBlocksPerRow * kBlockSize;
        const int top = task.tileY_px + block / kBlocksPerRow * kBlockSize;
        if (left >= f.width || top >= f.height) continue;
        storeBlock(sums, block, b);
        for (int i = 0; i < kBlockPixels; ++i) {
            const int x = left + i % kBlockSize, y = top + i / kBlockSize;
            if (x >= f.width || y >= f.height) continue;
            const size_t at = static_cast<size_t>(y) * static_cast<size_t>(f.width) + static_cast<size_t>(x);
            const float finer = kTwo ? shareOfFiner(b.weight[i], b.share[i]) : 1.0f;
            const PictureSums p =
                kTwo ? mixPictures(finer, pictureOf(b, 0, i), pictureOf(b, 1, i)) : pictureOf(b, 0, i);
            if (f.color) {
                f.color[3 * at] = p.red + p.rest * task.background[0];
                f.color[3 * at + 1] = p.green + p.rest * task.background[1];
                f.color[3 * at + 2] = p.blue + p.rest * task.background[2];
            }
            if (f.coverage) f.coverage[at] = 1.0f - p.rest;
            if constexpr (kDetail) {
                const DetailSums d = kTwo ? mixDetails(finer, detailOf(b, 0, i), detailOf(b, 1, i)) : detailOf(b, 0, i);
                writeDetail(task, d, 1.0f - p.rest, x, y);
            }
        }
    }
    task.resolve_ns = task.clock_ns() - begin;
}

// Blends entries from `first` on. With one picture it stops at the first surfel that is in transition and returns its
// index; else it returns the entry count.
template <bool kTwo, bool kDetail>
static uint32_t blendEntries(BlendTask& task, TileSums<kTwo, kDetail>& sums, uint32_t first) {
    constexpr uint32_t kAhead = 8, kBoth = kRecordFine | kRecordCoarse;
    const BlockPixels pixels = blockPixels();
    for (uint32_t i = first; i < task.entryCount && sums.open; ++i) {
        const uint32_t slot = task.entries[i];
        if (i + kAhead < task.entryCount) {
            __builtin_prefetch(task.records + task.entries[i + kAhead]);
            __builtin_prefetch(task.rects + task.entries[i + kAhead]);
        }
        if (!kTwo && (task.records[slot].flags & kBoth) != kBoth) return i;
        uint32_t blocks = blocksOf(task.rects[slot], task.tileX_px, task.tileY_px) & sums.open;
        while (blocks) {
            const int block = __builtin_ctz(blocks);
            blocks &= blocks - 1;
            blendBlock(task, sums, pixels, block, slot);
        }
    }
    return task.entryCount;
}

// Until the first surfel in transition both pictures are the same.
template <bool kDetail>
static void blendInTwo(BlendTask& task, const TileSums<false, kDetail>& same, uint32_t first) {
    TileSums<true, kDetail> sums;
    sums.clear();
    sums.open = same.open;
    for (int p = 0; p < 2; ++p)
        for (int b = 0; b < kBlocksPerTile; ++b) {
            sums.paint[p][b] = same.paint[0][b];
            if constexpr (kDetail) sums.detail[p][b] = same.detail[0][b];
        }
    blendEntries(task, sums, first);
    resolveTile(task, sums);
}

template <bool kDetail>
static void blendTileOf(BlendTask& task) {
    TileSums<false, kDetail> sums;
    sums.clear();
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
