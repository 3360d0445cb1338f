// SPDX-License-Identifier: Apache-2.0
// From a distance map and its slopes to discs: one a pixel, in the surface there.
#pragma once

#include "lift/slopes.h"
#include "shared/camera.h"

namespace wz {

struct DiscRule {
    double extentPerFootprint;
    float leastCosine, leastCosineAtEdge;  // by how much a disc is stretched along the slant at most; beside a jump
};

// Some numbers a kept pixel, in their order. Sky: unit directions, extents in radians.
struct DiscArrays {
    std::span<double> positions;     // 3
    std::span<float> orientations;   // 4: w, x, y, z
    std::span<float> extents;        // 2
    std::span<double> now;
    std::span<uint8_t> isSky;
};

// camera: sees `distances`, a map of its size. kept: pixels by their place in the map. Shapes depend on footprints and slopes
// alone, which are as good at 36 octaves as at none.
void liftDiscs(std::span<const double> distances, const SlopeMaps& slopes, const Camera& camera, const DiscRule& rule,
               std::span<const int64_t> kept, const DiscArrays& out, ThreadPool& pool);

}  // namespace wz
