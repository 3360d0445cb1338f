// SPDX-License-Identifier: Apache-2.0
// The resolve pass on the CPU: the sums of one tile, and how they become the pixels of a frame. Included by blend_loop.h.
#pragma once

#include "raster/cpu/kernels.h"
#include "raster/cpu/simd16.h"
#include "raster/passes/resolve_body.h"

namespace wz::WZ_TARGET {

// The sums of a tile. Of a block that no surfel in transition has met yet only the first picture is kept.
// Transmittances are lights while a tile is blended: leakRatio is added, see takeLight.
template <bool kDetail>
struct TileSums {
    PaintLanes<F16> paint[2][kBlocksPerTile];
    DetailLanes<F16> detail[kDetail ? 2 : 1][kDetail ? kBlocksPerTile : 1];
    WeightLanes<F16> weight[kBlocksPerTile];
    uint32_t open = 0xffffu;  // blocks with a pixel that still lets light through
    uint32_t divided = 0;  // blocks with two pictures
    // The further sums that are kept (DetailSum). As long as all surfels have one level and none is sky, `solid` is the
    // coverage and `level` that many times this level: then they are not among them.
    uint32_t kept = 0;
    float oneLevel = 0.0f;
    float leakRatio;

    explicit TileSums(float leak) : leakRatio(leak) {
        const F16 zero(0.0f);
        for (int b = 0; b < kBlocksPerTile; ++b) paint[0][b] = {F16(1.0f + leak), zero, zero, zero};
        if constexpr (kDetail) {
            const F16 none = fromBits(I16(-1), zero);
            for (int b = 0; b < kBlocksPerTile; ++b)
                detail[0][b] = {zero, zero, F16(INFINITY), zero, zero, zero, zero, zero, none};
        }
    }

    // What is kept for a tile whose surfels begin with one of the level `first`, when `wanted` are.
    void begin(uint32_t wanted, float first) {
        kept = wanted & ~(kSumSolid | kSumLevel);
        oneLevel = first;
    }

    // Makes the sums that were not needed until now.
    void keepAll(uint32_t wanted) {
        for (int b = 0; b < kBlocksPerTile; ++b)
            for (uint32_t p = 0; p <= (divided >> b & 1u); ++p) {
                const F16 covered = F16(1.0f) - (paint[p][b].transmittance - F16(leakRatio));
                detail[p][b].solid = covered;
                detail[p][b].level = covered * F16(oneLevel);
            }
        kept = wanted;
    }

