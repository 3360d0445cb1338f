// SPDX-License-Identifier: Apache-2.0
// Slopes of a distance map in its own pixels, and where it jumps.
#pragma once

#include <cstdint>
#include <span>

#include "core/thread_pool.h"

namespace wz {

// Radial distances, row-major, above 0, +infinity for sky, seen with one focal length.
struct DistanceMap {
    std::span<const double> values;
    int32_t width = 0, height = 0;
    double focal_px = 1;
};

// What counts as a jump, in footprints of the nearer of two neighbours.
struct JumpRule {
    float steepest;        // any step above this
    float least, ofBeside;  // and any above least + ofBeside times the smaller step beside it; see slopes.py
    float tolerance;       // what that sum is multiplied with
};

// A value a pixel. Slopes are changes of distance a pixel over the footprint, taken on the pixel's own side of an edge.
struct SlopeMaps {
    std::span<float> across, down;   // along columns, along rows
    std::span<uint8_t> edge;         // a neighbour of the four stands on another surface
    std::span<uint8_t> between;      // the pixel stands between a nearer and a farther surface, on neither
};

void measureSlopes(const DistanceMap& map, const JumpRule& rule, const SlopeMaps& out, ThreadPool& pool);

}  // namespace wz
