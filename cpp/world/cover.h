// SPDX-License-Identifier: Apache-2.0
// What a new level does to the levels that are already there.
#pragma once

#include <memory>
#include <vector>

#include "core/thread_pool.h"
#include "world/snapshot.h"

namespace wz {

// Throws InputError unless the map's arrays fit the lens view, weights lie in 0..1, distances are positive (or
// +infinity), colour changes are finite and the tolerance is positive. A map without weights and distances is empty: it
// covers nothing.
void checkCoverMap(const CoverMap& map, const Camera& lens);

struct NewCover {
    size_t page = 0;  // ordinal in the snapshot
    std::shared_ptr<const CoverLayer> layer;
};

// The covers that level `child`, asked for through `lens` under `parent`, lays over the pages of `before`; by ordinal.
//  - Its parent's surfels near the map are covered (they hand over between their `now` and the child's).
//  - Levels on other branches yield to it where they overlap, the newest wins: those beside or below it as siblings,
//    those at its parent's footprint as if they were its parent. Coarser ones there lie under other covers already.
//  - Colour changes go to every ancestor in which the edited region is at least a pixel.
// A page that cannot be loaded gets no cover.
std::vector<NewCover> coversBy(LevelId child, LevelId parent, const Camera& lens, const CoverMap& map,
                               const Snapshot& before, ThreadPool& pool);

}  // namespace wz
