// SPDX-License-Identifier: Apache-2.0
// The fade between levels: which part a surfel plays at the octave it is seen at.
#pragma once

#include "shared/vec.h"

namespace wz {

enum class FadeLaw : int32_t { Dissolve = 0, Opacity = 1, Optical = 2 };

enum class FadeRole : int32_t { Hidden, Full, Fine, Coarse };

struct Fade {
    FadeRole role;
    float weight;  // weight of the finer picture, 0..1; for Full and Hidden unused
};

// A weight this near to 0 or 1 counts as that. Bands are kept to 1/1024 octave: where one ends the next begins, rounding
// must not leave three levels in transition at a point, none of them whole.
inline constexpr float kWeightSlack = 1e-3f;

// A ramp between two levels rests for this part of its band at either end: neighbouring discs are seen at octaves that differ
// by slant and relief, and where one band ends and the next begins a pixel must not meet discs of three levels in transition
// (it would flash the coarsest). The weight is off the even ramp by this much at most.
inline constexpr float kBandRest = 0.016f;

WZ_HD float clamp01(float v) { return v < 0.0f ? 0.0f : (v > 1.0f ? 1.0f : v); }

// Weight of a surfel as the finer partner. Octaves l = -log2(footprint); prior may be -infinity (then 1).
WZ_HD float fineWeight(float octave, float priorOctave, float nowOctave) {
    if (std::isinf(priorOctave)) return 1.0f;
    const float span = nowOctave - priorOctave;
    if (!(span > 0.0f)) return octave >= nowOctave ? 1.0f : 0.0f;
    return clamp01(((octave - priorOctave) / span - kBandRest) * (1.0f / (1.0f - 2.0f * kBandRest)));
}

// Weight with which one finer cover replaces a surfel: 0 at now, 1 at next, with the rests of kBandRest.
WZ_HD float coverWeight(float octave, float nowOctave, float nextOctave) {
    const float span = nextOctave - nowOctave;
    if (!(span > 0.0f)) return octave >= nextOctave ? 1.0f : 0.0f;
    return clamp01(((octave - nowOctave) / span - kBandRest) * (1.0f / (1.0f - 2.0f * kBandRest)));
}

// Joins a surfel's weight as the finer partner (with its own mask and readiness multiplied in) and the summed weight
// of the finer levels that cover it. When it is in transition on both sides the coarse role wins: no hole can open.
WZ_HD Fade fadeOf(float fine, float covered) {
    if (fine <= kWeightSlack || covered >= 1.0f - kWeightSlack) return {FadeRole::Hidden, 0.0f};
    if (covered > kWeightSlack) return {FadeRole::Coarse, covered};
    if (fine < 1.0f - kWeightSlack) return {FadeRole::Fine, fine};
    return {FadeRole::Full, 1.0f};
}

}  // namespace wz
