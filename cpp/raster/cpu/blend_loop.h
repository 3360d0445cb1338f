// SPDX-License-Identifier: Apache-2.0
// The blend pass on the CPU: a tile's surfels in batches, nearest first; of each batch one block of sixteen pixels after
// the other, its sums in registers. Included once by each kernels_<set>.cpp.
#pragma once

#include "raster/cpu/block_alphas.h"
#include "raster/cpu/resolve_loop.h"

namespace wz::WZ_TARGET {

struct Tally {
    uint64_t evaluations = 0, contributions = 0;
};

// The sums of a block while a chunk is added to them: in registers, so nothing else may happen meanwhile.
template <bool kTwo, bool kDetail>
struct BlockSums {
    static constexpr int kPictures = kTwo ? 2 : 1;
    PaintLanes<F16> paint[kPictures];
    DetailLanes<F16> detail[kDetail ? kPictures : 1];
    WeightLanes<F16> weight;

    BlockSums(const TileSums<kDetail>& sums, int b) {
        for (int p = 0; p < kPictures; ++p) {
            paint[p] = sums.paint[p][b];
            if constexpr (kDetail) detail[p] = sums.detail[p][b];
        }
        if constexpr (kTwo) weight = sums.weight[b];
    }
    void keep(TileSums<kDetail>& sums, int b) const {
        for (int p = 0; p < kPictures; ++p) {
            sums.paint[p][b] = paint[p];
            if constexpr (kDetail) sums.detail[p][b] = detail[p];
        }
        if constexpr (kTwo) sums.weight[b] = weight;
    }
};

// By a surfel's picture bits: its share in each picture, and whether it decides between them.
struct PictureShares {
    float fine, coarse, single;
    uint32_t fineBits, coarseBits;
};
static constexpr PictureShares kSharesOf[4] = {
    {0, 0, 0, 0, 0}, {1, 0, 1, ~0u, 0}, {0, 1, 1, 0, ~0u}, {1, 1, 0, ~0u, ~0u}};

// Adds to one picture; returns the pixels that can get something, as bits.
template <bool kDetail, class Sums>
WZ_LANE_OP uint32_t addPicture(Sums& sums, int picture, const Listed& from, uint32_t i, F16 alpha, F16 depth,
                               F16 leakRatio, uint32_t kept) {
    PaintLanes<F16>& paint = sums.paint[picture];
    const F16 before = paint.transmittance;
    const M16 lit = before >= F16(kTransmittanceMin) + leakRatio;
    const SurfelRecord& s = from.record(i);
    const F16 share = takeLight(paint.transmittance, alpha, lit, leakRatio);
    addPaint(paint, s, share);
    if constexpr (kDetail) {
        const uint32_t slot = from.slot(i);
        addDetail(sums.detail[picture], from.task.extras[slot], (from.listed[i] >> kFlagShift & kRecordSky) != 0, depth,
                  share, before - leakRatio, paint.transmittance - leakRatio,
                  fromBits(I16(static_cast<int32_t>(slot)), share), kept);
    }
    return bitmaskOf(lit);
}

// Blends a chunk into a block. False when the block lets no more light through.
template <bool kTwo, bool kDetail>
static __attribute__((noinline)) bool blendChunk(TileSums<kDetail>& tile, Tally& tally, const Listed& from,
                                                 uint32_t count, const ChunkTouch<kDetail>& touch, int b) {
    BlockSums<kTwo, kDetail> sums(tile, b);
    const F16 leakRatio(from.task.leakRatio);
    const uint32_t kept = kDetail ? tile.kept : 0;
    uint32_t contributions = 0, lit = 1;
    for (uint32_t i = 0; i < count && lit; ++i) {
        const F16 alpha = loadLanes(touch.alpha[i]), depth = kDetail ? loadLanes(touch.depth[i]) : alpha;
        uint32_t reached;
        if constexpr (kTwo) {
            const uint32_t flags = from.listed[i] >> kFlagShift;
            const PictureShares& shares = kSharesOf[flags & (kRecordFine | kRecordCoarse)];
            const uint32_t litFine =
                addPicture<kDetail>(sums, 0, from, i, alpha * F16(shares.fine), depth, leakRatio, kept);
            const uint32_t litCoarse =
                addPicture<kDetail>(sums, 1, from, i, alpha * F16(shares.coarse), depth, leakRatio, kept);
            const F16 zero(0.0f);
            const F16 share = takeLight(sums.weight.transmittance, alpha, zero <= zero, leakRatio) * F16(shares.single);
            sums.weight.weighted = madd(share, F16(from.record(i).weight), sums.weight.weighted);
            sums.weight.share = sums.weight.share + share;
            lit = litFine | litCoarse;
            reached = (shares.fineBits & litFine) | (shares.coarseBits & litCoarse);
        } else {
            reached = lit = addPicture<kDetail>(sums, 0, from, i, alpha, depth, leakRatio, kept);
        }
        contributions += static_cast<uint32_t>(__builtin_popcount(reached & touch.inside[i]));
    }
    sums.keep(tile, b);
    tally.contributions += contributions;
    return lit != 0;
}

// Whether one of the surfels is in one picture only.
static inline bool holdsTransition(const uint32_t* listed, uint32_t count) {
    uint32_t both = ~0u;
    for (uint32_t i = 0; i < count; ++i) both &= listed[i];
    constexpr uint32_t kBoth = (kRecordFine | kRecordCoarse) << kFlagShift;
    return (both & kBoth) != kBoth;
}

template <bool kDetail>
static void blendBlock(const BlendTask& task, const BlockLists& batch, TileSums<kDetail>& sums, Tally& tally, int b,
                       const BlockLanes& block) {
    ChunkTouch<kDetail> touch;
    const uint32_t count = batch.lengths[b];
    bool open = true;
    for (uint32_t first = 0; first < count && open; first += kChunk) {
        const uint32_t n = count - first < kChunk ? count - first : kChunk;
        const Listed from{task, batch, batch.lists[b] + first};
        touchChunk(touch, from, n, block);
        if (!(sums.divided >> b & 1u) && holdsTransition(from.listed, n)) sums.divide(b);
        tally.evaluations += n * kBlockPixels;
        open = sums.divided >> b & 1u ? blendChunk<true>(sums, tally, from, n, touch, b)
                                      : blendChunk<false>(sums, tally, from, n, touch, b);
    }
    if (!open) sums.open &= ~(1u << b);
}

// Whether the sums that a tile of one level needs do not suffice for these surfels.
static inline bool needsAll(const BlendTask& task, const BlockLists& batch, uint32_t count, float oneLevel) {
    for (uint32_t i = 0; i < count; ++i)
        if ((task.records[batch.slots[i]].flags & kRecordSky) || task.extras[batch.slots[i]].level != oneLevel)
            return true;
    return false;
}

// Where the pixels of a tile's first block are, and the first eight columns and rows of the tile, px.
struct TileLanes {
    F16 column, row, line;

