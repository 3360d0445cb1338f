// SPDX-License-Identifier: Apache-2.0
// The fade of fade.h over lanes: the same decisions for a vector of surfels.
#pragma once

#include "shared/fade.h"
#include "shared/lanes.h"

namespace wz {

// "No parent" as a finite octave: far below every footprint, so that every fine weight there is 1.
inline constexpr float kNoParentOctave = -1e30f;

template <class F>
struct FadeLanes {
    MaskOf<F> fine, coarse;  // in transition; neither: full
    MaskOf<F> hidden;
    F weight;  // of the finer picture, where in transition
};

// (octave - from) / (to - from) in 0..1 with the rests of kBandRest; a step at `to` where the band has no width.
template <class F>
WZ_HD F bandWeight(F octave, F from, F to) {
    const F zero(0.0f), one(1.0f);
    const F span = to - from;
    const F even = (octave - from) / span;
    const F ramp = minOf(maxOf((even - F(kBandRest)) * F(1.0f / (1.0f - 2.0f * kBandRest)), zero), one);
    return select(span > zero, ramp, select(octave >= to, one, zero));
}

template <class F>
WZ_HD F fineBand(F octave, F prior, F now) {
    return select(prior <= F(kNoParentOctave), F(1.0f), bandWeight(octave, prior, now));
}

// As fadeOf in fade.h. When a surfel is in transition on both sides the coarse role wins: no hole can open.
template <class F>
WZ_HD FadeLanes<F> fadeLanesOf(F fine, F covered) {
    const F none(kWeightSlack), whole(1.0f - kWeightSlack);
    FadeLanes<F> o;
    o.hidden = (!(fine > none)) | (covered >= whole);
    o.coarse = covered > none;
    o.fine = (!o.coarse) & (fine < whole);
    o.weight = select(o.coarse, covered, fine);
    return o;
}

}  // namespace wz
