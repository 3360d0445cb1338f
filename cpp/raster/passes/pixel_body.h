// SPDX-License-Identifier: Apache-2.0
// The blend and resolve passes for one pixel and one lane, as a GPU thread runs them. A long list of surfels can be cut
// into parts that are blended apart from each other, once each knows the transmittance that the parts before it leave.
#pragma once

#include "raster/passes/resolve.h"
#include "raster/passes/resolve_body.h"

namespace wz {

// A pixel's place: its 4x4 block's corner, its centre from there, and the reference pixel of general discs.
struct PixelPlace {
    float left, top;  // px
    float column, row;  // 0.5, 1.5, ... px
    float centerX, centerY;  // px
    float leakRatio;  // of the frame, see takeShare
};

// The two pictures of a pixel while it is being blended. Until a surfel in transition comes they are the same, and only the
// first is kept.
template <bool kDetail>
struct PixelSums {
    static constexpr int kDetails = kDetail ? 2 : 1;
    PaintLanes<float> paint[2];  // with the finer level, with the coarser one
    DetailLanes<float> detail[kDetails];
    WeightLanes<float> weight;  // what decides between the two, once `split`
    bool split;  // the two differ
};

inline constexpr uint32_t kNoSlot = 0xffffffffu;

// Transmittances of the two pictures, and of all surfels together.
struct PixelLight {
    float finer = 1.0f, coarser = 1.0f, all = 1.0f;
};

// What counts of light that came through, see takeShare.
WZ_HD float aboveLeak(float light, float leakRatio) { return maxOf(madd(light, 1.0f + leakRatio, -leakRatio), 0.0f); }

WZ_HD PixelLight aboveLeak(const PixelLight& light, float leakRatio) {
    return {aboveLeak(light.finer, leakRatio), aboveLeak(light.coarser, leakRatio), aboveLeak(light.all, leakRatio)};
}

WZ_HD bool lets(const PixelLight& light) {
    return light.finer >= kTransmittanceMin || light.coarser >= kTransmittanceMin;
}

// light: in front of the pixel's first surfel.
template <bool kDetail>
WZ_HD PixelSums<kDetail> startPixel(const PixelLight& light, bool split) {
    PixelSums<kDetail> sums;
    sums.paint[0] = {light.finer, 0.0f, 0.0f, 0.0f};
    sums.paint[1] = {light.coarser, 0.0f, 0.0f, 0.0f};
    sums.weight = {light.all, 0.0f, 0.0f};
    const float none = fromBits(static_cast<int32_t>(kNoSlot), 0.0f);
    for (int p = 0; p < PixelSums<kDetail>::kDetails; ++p)
        sums.detail[p] = {0.0f, 0.0f, INFINITY, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, none};
    sums.split = split;
    return sums;
}

template <bool kDetail>
WZ_HD bool isOpen(const PixelSums<kDetail>& sums) {
    return sums.paint[0].transmittance >= kTransmittanceMin ||
           (sums.split && sums.paint[1].transmittance >= kTransmittanceMin);
}

WZ_HD Hit<float> hitAt(const SurfelRecord& s, const PixelPlace& at) {
    if (s.flags & kRecordGeneral)
        return hitGeneral(s, at.column + (at.left - at.centerX), at.row + (at.top - at.centerY));
    const float px = at.column + (at.left - s.x), py = at.row + (at.top - s.y);
    if (s.flags & kRecordDot) return hitDot(s, px, py);
    return s.flags & kRecordFlat ? hitFlat(s, px, py) : hitDisc(s, px, py);
}

WZ_HD float alphaAt(const SurfelRecord& s, const Hit<float>& hit) {
    return (s.flags & (kRecordFlat | kRecordDot)) == kRecordFlat ? flatAlphaOf(s, hit) : alphaOf(s, hit);
}

WZ_HD bool inTransition(const SurfelRecord& s) {
    return (s.flags & (kRecordFine | kRecordCoarse)) != (kRecordFine | kRecordCoarse);
}

// One picture p of the pixel; returns whether it got something.
template <bool kDetail>
WZ_HD bool blendPicture(PixelSums<kDetail>& sums, int p, const SurfelRecord& s, const SurfelExtra* extra, uint32_t slot,
                        const Hit<float>& hit, float alpha, float leakRatio) {
    const float before = sums.paint[p].transmittance;
    const bool blended = before >= kTransmittanceMin;
    const float share = takeShare(sums.paint[p].transmittance, alpha, blended, leakRatio);
    addPaint(sums.paint[p], s, share);
    if constexpr (kDetail)
        addDetail(sums.detail[p], *extra, (s.flags & kRecordSky) != 0, hitDepth(s, *extra, hit), share, before,
                  sums.paint[p].transmittance, fromBits(static_cast<int32_t>(slot), share));
    return blended;
}

// Blends a surfel into a pixel; returns whether the pixel got something. `extra` is read for details alone.
template <bool kDetail>
WZ_HD bool blendPixel(PixelSums<kDetail>& sums, const SurfelRecord& s, const SurfelExtra* extra, uint32_t slot,
                      const PixelPlace& at) {
    const Hit<float> hit = hitAt(s, at);
    if (!hit.inside) return false;
    const float alpha = alphaAt(s, hit);
    if (!sums.split && inTransition(s)) {
        sums.split = true;
        sums.paint[1] = sums.paint[0];
        sums.weight.transmittance = sums.paint[0].transmittance;
        if constexpr (kDetail) sums.detail[1] = sums.detail[0];
    }
    bool reached = false;
    if (s.flags & kRecordFine) reached = blendPicture(sums, 0, s, extra, slot, hit, alpha, at.leakRatio);
    if (!sums.split) return reached;
    if (s.flags & kRecordCoarse) reached = blendPicture(sums, 1, s, extra, slot, hit, alpha, at.leakRatio) || reached;
    addWeight(sums.weight, s, alpha, true, at.leakRatio);
    return reached;
}

// Takes off `light` what a surfel stops, before any early stop and whatever the leak: the product over parts of a list is
// what comes through them all.
WZ_HD void dimPixel(PixelLight& light, const SurfelRecord& s, const PixelPlace& at) {
    const Hit<float> hit = hitAt(s, at);
    if (!hit.inside) return;
    const float alpha = alphaAt(s, hit);
    if (s.flags & kRecordFine) takeShare(light.finer, alpha, true, 0.0f);
    if (s.flags & kRecordCoarse) takeShare(light.coarser, alpha, true, 0.0f);
    takeShare(light.all, alpha, true, 0.0f);
}

// Adds what a later part of the list brought; `entering` is what came through to it.
template <bool kDetail>
WZ_HD void joinPixel(PixelSums<kDetail>& sums, const PixelSums<kDetail>& part, const PixelLight& entering) {
    sums.weight = {part.weight.transmittance, sums.weight.weighted + part.weight.weighted,
                   sums.weight.share + part.weight.share};
    for (int p = 0; p < 2; ++p) {
        if (!((p == 0 ? entering.finer : entering.coarser) >= kTransmittanceMin)) continue;
        PaintLanes<float>& to = sums.paint[p];
        const PaintLanes<float>& from = part.paint[p];
        to = {from.transmittance, to.red + from.red, to.green + from.green, to.blue + from.blue};
        if constexpr (kDetail) {
            DetailLanes<float>& d = sums.detail[p];
            const DetailLanes<float>& e = part.detail[p];
            d.solid = d.solid + e.solid;
            d.depth = d.depth + e.depth;
            d.median = select(e.median < INFINITY, e.median, d.median);
            d.nx = d.nx + e.nx;
            d.ny = d.ny + e.ny;
            d.nz = d.nz + e.nz;
            d.level = d.level + e.level;
            const bool better = e.best > d.best;
            d.bestSlot = select(better, e.bestSlot, d.bestSlot);
            d.best = select(better, e.best, d.best);
        }
    }
}

// Radial depth of a pixel from its depth along z: |ray| times it; the offset restores the frame's reference exactly.
WZ_HD DepthScale<float> depthScaleAt(const ResolveParams& r, int x, int y) {
    if (!r.radialDepth) return {1.0f, 0.0f};
    const double rx = (x + 0.5 - r.cx_px) / r.focal_px, ry = (y + 0.5 - r.cy_px) / r.focal_px;
    const double stretch = std::sqrt(1.0 + rx * rx + ry * ry);
    return {static_cast<float>(stretch), static_cast<float>(r.depthOrigin * stretch - r.depthReference)};
}

WZ_HD void resolveDetail(const ResolveParams& r, const FrameArrays& f, const DetailLanes<float>& d, float coverage,
                         const SurfelExtra* extras, int x, int y) {
    const size_t at = static_cast<size_t>(y) * static_cast<size_t>(f.width) + static_cast<size_t>(x);
    const float inverse = coverage > 0.0f ? 1.0f / coverage : 0.0f;
    if (f.depth || f.depthMedian) {
        const DepthScale<float> scale = depthScaleAt(r, x, y);
        if (f.depth) f.depth[at] = expectedDepth(d.solid, d.depth, coverage, scale);
        if (f.depthMedian) f.depthMedian[at] = d.median < INFINITY ? d.median * scale.stretch + scale.offset : INFINITY;
    }
    if (f.level) f.level[at] = d.level * inverse;
    if (f.normal) {
        f.normal[3 * at] = d.nx * inverse;
        f.normal[3 * at + 1] = d.ny * inverse;
        f.normal[3 * at + 2] = d.nz * inverse;
    }
    if (f.surfelId) {
        const uint32_t slot = static_cast<uint32_t>(bitsOf(d.bestSlot));
        f.surfelId[at] = slot != kNoSlot ? extras[slot].id : ~uint64_t(0);
    }
}

// Writes the images of the pixel (x, y), which lies in the frame.
template <bool kDetail>
WZ_HD void resolvePixel(const ResolveParams& r, const FrameArrays& f, const PixelSums<kDetail>& sums,
                        const SurfelExtra* extras, int x, int y) {
    const float finer = shareOfFiner(sums.weight);
    PaintLanes<float> paint = sums.paint[0];
    if (sums.split) paint = mixPaint(finer, paint, sums.paint[1]);
    paint = overBackground(paint, r.background);
    const size_t at = static_cast<size_t>(y) * static_cast<size_t>(f.width) + static_cast<size_t>(x);
    if (f.color) {
        f.color[3 * at] = paint.red;
        f.color[3 * at + 1] = paint.green;
        f.color[3 * at + 2] = paint.blue;
    }
    if (f.coverage) f.coverage[at] = 1.0f - paint.transmittance;
    if constexpr (kDetail) {
        DetailLanes<float> d = sums.detail[0];
        if (sums.split) d = mixDetail(finer, d, sums.detail[1]);
        resolveDetail(r, f, d, 1.0f - paint.transmittance, extras, x, y);
    }
}

}  // namespace wz
