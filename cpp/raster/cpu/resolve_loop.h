// SPDX-License-Identifier: Apache-2.0
// The resolve pass on the CPU: the sums of one tile, and how they become the pixels of a frame. Included by blend_loop.h.
#pragma once

#include "raster/cpu/kernels.h"
#include "raster/cpu/simd16.h"
#include "raster/passes/resolve_body.h"

namespace wz::WZ_TARGET {

// The sums of a tile. Two pictures when a surfel in transition is among its entries, else one.
template <bool kTwo, bool kDetail>
struct TileSums {
    static constexpr int kPictures = kTwo ? 2 : 1;
    PaintLanes<F16> paint[kPictures][kBlocksPerTile];
    DetailLanes<F16> detail[kDetail ? kPictures : 1][kDetail ? kBlocksPerTile : 1];
    WeightLanes<F16> weight[kTwo ? kBlocksPerTile : 1];
    uint32_t open = 0xffffu;  // blocks with a pixel that still lets light through

    void clear() {
        const F16 zero(0.0f);
        for (int p = 0; p < kPictures; ++p)
            for (int b = 0; b < kBlocksPerTile; ++b) paint[p][b] = {F16(1.0f), zero, zero, zero};
        if constexpr (kTwo)
            for (int b = 0; b < kBlocksPerTile; ++b) weight[b] = {F16(1.0f), zero, zero};
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

// Radial depth of a pixel from its depth along z: |ray| times it; the offset restores the frame's reference exactly.
static DepthScale depthScaleOf(const BlendTask& task, int x, int y) {
    if (!task.radialDepth) return {1.0f, 0.0f};
    const double rx = (x + 0.5 - task.cx_px) / task.focal_px, ry = (y + 0.5 - task.cy_px) / task.focal_px;
    const double stretch = __builtin_sqrt(1.0 + rx * rx + ry * ry);
    return {static_cast<float>(stretch), static_cast<float>(task.depthOrigin * stretch - task.depthReference)};
}

// A block's finished sums as arrays, one element a pixel.
struct BlockImages {
    alignas(64) float transmittance[16], red[16], green[16], blue[16];
    alignas(64) float solid[16], depth[16], median[16], nx[16], ny[16], nz[16], level[16], bestSlot[16];
};

template <bool kTwo, bool kDetail>
static void finishBlock(const BlendTask& task, const TileSums<kTwo, kDetail>& sums, int block, BlockImages& out) {
    F16 finer(1.0f);
    PaintLanes<F16> paint = sums.paint[0][block];
    if constexpr (kTwo) {
        finer = shareOfFiner(sums.weight[block]);
        paint = mixPaint(finer, paint, sums.paint[1][block]);
    }
    paint = overBackground(paint, task.background);
    storeLanes(out.transmittance, paint.transmittance);
    storeLanes(out.red, paint.red);
    storeLanes(out.green, paint.green);
    storeLanes(out.blue, paint.blue);
    if constexpr (kDetail) {
        DetailLanes<F16> d = sums.detail[0][block];
        if constexpr (kTwo) d = mixDetail(finer, d, sums.detail[1][block]);
        storeLanes(out.solid, d.solid);
        storeLanes(out.depth, d.depth);
        storeLanes(out.median, d.median);
        storeLanes(out.nx, d.nx);
        storeLanes(out.ny, d.ny);
        storeLanes(out.nz, d.nz);
        storeLanes(out.level, d.level);
        storeLanes(out.bestSlot, d.bestSlot);
    }
}

static void writeDetail(const BlendTask& task, const BlockImages& b, int i, int x, int y) {
    const FrameArrays& f = *task.frame;
    const size_t at = static_cast<size_t>(y) * static_cast<size_t>(f.width) + static_cast<size_t>(x);
    const DepthScale scale = depthScaleOf(task, x, y);
    const float coverage = 1.0f - b.transmittance[i];
    const float inverse = coverage > 0.0f ? 1.0f / coverage : 0.0f;
    if (f.depth) f.depth[at] = expectedDepth(b.solid[i], b.depth[i], coverage, scale);
    if (f.depthMedian)
        f.depthMedian[at] = b.median[i] < INFINITY ? b.median[i] * scale.stretch + scale.offset : INFINITY;
    if (f.level) f.level[at] = b.level[i] * inverse;
    if (f.surfelId) {
        const uint32_t slot = __builtin_bit_cast(uint32_t, b.bestSlot[i]);
        f.surfelId[at] = slot != 0xffffffffu ? task.extras[slot].id : ~uint64_t(0);
    }
    if (f.normal) {
        f.normal[3 * at] = b.nx[i] * inverse;
        f.normal[3 * at + 1] = b.ny[i] * inverse;
        f.normal[3 * at + 2] = b.nz[i] * inverse;
    }
}

template <bool kTwo, bool kDetail>
static void resolveTile(BlendTask& task, const TileSums<kTwo, kDetail>& sums) {
    const uint64_t begin = task.clock_ns();
    const FrameArrays& f = *task.frame;
    BlockImages b;
    for (int block = 0; block < kBlocksPerTile; ++block) {
        const int left = task.tileX_px + block % kBlocksPerRow * kBlockSize;
        const int top = task.tileY_px + block / kBlocksPerRow * kBlockSize;
        const int columns = f.width - left < kBlockSize ? f.width - left : kBlockSize;
        const int rows = f.height - top < kBlockSize ? f.height - top : kBlockSize;
        if (columns <= 0 || rows <= 0) continue;
        finishBlock(task, sums, block, b);
        for (int y = 0; y < rows; ++y) {
            const size_t at = static_cast<size_t>(top + y) * static_cast<size_t>(f.width) + static_cast<size_t>(left);
            for (int x = 0; x < columns; ++x) {
                const int i = y * kBlockSize + x;
                const size_t k = at + static_cast<size_t>(x);
                if (f.color) {
                    f.color[3 * k] = b.red[i];
                    f.color[3 * k + 1] = b.green[i];
                    f.color[3 * k + 2] = b.blue[i];
                }
                if (f.coverage) f.coverage[k] = 1.0f - b.transmittance[i];
                if constexpr (kDetail) writeDetail(task, b, i, left + x, top + y);
            }
        }
    }
    task.resolve_ns = task.clock_ns() - begin;
}

}  // namespace wz::WZ_TARGET
