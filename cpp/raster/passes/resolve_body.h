// SPDX-License-Identifier: Apache-2.0
// The resolve pass: the two pictures of a pixel -> what is asked for.
#pragma once

#include "raster/passes/blend_body.h"

namespace wz {

// Share of picture A (with the finer level): mean weight of the surfels in transition.
template <class F>
WZ_HD F shareOfFiner(const WeightLanes<F>& sum) {
    return select(sum.share > F(0.0f), sum.weighted / sum.share, F(1.0f));
}

template <class F>
WZ_HD F mixed(F share, F a, F b) {
    return madd(share, a - b, b);
}

template <class F>
WZ_HD PaintLanes<F> mixPaint(F share, const PaintLanes<F>& a, const PaintLanes<F>& b) {
    return {mixed(share, a.transmittance, b.transmittance), mixed(share, a.red, b.red), mixed(share, a.green, b.green),
            mixed(share, a.blue, b.blue)};
}

// Median depth and id cannot be mixed: they come from the picture that has the larger share.
template <class F>
WZ_HD DetailLanes<F> mixDetail(F share, const DetailLanes<F>& a, const DetailLanes<F>& b) {
    const MaskOf<F> finer = share >= F(0.5f);
    DetailLanes<F> o;
    o.solid = mixed(share, a.solid, b.solid);
    o.depth = mixed(share, a.depth, b.depth);
    o.median = select(finer, a.median, b.median);
    o.nx = mixed(share, a.nx, b.nx);
    o.ny = mixed(share, a.ny, b.ny);
    o.nz = mixed(share, a.nz, b.nz);
    o.level = mixed(share, a.level, b.level);
    o.best = select(finer, a.best, b.best);
    o.bestSlot = select(finer, a.bestSlot, b.bestSlot);
    return o;
}

// Over the background.
template <class F>
WZ_HD PaintLanes<F> overBackground(const PaintLanes<F>& p, const float background[3]) {
    return {p.transmittance, madd(p.transmittance, F(background[0]), p.red),
            madd(p.transmittance, F(background[1]), p.green), madd(p.transmittance, F(background[2]), p.blue)};
}

// How depth along z, less `origin`, becomes what the frame holds: d * stretch + offset for the pixel.
template <class F>
struct DepthScale {
    F stretch, offset;
};

// A pixel whose larger part is sky is infinitely far; else the mean over what is not sky.
template <class F>
WZ_HD F expectedDepth(F solid, F depth, F coverage, const DepthScale<F>& scale) {
    const MaskOf<F> seen = (solid > F(0.0f)) & !(solid < F(0.5f) * coverage);
    return select(seen, depth / solid * scale.stretch + scale.offset, F(INFINITY));
}

}  // namespace wz
