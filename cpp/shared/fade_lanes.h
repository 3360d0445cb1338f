// SPDX-License-Identifier: Apache-2.0
// The fade between levels, for a vector of surfels: which part each plays at the octave it is seen at.
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

// How far a fade is in its band. `begun` and `ended` are 0 or 1: whether a partner is, or no longer is, in its own picture.
// Of sums: the same, each times the share that it is of.
template <class F>
struct Band {
    F begun, weight, ended;
};

// The band between two octaves, for a partner whose part begins and ends as given; a step at `to` where it has no width.
template <class F>
WZ_HD Band<F> bandBetween(F octave, F from, F to, float begins, float ends) {
    const F zero(0.0f), one(1.0f);
    const F span = to - from;
    const F even = (octave - from) / span;
    const F ramp = minOf(maxOf((even - F(kBandRest)) * F(1.0f / (1.0f - 2.0f * kBandRest)), zero), one);
    const MaskOf<F> wide = span > zero;
    const F step = select(octave >= to, one, zero);
    return {select(wide, select(even > F(begins), one, zero), step), select(wide, ramp, step),
            select(wide, select(even >= F(ends), one, zero), step)};
}

template <class F>
WZ_HD Band<F> coarseBand(F octave, F now, F next) {
    return bandBetween(octave, now, next, kCoarseBegins, kCoarseEnds);
}

template <class F>
WZ_HD Band<F> fineBand(F octave, F prior, F now, float begins = kFineBegins, float ends = kFineEnds) {
    const F one(1.0f);
    const MaskOf<F> parentless = prior <= F(kNoParentOctave);
    const Band<F> band = bandBetween(octave, prior, now, begins, ends);
    return {select(parentless, one, band.begun), select(parentless, one, band.weight),
            select(parentless, one, band.ended)};
}

template <class F>
WZ_HD Band<F> scaled(const Band<F>& band, F by) {
    return {band.begun * by, band.weight * by, band.ended * by};
}

// Joins a surfel's band as the finer partner (its own mask and readiness multiplied in) and the summed bands of the finer
// levels that cover it. When it is in transition on both sides the coarse role wins: no hole can open.
template <class F>
WZ_HD FadeLanes<F> fadeLanesOf(const Band<F>& fine, const Band<F>& covered) {
    const F none(kWeightSlack), whole(1.0f - kWeightSlack);
    FadeLanes<F> o;
    o.hidden = (!(fine.begun > none)) | (covered.ended >= whole);
    o.coarse = covered.begun > none;
    o.fine = (!o.coarse) & (fine.ended < whole);
    o.weight = select(o.coarse, covered.weight, fine.weight);
    return o;
}

}  // namespace wz
