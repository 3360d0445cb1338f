// SPDX-License-Identifier: Apache-2.0
// The fade between levels: which part a surfel plays at the octave it is seen at.
#pragma once

#include "shared/vec.h"

namespace wz {

enum class FadeLaw : int32_t { Dissolve = 0, Opacity = 1, Optical = 2 };

// A weight this near to 0 or 1 counts as that. Bands are kept to 1/1024 octave: where one ends the next begins, rounding
// must not leave three levels in transition at a point, none of them whole.
inline constexpr float kWeightSlack = 1e-3f;

// A fade between two levels, in parts of its band. Up to kRoleRest, and from 1 - kRoleRest, one of the levels is there alone.
// Between, each level stays in its own picture, and the weight goes from 0 to 1 between kBandRest and 1 - kBandRest.
// The coarse disc and the fine disc at a pixel are seen at octaves that differ by slant and relief and, at a depth edge, by 5 to
// 8 % of the distance (0.11 octaves): a disc must not go before the other one is whole, and where one band ends and the next
// begins, a pixel must not meet discs of three levels in transition. Without the rests a hole, or the coarsest level, flashes.
inline constexpr float kRoleRest = 0.05f;
inline constexpr float kBandRest = 0.12f;

}  // namespace wz
