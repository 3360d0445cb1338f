// SPDX-License-Identifier: Apache-2.0
// Turns a layer's arrays into the pages of its level.
#pragma once

#include <memory>
#include <vector>

#include "core/thread_pool.h"
#include "world/level.h"
#include "world/page.h"

namespace wz {

// Throws InputError that names the first bad surfel: array lengths that differ, values that are not finite, footprints
// or extents that are not positive, a zero quaternion or sky direction, opacity or mask outside 0..1.
void checkLayer(const SurfelLayerView& layer, ThreadPool& pool);

// The pages of a checked layer, sorted by key. Every surfel is in exactly one of them. The result depends neither on the
// order of the input nor on the number of threads, and a world scaled by a power of two gives the same page contents.
std::vector<std::shared_ptr<const Page>> paginate(const SurfelLayerView& layer, LevelId level, ThreadPool& pool);

// Checksum of a page's payload: its surfels, then its clusters, as they lie in memory.
uint64_t payloadChecksum(std::span<const Surfel> surfels, std::span<const Cluster> clusters);

// Centre of a surfel in wu (sky: unit direction).
Vec3d positionOf(const PageHeader& page, const Surfel& surfel);

}  // namespace wz
