// SPDX-License-Identifier: Apache-2.0
// The fade between levels: which part a surfel plays at the octave it is seen at.
#pragma once

#include "shared/vec.h"

namespace wz {

enum class FadeLaw : int32_t { Dissolve = 0, Opacity = 1, Optical = 2 };

// A weight this near to 0 or 1 counts as that. Bands are kept to 1/1024 octave: where one ends the next begins, rounding
// must not leave three levels in transition at a point, none of them whole.
inline constexpr float kWeightSlack = 1e-3f;

// A fade between two levels, in parts of its band. The weight goes from 0 to 1 between kBandRest and 1 - kBandRest; before and
// after it rests, while the levels move into and out of their own pictures. The coarse disc and the fine disc at a pixel are
// seen at octaves that differ by slant, relief and, at a depth edge, 5 to 8 % of the distance (0.11 octaves). So that neither
// picture ever has a hole, a fine disc comes into its picture before the coarse one leaves it, and is in both before the coarse
// one goes; so that where two bands meet no pixel has three levels in transition, nothing is at either end of a band.
inline constexpr float kFineBegins = 0.08f, kCoarseBegins = 0.12f;
inline constexpr float kFineEnds = 0.88f, kCoarseEnds = 0.92f;
inline constexpr float kBandRest = 0.12f;

}  // namespace wz
