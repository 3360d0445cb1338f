// SPDX-License-Identifier: Apache-2.0
#include "world/next_snapshot.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "core/errors.h"
#include "core/profiler.h"
#include "world/paginate.h"

namespace wz {
namespace {

void checkCamera(const Camera& camera, const char* name) {
    const Quatd q = camera.worldFromCamera;
    const double norm = q.w * q.w + q.x * q.x + q.y * q.y + q.z * q.z;
    const double all = camera.position.x + camera.position.y + camera.position.z + norm + camera.focal_px +
                       camera.cx_px + camera.cy_px;
    if (!std::isfinite(all) || !(camera.focal_px > 0) || !(norm > 1e-12))
        throw InputError(std::string(name) + " camera: finite values, a positive focal length and a rotation expected");
    if (camera.width < 1 || camera.height < 1)
        throw InputError(std::string(name) + " camera: a size of at least 1x1 px expected, " +
                         std::to_string(camera.width) + "x" + std::to_string(camera.height) + " came");
}

void checkRecord(const Commit& commit, const Snapshot& before) {
    checkCamera(commit.record.lens, "lens");
    checkCamera(commit.record.approach, "approach");
    if (before.levels.size() >= std::numeric_limits<LevelId>::max())
        throw InputError("a world holds at most " + std::to_string(std::numeric_limits<LevelId>::max()) + " levels");
    if (commit.record.parent && *commit.record.parent >= before.levels.size())
        throw InputError("parent level 0.." + std::to_string(static_cast<long>(before.levels.size()) - 1) +
                         " expected, " + std::to_string(*commit.record.parent) + " came");
    if (commit.layer.size() == 0) throw InputError("a layer of at least one surfel expected, an empty one came");
    std::set<std::string> names;
    for (const Blob& blob : commit.blobs)
        if (blob.name.empty() || !names.insert(blob.name).second)
            throw InputError("distinct, non-empty blob names expected, '" + blob.name + "' came");
}

void fillFacts(const SurfelLayerView& layer, LevelRecord& record) {
    record.surfelCount = layer.size();
    record.footprintMin = record.footprintMax = 0;
    record.low = record.high = {};
    bool any = false;
    for (size_t i = 0; i < layer.size(); ++i) {
        if (layer.isSky[i]) continue;
        const Vec3d p{layer.positions[3 * i], layer.positions[3 * i + 1], layer.positions[3 * i + 2]};
        if (!any) {
            record.low = record.high = p;
            record.footprintMin = record.footprintMax = layer.now[i];
            any = true;
        }
        record.low = {std::min(record.low.x, p.x), std::min(record.low.y, p.y), std::min(record.low.z, p.z)};
        record.high = {std::max(record.high.x, p.x), std::max(record.high.y, p.y), std::max(record.high.z, p.z)};
        record.footprintMin = std::min(record.footprintMin, layer.now[i]);
        record.footprintMax = std::max(record.footprintMax, layer.now[i]);
    }
}

}  // namespace

Addition additionOf(const Commit& commit, const Snapshot& before, ThreadPool& pool) {
    {
        WZ_ZONE("check");
        checkRecord(commit, before);
        checkLayer(commit.layer, pool);
        checkCoverMap(commit.cover, commit.record.lens);
    }
    auto record = std::make_shared<LevelRecord>(commit.record);
    record->id = static_cast<LevelId>(before.levels.size());
    fillFacts(commit.layer, *record);
    record->blobs.clear();
    for (const Blob& blob : commit.blobs) record->blobs.push_back(blob.name);
    Addition addition;
    addition.pages = paginate(commit.layer, record->id, pool);
    if (record->parent)
        addition.covers = coversBy(record->id, *record->parent, record->lens, commit.cover, before, pool);
    addition.record = std::move(record);
    return addition;
}

std::shared_ptr<Snapshot> withAddition(const Snapshot& before, const Addition& addition,
                                       const std::vector<std::shared_ptr<const PageSlot>>& slots,
                                       const std::vector<std::shared_ptr<const CoverSlot>>& covers) {
    auto next = std::make_shared<Snapshot>(before);
    next->epoch = before.epoch + 1;
    next->levels.push_back(addition.record);
    for (size_t i = 0; i < covers.size(); ++i) next->pages[addition.covers[i].page].covers.push_back(covers[i]);
    for (const auto& slot : slots) next->pages.push_back({slot, {}});  // the newest level has the greatest keys
    return next;
}

}  // namespace wz
