// SPDX-License-Identifier: Apache-2.0
// Every tunable of the engine: value, unit, reason. Constants live here once and reach Python through _core.
#pragma once

#include <cstdint>

namespace wz {

// Octree: a cell's edge covers at least this many native pixels, so that a surface page holds about 64 K surfels.
inline constexpr double kPixelsPerCell = 256.0;
inline constexpr uint32_t kMaxSurfelsPerPage = 65536;
// Culling inside a page works on runs of this many surfels in Morton order.
inline constexpr uint32_t kSurfelsPerCluster = 1024;

// A disc ends where its weight could no longer reach 1/255 at opacity 1, in standard deviations.
inline constexpr float kCutoffSigma = 3.33f;

}  // namespace wz
