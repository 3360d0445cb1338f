// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "shared/camera.h"
#include "world/page.h"

namespace wz {

// The world's record of one committed layer.
struct LevelRecord {
    LevelId id = 0;
    std::optional<LevelId> parent;  // none for the first level
    Camera lens;                    // the camera it was asked for through: its pixels made the surfels
    Camera approach;                // the camera it is lived in
    uint64_t surfelCount = 0;
    double footprintMin = 0, footprintMax = 0;  // over its surfels that are not sky; 0 when all are
    Vec3d low, high;                            // bounds of its surfels that are not sky, wu
    std::string metadata;           // JSON object: prompt, seed, generator, versions, seconds, times. Opaque here.
    std::vector<std::string> blobs; // names of stored byte strings (source picture, distance map, masks)
};

// Arrays of one layer as they come from a job. N surfels; all spans have N (x k) elements.
struct SurfelLayerView {
    std::span<const double> positions;    // 3 N, wu; sky: unit directions
    std::span<const float> orientations;  // 4 N, wxyz, world from disc
    std::span<const float> extents;       // 2 N, wu; sky: radians
    std::span<const float> colors;        // 3 N
    std::span<const float> opacities;     // N
    std::span<const double> now;          // N, wu/px
    std::span<const double> prior;        // N, wu/px, +infinity: no parent
    std::span<const float> mask;          // N
    std::span<const uint8_t> isSky;       // N
    std::span<const uint16_t> flags;      // N
    size_t size() const { return opacities.size(); }
};

// The soft cover that a new level lays over coarser ones, as images over its lens view (width x height, row-major).
struct CoverMap {
    std::vector<float> weight;     // 0..1
    std::vector<double> distance;  // radial, from the lens eye, wu; +infinity: sky
    // A coarser surfel is covered when its own distance differs from the map by at most this many of its footprints.
    float toleranceFootprints = 6.0f;
    // Colour change to carry back to coarser levels: 3 floats a pixel, new minus old prefiltered colour; what is carried
    // is the change times `weight`. Empty when nothing was edited.
    std::vector<float> colorChange;
};

}  // namespace wz
