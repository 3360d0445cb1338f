// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "shared/camera.h"
#include "world/snapshot.h"

namespace wz {

// Distance (wu) of what a view is about: the median over the finest pages it draws, within an octave of the finest. Near plane
// and draw order are relative to it: far mountains beside a petal must not clip the petal. 0 when only sky is drawn.
double focusDistanceOf(const Snapshot& snapshot, const std::vector<uint32_t>& pages, const Camera& camera);

}  // namespace wz
