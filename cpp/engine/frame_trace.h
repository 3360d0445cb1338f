// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <span>

#include "raster/rasterizer.h"
#include "world/snapshot.h"

namespace wz {

struct FrameStats;

// What a frame tells the profiler beside its zones: counters, and instants where something changed since the frame before.
class FrameTrace {
public:
    // The number of the frame that begins, from 0 with each recording.
    uint64_t number();
    // What is known once the pages are selected and loaded.
    void recordSelection(const Snapshot& snapshot, const RenderSettings& settings, std::span<const float> readiness,
                         const FrameStats& stats);
    // What is known once the frame is drawn.
    void recordDrawing(const RenderStats& drawn);

private:
    void recordReadiness(std::span<const float> readiness);

    uint64_t recording_ = 0, frames_ = 0;
    uint64_t epoch_ = 0;
    bool any_ = false;
    std::map<LevelId, float> readiness_;  // of the levels that are not ready
};

}  // namespace wz
