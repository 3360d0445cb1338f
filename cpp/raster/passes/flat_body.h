// SPDX-License-Identifier: Apache-2.0
// The blend pass for the surfels that most are, flat discs and dots, in pixel_body.h's arithmetic without its branches: half the
// instructions, which are what the blend waits for on a GPU.
#pragma once

#include "raster/passes/bin_body.h"
#include "raster/passes/pixel_body.h"

namespace wz {

// The smaller of two numbers that are not NaN: one instruction.
WZ_HD float smallerOf(float a, float b) {
#if defined(__CUDA_ARCH__)
    return fminf(a, b);
#else
    return a < b ? a : b;
#endif
}

// What a pixel sees of such a surfel.
struct FlatHit {
    float slope;  // as hitFlat has it
    float plane, onScreen;  // sigma of the disc (a dot has none: infinite) and of its low-pass dot
    float alpha;
    bool seen;
};

WZ_HD FlatHit flatHit(const SurfelRecord& s, const PixelPlace& at) {
    FlatHit hit;
    const float px = (at.left + at.column) - s.x, py = (at.top + at.row) - s.y;
    hit.slope = madd(s.hx, px, s.hy * py);
    const float stretch = madd(hit.slope, madd(hit.slope, 3.0f, 2.0f), 1.0f), square = py * py;
    const float onDisc = madd(px, madd(s.flatXX(), px, s.flatXY() * py), s.flatYY() * square) * stretch;
    hit.plane = s.flags & kRecordDot ? INFINITY : onDisc;
    hit.onScreen = madd(px, px, square);
    const float sigma = smallerOf(hit.plane, hit.onScreen);
    hit.alpha = smallerOf(s.opacity * exp2Falloff(sigma * -kLog2OfE), kAlphaMax);
    hit.seen = sigma + sigma <= s.cutoff2;
    return hit;
}

// Takes its share of the light for a surfel of this alpha, see takeShare.
WZ_HD float tookOf(float& transmittance, float alpha, float leakRatio) {
    const float share = smallerOf(transmittance, madd(transmittance, alpha, leakRatio * alpha));
    transmittance = transmittance - share;
    return share;
}

// Picture p, as blendPicture. blended: 1, or 0 where the picture gets nothing.
template <bool kDetail>
WZ_HD void blendFlatPicture(PixelSums<kDetail>& sums, int p, const SurfelRecord& s, const SurfelExtra* extra,
                            uint32_t slot, const FlatHit& hit, float blended, float leakRatio) {
    PaintLanes<float>& paint = sums.paint[p];
    const float before = paint.transmittance;
    const float share = tookOf(paint.transmittance, blended * hit.alpha, leakRatio);
    addPaint(paint, s, share);
    if constexpr (kDetail) {
        const float beyond = hit.plane <= hit.onScreen ? hit.slope * (1.0f + hit.slope) : 0.0f;
        addDetail(sums.detail[p], *extra, (s.flags & kRecordSky) != 0, madd(extra->depth, beyond, extra->depthRelative),
                  share, before, paint.transmittance, fromBits(static_cast<int32_t>(slot), share));
    }
}

// As blendPixel, of a flat surfel in both pictures, while the two are still the same. 1 where the pixel got something, else 0.
template <bool kDetail>
WZ_HD float blendWhole(PixelSums<kDetail>& sums, const SurfelRecord& s, const SurfelExtra* extra, uint32_t slot,
                       const PixelPlace& at) {
    const FlatHit hit = flatHit(s, at);
    const float blended = hit.seen && sums.paint[0].transmittance >= kTransmittanceMin ? 1.0f : 0.0f;
    blendFlatPicture(sums, 0, s, extra, slot, hit, blended, at.leakRatio);
    return blended;
}

// The two pictures apart from now on; they may still be the same.
template <bool kDetail>
WZ_HD void splitPixel(PixelSums<kDetail>& sums) {
    if (sums.split) return;
    sums.split = true;
    sums.paint[1] = sums.paint[0];
    sums.weight.transmittance = sums.paint[0].transmittance;
    if constexpr (kDetail) sums.detail[1] = sums.detail[0];
}

// As blendPixel, of any flat surfel, where the pictures are apart.
template <bool kDetail>
WZ_HD float blendApart(PixelSums<kDetail>& sums, const SurfelRecord& s, const SurfelExtra* extra, uint32_t slot,
                       const PixelPlace& at) {
    const FlatHit hit = flatHit(s, at);
    const bool finer = (s.flags & kRecordFine) && hit.seen && sums.paint[0].transmittance >= kTransmittanceMin;
    const bool coarser = (s.flags & kRecordCoarse) && hit.seen && sums.paint[1].transmittance >= kTransmittanceMin;
    blendFlatPicture(sums, 0, s, extra, slot, hit, finer ? 1.0f : 0.0f, at.leakRatio);
    blendFlatPicture(sums, 1, s, extra, slot, hit, coarser ? 1.0f : 0.0f, at.leakRatio);
    const float took = tookOf(sums.weight.transmittance, hit.seen ? hit.alpha : 0.0f, at.leakRatio);
    const float decides = inTransition(s) ? took : 0.0f;
    sums.weight.weighted = madd(decides, s.weight, sums.weight.weighted);
    sums.weight.share = sums.weight.share + decides;
    return finer || coarser ? 1.0f : 0.0f;
}

// As dimPixel, of a flat surfel.
WZ_HD void dimFlat(PixelLight& light, const SurfelRecord& s, const PixelPlace& at) {
    const FlatHit hit = flatHit(s, at);
    const float alpha = hit.seen ? hit.alpha : 0.0f;
    const float finer = s.flags & kRecordFine ? alpha : 0.0f, coarser = s.flags & kRecordCoarse ? alpha : 0.0f;
    light = {nmadd(light.finer, finer, light.finer), nmadd(light.coarser, coarser, light.coarser),
             nmadd(light.all, alpha, light.all)};
}

}  // namespace wz