    // Gives a block two pictures: until now both are the same.
    void divide(int b) {
        divided |= 1u << b;
        paint[1][b] = paint[0][b];
        weight[b] = {paint[0][b].transmittance, F16(0.0f), F16(0.0f)};
        if constexpr (kDetail) detail[1][b] = detail[0][b];
    }
};

// What resolving needs of the pixels of a block.
struct BlockPlace {
    int left, top;  // px
    int columns, rows;  // of it in the frame
    bool whole() const { return columns == kBlockSize && rows == kBlockSize; }
};

// Calls write(first, stride) with where the block's first pixel goes, `channels` floats a pixel, and with the floats from
// one row to the next. Of a block on the frame's edge only what lies in the frame reaches the image.
template <class Write>
static inline void intoImage(float* image, int channels, int width, const BlockPlace& at, Write write) {
    const size_t stride = static_cast<size_t>(width * channels);
    float* first = image + static_cast<size_t>(at.top) * stride + static_cast<size_t>(at.left * channels);
    if (__builtin_expect(at.whole(), 1)) return write(first, stride);
    float pixels[3 * kBlockPixels];
    const size_t row = static_cast<size_t>(kBlockSize * channels);
    write(pixels, row);
    for (int y = 0; y < at.rows; ++y)
        __builtin_memcpy(first + static_cast<size_t>(y) * stride, pixels + static_cast<size_t>(y) * row,
                         sizeof(float) * static_cast<size_t>(at.columns * channels));
}

static inline void writeLanes(float* image, int width, const BlockPlace& at, F16 a) {
    if (!image) return;
    intoImage(image, 1, width, at, [&](float* first, size_t stride) __attribute__((always_inline)) {
        for (int row = 0; row < kBlockSize; ++row)
            storeFloats(first + static_cast<size_t>(row) * stride, rowOf(a, row));
    });
}

// Three images in one, a pixel's numbers side by side.
static inline void writeThree(float* image, int width, const BlockPlace& at, F16 a, F16 b, F16 c) {
    if (!image) return;
    intoImage(image, 3, width, at, [&](float* first, size_t stride) __attribute__((always_inline)) {
        for (int row = 0; row < kBlockSize; ++row) {
            const Floats4 x = rowOf(a, row), y = rowOf(b, row), z = rowOf(c, row);
            const Floats4 start = __builtin_shufflevector(x, y, 0, 4, 1, 5);
            const Floats4 middle = __builtin_shufflevector(y, z, 1, 5, 2, 6);
            const Floats4 end = __builtin_shufflevector(x, y, 3, 7, 3, 7);
            float* to = first + static_cast<size_t>(row) * stride;
            storeFloats(to, __builtin_shufflevector(start, z, 0, 1, 4, 2));
            storeFloats(to + 4, __builtin_shufflevector(middle, x, 0, 1, 6, 2));
            storeFloats(to + 8, __builtin_shufflevector(z, end, 2, 4, 5, 3));
        }
    });
}

// Radial depths of a block's pixels from their depths along z: |ray| times them; the offset restores the frame's reference
// exactly. In double, as depthScaleAt of pixel_body.h and to the same bits.
static DepthScale<F16> depthScaleOf(const BlendTask& task, const BlockPlace& at) {
    if (!task.radialDepth) return {F16(1.0f), F16(0.0f)};
    constexpr Doubles4 kCentres = {0.5, 1.5, 2.5, 3.5};
    const Doubles4 rx = (static_cast<double>(at.left) + kCentres - task.cx_px) / task.focal_px;
    const Doubles4 ry = (static_cast<double>(at.top) + kCentres - task.cy_px) / task.focal_px;
    const Doubles4 across = 1.0 + rx * rx, down = ry * ry;
    Floats4 stretch[kBlockSize], offset[kBlockSize];
    for (int row = 0; row < kBlockSize; ++row) {
        Doubles4 length = across + down[row];
        takeRoots(length);
        stretch[row] = __builtin_convertvector(length, Floats4);
        offset[row] = __builtin_convertvector(task.depthOrigin * length - task.depthReference, Floats4);
    }
    return {ofRows(stretch), ofRows(offset)};
}

static void writeIds(const BlendTask& task, const BlockPlace& at, F16 bestSlot) {
    alignas(64) float slots[kBlockPixels];
    storeLanes(slots, bestSlot);
    for (int y = 0; y < at.rows; ++y) {
        uint64_t* to =
            task.frame->surfelId + static_cast<size_t>(at.top + y) * static_cast<size_t>(task.frame->width) + at.left;
        for (int x = 0; x < at.columns; ++x) {
            const uint32_t slot = __builtin_bit_cast(uint32_t, slots[y * kBlockSize + x]);
            to[x] = slot != 0xffffffffu ? task.extras[slot].id : ~uint64_t(0);
        }
    }
}

static void writeDetail(const BlendTask& task, const BlockPlace& at, const DetailLanes<F16>& d, F16 coverage) {
    const FrameArrays& f = *task.frame;
    const F16 zero(0.0f), infinity(INFINITY);
    const F16 inverse = select(coverage > zero, F16(1.0f) / coverage, zero);
    if (f.depth || f.depthMedian) {
        const DepthScale<F16> scale = depthScaleOf(task, at);
        writeLanes(f.depth, f.width, at, expectedDepth(d.solid, d.depth, coverage, scale));
        writeLanes(f.depthMedian, f.width, at,
                   select(d.median < infinity, d.median * scale.stretch + scale.offset, infinity));
    }
    writeLanes(f.level, f.width, at, d.level * inverse);
    writeThree(f.normal, f.width, at, d.nx * inverse, d.ny * inverse, d.nz * inverse);
    if (f.surfelId) writeIds(task, at, d.bestSlot);
}

template <bool kTwo, bool kDetail>
static void resolveBlock(const BlendTask& task, const TileSums<kDetail>& sums, int block, const BlockPlace& at) {
    const FrameArrays& f = *task.frame;
    F16 finer(1.0f);
    PaintLanes<F16> paint = sums.paint[0][block];
    if constexpr (kTwo) {
        finer = shareOfFiner(sums.weight[block]);
        paint = mixPaint(finer, paint, sums.paint[1][block]);
    }
    paint.transmittance = paint.transmittance - F16(sums.leakRatio);
    paint = overBackground(paint, task.background);
    const F16 coverage = F16(1.0f) - paint.transmittance;
    writeThree(f.color, f.width, at, paint.red, paint.green, paint.blue);
    writeLanes(f.coverage, f.width, at, coverage);
    if constexpr (kDetail) {
        DetailLanes<F16> d = sums.detail[0][block];
        if constexpr (kTwo) d = mixDetail(finer, d, sums.detail[1][block]);
        writeDetail(task, at, d, coverage);
    }
}

template <bool kDetail>
static void resolveTile(BlendTask& task, TileSums<kDetail>& sums) {
    const uint64_t begin = task.clock_ns();
    if constexpr (kDetail)
        if (sums.kept != task.sums) sums.keepAll(task.sums);
    const FrameArrays& f = *task.frame;
    for (int block = 0; block < kBlocksPerTile; ++block) {
        const int left = task.tileX_px + block % kBlocksPerRow * kBlockSize;
        const int top = task.tileY_px + block / kBlocksPerRow * kBlockSize;
        const int columns = f.width - left < kBlockSize ? f.width - left : kBlockSize;
        const int rows = f.height - top < kBlockSize ? f.height - top : kBlockSize;
        if (columns <= 0 || rows <= 0) continue;
        if (sums.divided >> block & 1u)
            resolveBlock<true>(task, sums, block, {left, top, columns, rows});
        else
            resolveBlock<false>(task, sums, block, {left, top, columns, rows});
    }
    task.resolve_ns = task.clock_ns() - begin;
}

}  // namespace wz::WZ_TARGET
