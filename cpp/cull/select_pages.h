// SPDX-License-Identifier: Apache-2.0
// Which pages, and which runs inside them, a view needs. Pure functions: nothing is loaded, nothing remembered.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "shared/camera.h"
#include "world/snapshot.h"

namespace wz {

struct ViewOfPages {
    Camera camera;
    double detailBias = 0.0;           // octaves added to every footprint octave
    std::span<const float> readiness;  // by level id, 0..1; missing levels are ready
    bool applyFade = true;             // false: bands hide nothing
    bool alongZ = false;               // footprints by distance along z: bands are then not used to cull
    bool cull = true;                  // false: everything is selected
};

struct SelectStats {
    uint64_t pagesTested = 0, outsideView = 0, outsideBand = 0, covered = 0, selected = 0;
};

struct Selection {
    std::vector<uint32_t> pages;  // ordinals into snapshot.pages, ascending
    SelectStats stats;
};

Selection selectPages(const Snapshot& snapshot, const ViewOfPages& view);

// A run of neighbouring surfels of a page.
struct SurfelRun {
    uint32_t first = 0, count = 0;
};

// Appends the runs of `page` that may be seen; neighbouring clusters are joined.
void selectRuns(const Page& page, const ViewOfPages& view, std::vector<SurfelRun>& runs);

}  // namespace wz
