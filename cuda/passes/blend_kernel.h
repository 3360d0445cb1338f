// SPDX-License-Identifier: Apache-2.0
// The blend and resolve passes. A short list is one warp's work for each half of its tile. A long one is cut into waves:
// first what each lets through, then what comes through to each, then all waves at once, then their sum.
#pragma once

#include "cuda/passes/walk.h"

namespace wz {

struct WarpTask {
    uint32_t unit, half;  // tile or wave, and which half of the tile
};

__device__ inline WarpTask warpTask() {
    const uint32_t warp = blockIdx.x * kBlendWarps + threadIdx.x / kWarpSize;
    return {warp / 2, warp % 2};
}

// The wave of this warp, kNoWave where there is none.
__device__ inline WavePlace wavePlaceOf(const FrameScratch& f, uint32_t wave) {
    const uint32_t waves = f.counters->waves < f.waveCapacity ? f.counters->waves : f.waveCapacity;
    return wave < waves ? f.waves[wave] : WavePlace{0, kNoWave};
}

__device__ inline float* lightAt(const FrameScratch& f, uint32_t wave, const LanePixel& p) {
    return f.light + static_cast<size_t>(wave) * kLightNumbers * kTilePixels + p.half * kWarpSize + p.index;
}

__device__ inline PixelLight loadLight(const float* at) { return {at[0], at[kTilePixels], at[2 * kTilePixels]}; }

__device__ inline void storeLight(float* at, const PixelLight& light) {
    at[0] = light.finer;
    at[kTilePixels] = light.coarser;
    at[2 * kTilePixels] = light.all;
}

// Pixels as walkEntries shows them surfels. First: what comes through a wave.
struct DimmedPixel {
    const LanePixel& p;
    PixelLight light;

    __device__ bool isOpen() const { return p.inFrame && lets(light); }
    __device__ bool isWhole() const { return true; }
    __device__ void split() {}
    __device__ void blendWhole(const SurfelRecord& s, const SurfelExtra*, uint32_t) { dimFlat(light, s, p.place); }
    __device__ void blendApart(const SurfelRecord& s, const SurfelExtra*, uint32_t) { dimFlat(light, s, p.place); }
    __device__ void blend(const SurfelRecord& s, const SurfelExtra*, uint32_t) { dimPixel(light, s, p.place); }
};

// And: the sums of a list, or of one wave.
template <bool kDetail>
struct BlendedPixel {
    const LanePixel& p;
    PixelSums<kDetail>& sums;
    float contributions = 0;  // counted where the sums are, in one instruction