    TileLanes(int left, int top) {
        alignas(64) float inColumn[16], inRow[16], inLine[16];
        for (int i = 0; i < 16; ++i) {
            inColumn[i] = static_cast<float>(left + i % kBlockSize) + 0.5f;
            inRow[i] = static_cast<float>(top + i / kBlockSize) + 0.5f;
            inLine[i] = static_cast<float>((i < 8 ? left : top) + i % 8) + 0.5f;
        }
        column = loadLanes(inColumn);
        row = loadLanes(inRow);
        line = loadLanes(inLine);
    }

    BlockLanes of(int b) const {
        const int right = b % kBlocksPerRow, down = b / kBlocksPerRow;
        return {column + F16(static_cast<float>(right * kBlockSize)), row + F16(static_cast<float>(down * kBlockSize)),
                right % 2, down % 2};
    }
};

template <bool kDetail>
static void blendTileOf(BlendTask& task) {
    TileSums<kDetail> sums(task.leakRatio);
    BlockLists batch;
    Tally tally;
    NextTile next(task);
    const TileLanes lanes(task.tileX_px, task.tileY_px);
    if constexpr (kDetail)
        if (task.entryCount) sums.begin(task.sums, task.extras[static_cast<uint32_t>(task.entries[0])].level);
    for (uint32_t first = 0; first < task.entryCount && sums.open; first += kBatch) {
        const uint32_t count = task.entryCount - first < kBatch ? task.entryCount - first : kBatch;
        listBatch(batch, task, lanes.line, first, count, sums.open);
        if constexpr (kDetail)
            if (sums.kept != task.sums && needsAll(task, batch, count, sums.oneLevel)) sums.keepAll(task.sums);
        for (int b = 0; b < kBlocksPerTile; ++b) {
            next.fetchUntil(static_cast<uint32_t>(b));
            if (batch.lengths[b]) blendBlock(task, batch, sums, tally, b, lanes.of(b));
        }
    }
    next.fetchUntil(kBlocksPerTile);
    task.evaluations = tally.evaluations;
    task.contributions = tally.contributions;
    resolveTile(task, sums);
}

static void blendTile(BlendTask& task) { task.extras ? blendTileOf<true>(task) : blendTileOf<false>(task); }

}  // namespace wz::WZ_TARGET
