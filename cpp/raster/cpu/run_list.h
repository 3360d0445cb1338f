// SPDX-License-Identifier: Apache-2.0
// Cuts a draw list into runs of surfels that one task projects.
#pragma once

#include <vector>

#include "raster/cpu/kernels.h"
#include "raster/rasterizer.h"

namespace wz {

// Runs in draw order: pages, then layers (their surfels, then their sky). Keeps its memory between frames.
class RunList {
public:
    // Surfels of a run: a task of some tens of microseconds.
    static constexpr uint32_t kRunLength = 2048;

    // The draw list and params must outlive the runs. Throws InputError for arrays whose lengths do not fit together.
    void build(const DrawList& list, const Camera& camera, const ProjectParams& params);

    std::vector<ProjectRun>& runs() { return runs_; }
    // Slots that the runs need together; run i starts at firstSlot(i).
    size_t slots() const { return slots_; }
    size_t firstSlot(size_t run) const { return firstSlots_[run]; }
    uint64_t tested() const { return tested_; }

private:
    void addPage(const PageDraw& page, const Camera& camera, const ProjectParams& params);
    void addLayer(const LayerDraw& layer, uint32_t ordinal, bool sky, const Camera& camera,
                  const ProjectParams& params);
    void addRun(ProjectRun run, uint32_t first, uint32_t count, size_t view, size_t firstCover);

    std::vector<ProjectRun> runs_;
    std::vector<size_t> firstSlots_, viewOfRun_, coverOfRun_;
    std::vector<PageView> views_;
    std::vector<CoverArrays> covers_;
    size_t slots_ = 0;
    uint64_t tested_ = 0;
};

}  // namespace wz
