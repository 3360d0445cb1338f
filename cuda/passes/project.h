// SPDX-License-Identifier: Apache-2.0
// The project pass on a GPU: the launcher for one page.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "raster/passes/project.h"
#include "raster/rasterizer.h"

namespace wz {

enum class Projected : uint8_t { Not = 0, Drawn = 1, General = 2 };

// One element a surfel of the page, in its order; where `state` is Not the others hold nothing. General surfels are
// completed on the host (finishGeneralDisc).
struct ProjectedPage {
    std::vector<Projected> state;
    std::vector<SurfelRecord> records;
    std::vector<SurfelExtra> extras;
    std::vector<PixelRect> rects;
    std::vector<uint32_t> keys;
};

// Projects a page as this camera sees it, with its covers. Blocks until the results are on the host. `params` as made by
// projectParamsOf. Throws std::runtime_error with CUDA's words when the device fails; ask cudaStatus() first.
ProjectedPage projectCuda(const PageDraw& page, const Camera& camera, const ProjectParams& params);

}  // namespace wz
