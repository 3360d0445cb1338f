// SPDX-License-Identifier: Apache-2.0
// Pictures by the conventions of two other surfel renderers, tile lists and all, to compare with theirs. Not fast.
#pragma once

#include "core/thread_pool.h"
#include "raster/rasterizer.h"

namespace wz {

// Draws the list's layers (unpacked surfels without fade; a page, or sky, is an InputError). Outputs: color, coverage,
// depth (along z; accumulated and divided by coverage), median depth, normal, level; no ids.
RenderStats renderCompat(const DrawList& list, const Camera& camera, const RenderSettings& settings, Frame& frame,
                         ThreadPool& pool);

}  // namespace wz