    __device__ bool isOpen() const { return wz::isOpen(sums); }
    __device__ bool isWhole() const { return !sums.split; }
    __device__ void split() { splitPixel(sums); }
    __device__ void blendWhole(const SurfelRecord& s, const SurfelExtra* extra, uint32_t slot) {
        contributions += wz::blendWhole(sums, s, extra, slot, p.place);
    }
    __device__ void blendApart(const SurfelRecord& s, const SurfelExtra* extra, uint32_t slot) {
        contributions += wz::blendApart(sums, s, extra, slot, p.place);
    }
    __device__ void blend(const SurfelRecord& s, const SurfelExtra* extra, uint32_t slot) {
        contributions += blendPixel(sums, s, extra, slot, p.place) ? 1.0f : 0.0f;
    }
};

static __global__ void __launch_bounds__(kBlendWarps* kWarpSize)
    waveLightKernel(FrameScratch f, const FrameHead* head) {
    __shared__ Staging<false> staging[kBlendWarps];
    const WarpTask task = warpTask();
    const WavePlace place = wavePlaceOf(f, task.unit);
    if (place.wave == kNoWave) return;  // the whole warp leaves; there are no block barriers
    const LanePixel p = lanePixelOf(*head, place.tile, task.half);
    DimmedPixel pixel{p, {}};
    walkEntries(f, waveSpan(f.spans[place.tile], place.wave), task.half, staging[threadIdx.x / kWarpSize], pixel);
    storeLight(lightAt(f, task.unit, p), pixel.light);
}

inline constexpr uint32_t kPrefixAhead = 4;  // waves whose light is loaded at once

// By the warps of each list's first wave.
static __global__ void __launch_bounds__(kBlendWarps* kWarpSize)
    wavePrefixKernel(FrameScratch f, const FrameHead* head) {
    const WarpTask task = warpTask();
    const WavePlace place = wavePlaceOf(f, task.unit);
    if (place.wave != 0) return;
    const LanePixel p = lanePixelOf(*head, place.tile, task.half);
    const EntrySpan span = f.spans[place.tile];
    const uint32_t waves = wavesOf(span.end - span.begin);
    PixelLight entering;
    for (uint32_t from = 0; from < waves; from += kPrefixAhead) {
        PixelLight through[kPrefixAhead];  // all on their way before the first store, behind which no load may move
        for (uint32_t k = 0; k < kPrefixAhead; ++k)
            if (from + k < waves) through[k] = loadLight(lightAt(f, task.unit + from + k, p));
        for (uint32_t k = 0; k < kPrefixAhead; ++k) {
            if (from + k >= waves) break;
            storeLight(lightAt(f, task.unit + from + k, p), aboveLeak(entering, head->leakRatio));
            entering = {entering.finer * through[k].finer, entering.coarser * through[k].coarser,
                        entering.all * through[k].all};
        }
    }
}

// A pixel's sums as plain numbers: two paints, the weight, two details.
template <bool kDetail>
struct PartNumbers {
    PaintLanes<float> paint[2];
    WeightLanes<float> weight;
    DetailLanes<float> detail[PixelSums<kDetail>::kDetails];
};

template <bool kDetail>
__device__ inline float* partAt(const FrameScratch& f, uint32_t wave, const LanePixel& p) {
    return f.parts + static_cast<size_t>(wave) * kPartNumbers<kDetail> * kTilePixels + p.half * kWarpSize + p.index;
}

template <bool kDetail>
__device__ inline void storePart(float* at, const PixelSums<kDetail>& sums) {
    const PartNumbers<kDetail> part = [&] {
        PartNumbers<kDetail> n{};
        n.paint[0] = sums.paint[0];
        n.paint[1] = sums.paint[1];
        n.weight = sums.weight;
        for (int k = 0; k < PixelSums<kDetail>::kDetails; ++k) n.detail[k] = sums.detail[k];
        return n;
    }();
    float numbers[kPartNumbers<kDetail>];
    static_assert(sizeof(numbers) <= sizeof(part));
    __builtin_memcpy(numbers, &part, sizeof(numbers));
    for (uint32_t k = 0; k < kPartNumbers<kDetail>; ++k) at[k * kTilePixels] = numbers[k];
}

template <bool kDetail>
__device__ inline PixelSums<kDetail> loadPart(const float* at) {
    float numbers[kPartNumbers<kDetail>];
    for (uint32_t k = 0; k < kPartNumbers<kDetail>; ++k) numbers[k] = at[k * kTilePixels];
    PartNumbers<kDetail> part{};
    __builtin_memcpy(&part, numbers, sizeof(numbers));
    PixelSums<kDetail> sums = startPixel<kDetail>({}, true);
    for (int k = 0; k < 2; ++k) sums.paint[k] = part.paint[k];
    sums.weight = part.weight;
    if constexpr (kDetail)
        for (int k = 0; k < 2; ++k) sums.detail[k] = part.detail[k];
    return sums;
}

// Blends a span into a pixel's sums.
template <bool kDetail>
__device__ inline void blendSpan(const FrameScratch& f, EntrySpan span, const LanePixel& p, Staging<kDetail>& stage,
                                 PixelSums<kDetail>& sums) {
    BlendedPixel<kDetail> pixel{p, sums};
    const uint32_t evaluations = walkEntries(f, span, p.half, stage, pixel);
    tally(f, evaluations, static_cast<uint32_t>(pixel.contributions));
}

template <bool kDetail>
static __global__ void __launch_bounds__(kBlendWarps* kWarpSize)
    waveBlendKernel(FrameScratch f, const FrameHead* head) {
    __shared__ Staging<kDetail> staging[kBlendWarps];
    const WarpTask task = warpTask();
    const WavePlace place = wavePlaceOf(f, task.unit);
    if (place.wave == kNoWave) return;
    const LanePixel p = lanePixelOf(*head, place.tile, task.half);
    const PixelLight entering = p.inFrame ? loadLight(lightAt(f, task.unit, p)) : PixelLight{0.0f, 0.0f, 0.0f};
    const bool whole = entering.finer == entering.coarser && entering.finer == entering.all;
    PixelSums<kDetail> sums = startPixel<kDetail>(entering, !whole);
    if (__ballot_sync(kAllLanes, isOpen(sums)) == 0) return;
    blendSpan<kDetail>(f, waveSpan(f.spans[place.tile], place.wave), p, staging[threadIdx.x / kWarpSize], sums);
    splitPixel(sums);
    storePart<kDetail>(partAt<kDetail>(f, task.unit, p), sums);
}

// The waves of a list, nearest first, until nothing comes through to this pixel.
template <bool kDetail>
__device__ inline void joinWaves(const FrameScratch& f, uint32_t first, uint32_t waves, const LanePixel& p,
                                 PixelSums<kDetail>& sums) {
    for (uint32_t w = first; w < first + waves; ++w) {
        const PixelLight entering = loadLight(lightAt(f, w, p));
        if (!lets(entering)) return;
        joinPixel(sums, loadPart<kDetail>(partAt<kDetail>(f, w, p)), entering);
    }
}

template <bool kDetail>
static __global__ void __launch_bounds__(kBlendWarps* kWarpSize) blendKernel(FrameScratch f, const FrameHead* head) {
    __shared__ Staging<kDetail> staging[kBlendWarps];
    const WarpTask task = warpTask();
    if (task.unit >= head->tiles) return;
    const LanePixel p = lanePixelOf(*head, task.unit, task.half);
    const EntrySpan span = f.spans[task.unit];
    const uint32_t first = f.firstWave[task.unit];
    const float light = p.inFrame ? 1.0f : 0.0f;
    PixelSums<kDetail> sums = startPixel<kDetail>({light, light, light}, first != kNoWave);
    if (first == kNoWave)
        blendSpan<kDetail>(f, span, p, staging[threadIdx.x / kWarpSize], sums);
    else if (p.inFrame)
        joinWaves<kDetail>(f, first, wavesOf(span.end - span.begin), p, sums);
    if (p.inFrame) resolvePixel<kDetail>(head->resolve, head->images, sums, f.extras, p.x, p.y);
}

}  // namespace wz
