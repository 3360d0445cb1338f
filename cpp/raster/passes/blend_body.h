// SPDX-License-Identifier: Apache-2.0
// The blend pass: one pixel a lane, one surfel after the other, nearest first.
#pragma once

#include "raster/passes/project.h"
#include "shared/ray_surfel.h"

namespace wz {

// Where a pixel's ray meets a disc.
template <class F>
struct Hit {
    F halfSquare;       // sigma: half the squared standard deviations, low-pass taken in
    F depthFactor;      // 1 / zz: hit depth over the mean's
    F slope;            // 1 - zz, not formed by subtraction
    MaskOf<F> onPlane;  // the disc, not its low-pass dot: the plane far outside an edge-on disc may be anywhere
    MaskOf<F> inside;
};

// px, py: pixel relative to the mean. Inside means alpha >= kAlphaMin: decided here, once.
template <class F>
WZ_HD Hit<F> hitDisc(const SurfelRecord& s, F px, F py) {
    Hit<F> hit;
    const F zx = madd(F(s.ux), px, F(s.uy) * py);
    const F zy = madd(F(s.vx), px, F(s.vy) * py);
    hit.slope = madd(F(s.hx), px, F(s.hy) * py);
    hit.depthFactor = F(1.0f) / (F(1.0f) - hit.slope);
    const F plane = madd(zx, zx, zy * zy);
    const F onDisc = F(0.5f) * plane * (hit.depthFactor * hit.depthFactor);
    const F onScreen = madd(px, px, py * py);  // (2 |p - mean|^2) / 2
    hit.onPlane = onDisc <= onScreen;
    hit.halfSquare = minOf(onDisc, onScreen);
    hit.inside = hit.halfSquare <= F(0.5f * s.cutoff2);
    return hit;
}

// As hitDisc for a record that is kRecordFlat: a series takes the division's place, one quadratic form that of two linear
// ones.
template <class F>
WZ_HD Hit<F> hitFlat(const SurfelRecord& s, F px, F py) {
    Hit<F> hit;
    hit.slope = madd(F(s.hx), px, F(s.hy) * py);
    hit.depthFactor = F(1.0f) + hit.slope;
    const F stretch = madd(hit.slope, madd(hit.slope, F(3.0f), F(2.0f)), F(1.0f));
    const F square = py * py;
    const F onScreen = madd(px, px, square);
    const F onDisc = madd(px, madd(F(s.flatXX()), px, F(s.flatXY()) * py), F(s.flatYY()) * square) * stretch;
    hit.onPlane = onDisc <= onScreen;
    hit.halfSquare = minOf(onDisc, onScreen);
    hit.inside = hit.halfSquare + hit.halfSquare <= F(s.cutoff2);
    return hit;
}

// As hitDisc for a record that is kRecordDot, one pixel apart from the others: neither the disc's plane nor a division. Where many
// pixels of a row and a column are at hand, dotFalloff is less work.
template <class F>
WZ_HD Hit<F> hitDot(const SurfelRecord& s, F px, F py) {
    Hit<F> hit;
    hit.slope = F(0.0f);
    hit.depthFactor = F(1.0f);
    hit.halfSquare = madd(px, px, py * py);
    hit.onPlane = hit.halfSquare < F(0.0f);
    hit.inside = hit.halfSquare <= F(0.5f * s.cutoff2);
    return hit;
}

// The low-pass dot of a record that is kRecordDot is exp(-px^2) exp(-py^2) times its opacity: one factor for each column
// and row of pixels. d: px or py; scale: the opacity in one of the factors, 1 in the other.
template <class F>
WZ_HD F dotFalloff(F d, F scale) {
    return scale * exp2Within<4>(maxOf(d * d * F(-kLog2OfE), F(-120.0f)));
}

template <class F>
WZ_HD F dotAlpha(F column, F row) {
    return minOf(F(kAlphaMax), column * row);
}

// px, py: pixel relative to the frame's centre. The record's first nine floats are a GeneralDisc.
template <class F>
WZ_HD Hit<F> hitGeneral(const SurfelRecord& s, F px, F py) {
    Hit<F> hit;
    const F zx = madd(F(s.ux), px, madd(F(s.uy), py, F(s.x)));
    const F zy = madd(F(s.vx), px, madd(F(s.vy), py, F(s.y)));
    const F zz = madd(F(s.hx), px, madd(F(s.hy), py, F(s.spare)));
    hit.slope = F(0.0f);
    hit.depthFactor = F(1.0f) / zz;
    hit.halfSquare = F(0.5f) * madd(zx, zx, zy * zy) * (hit.depthFactor * hit.depthFactor);
    hit.onPlane = zz > F(0.0f);
    hit.inside = (zz > F(0.0f)) & (zz <= F(1.0f)) & (hit.halfSquare <= F(0.5f * s.cutoff2));
    return hit;
}

// Only where the hit is inside; elsewhere anything may come.
template <class F>
WZ_HD F alphaOf(const SurfelRecord& s, const Hit<F>& hit) {
    return minOf(F(kAlphaMax), F(s.opacity) * exp2Within<4>(hit.halfSquare * F(-kLog2OfE)));
}

// The same of a record that is kRecordFlat.
template <class F>
WZ_HD F flatAlphaOf(const SurfelRecord& s, const Hit<F>& hit) {
    return minOf(F(kAlphaMax), exp2Within<4>(nmadd(hit.halfSquare, F(kLog2OfE), F(s.flatLog2Opacity()))));
}

// Depth of a hit along z, less the depth origin: exact differences, no cancellation. A low-pass dot has its mean's depth.
template <class F>
WZ_HD F hitDepth(const SurfelRecord& s, const SurfelExtra& extra, const Hit<F>& hit) {
    if (s.flags & kRecordGeneral) return madd(F(extra.depth), hit.depthFactor, F(extra.depthRelative));
    const F beyond = select(hit.onPlane, hit.slope * hit.depthFactor, F(0.0f));
    return madd(F(extra.depth), beyond, F(extra.depthRelative));
}

// One picture of a pixel while it is being blended.
template <class F>
struct PaintLanes {
    F transmittance, red, green, blue;
};

// What decides between the two pictures: the weights of the surfels in transition, each by what it contributes to a third
// picture, of all surfels together. So what is met first decides, whichever picture it is in: a surfel in transition far
// behind, seen through a place where only one picture has its front surface, does not.
template <class F>
struct WeightLanes {
    F transmittance, weighted, share;
};

// The further sums of one picture, for depth, normal, level and id.
template <class F>
struct DetailLanes {
    F solid, depth;  // contributions that have a depth (not sky), and their depth
    F median;
    F nx, ny, nz, level;
    F best, bestSlot;  // largest contribution; bits of the surfel's slot
};

// Share of the pixel that the surfel contributes; 0 where `blended` is false. Updates the transmittance, which is what is
// left above the frame's leak (see RenderSettings): of the light t that comes through, (t - leak) / (1 - leak).
// leakRatio: leak / (1 - leak); with 0 the share is transmittance * alpha, to the last bit.
template <class F>
WZ_HD F takeShare(F& transmittance, F alpha, MaskOf<F> blended, F leakRatio) {
    const F stopped = madd(transmittance, alpha, leakRatio * alpha);
    const F share = select(blended, minOf(transmittance, stopped), F(0.0f));
    transmittance = transmittance - share;
    return share;
}

// The same share of a light that is the transmittance and leakRatio together, which it never falls below: in fewer and
// shorter steps.
template <class F>
WZ_HD F takeLight(F& light, F alpha, MaskOf<F> blended, F leakRatio) {
    const F before = light;
    light = select(blended, maxOf(nmadd(before, alpha, before), leakRatio), before);
    return before - light;
}

// inTransition: whether the surfel is in one picture only.
template <class F>
WZ_HD void addWeight(WeightLanes<F>& sum, const SurfelRecord& s, F alpha, MaskOf<F> inside, F leakRatio,
                     bool inTransition) {
    const F share = takeShare(sum.transmittance, alpha, inside, leakRatio);
    if (!inTransition) return;
    sum.weighted = madd(share, F(s.weight), sum.weighted);
    sum.share = sum.share + share;
}

template <class F>
WZ_HD void addWeight(WeightLanes<F>& sum, const SurfelRecord& s, F alpha, MaskOf<F> inside, F leakRatio) {
    constexpr uint32_t kBoth = kRecordFine | kRecordCoarse;
    addWeight(sum, s, alpha, inside, leakRatio, (s.flags & kBoth) != kBoth);
}

template <class F>
WZ_HD void addPaint(PaintLanes<F>& paint, const SurfelRecord& s, F share) {
    paint.red = madd(share, F(s.red), paint.red);
    paint.green = madd(share, F(s.green), paint.green);
    paint.blue = madd(share, F(s.blue), paint.blue);
}

// Which of the further sums are kept: bits.
enum DetailSum : uint32_t {
    kSumDepth = 1u,
    kSumMedian = 2u,
    kSumNormal = 4u,
    kSumSlot = 8u,
    kSumSolid = 16u,
    kSumLevel = 32u,
};
inline constexpr uint32_t kAllSums = 63u;

// before, after: transmittance around this surfel.
template <class F>
WZ_HD void addDetail(DetailLanes<F>& sum, const SurfelExtra& extra, bool sky, F depth, F share, F before, F after,
                     F slotBits, uint32_t sums = kAllSums) {
    if (!sky && (sums & kSumSolid)) sum.solid = sum.solid + share;
    if (!sky && (sums & kSumDepth)) sum.depth = madd(share, depth, sum.depth);
    if (sums & kSumMedian) {
        const MaskOf<F> half = (before > F(kMedianTransmittance)) & (after <= F(kMedianTransmittance));
        sum.median = select(half, sky ? F(INFINITY) : depth, sum.median);
    }
    if (sums & kSumNormal) {
        sum.nx = madd(share, F(extra.nx), sum.nx);
        sum.ny = madd(share, F(extra.ny), sum.ny);
        sum.nz = madd(share, F(extra.nz), sum.nz);
    }
    if (sums & kSumLevel) sum.level = madd(share, F(extra.level), sum.level);
    if (sums & kSumSlot) {
        const MaskOf<F> better = share > sum.best;
        sum.best = select(better, share, sum.best);
        sum.bestSlot = select(better, slotBits, sum.bestSlot);
    }
}

}  // namespace wz
