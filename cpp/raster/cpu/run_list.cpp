// SPDX-License-Identifier: Apache-2.0
#include "raster/cpu/run_list.h"

#include <algorithm>
#include <cmath>

#include "raster/frame_view.h"
#include "raster/run_checks.h"

namespace wz {
void RunList::addRun(ProjectRun run, uint32_t first, uint32_t count, size_t view, size_t firstCover) {
    run.count = count;
    run.firstId += first;
    if (run.packed) run.packed += first;
    if (!run.packed) {
        LayerArrays& a = run.layer;
        a.positions += 3 * size_t(first);
        a.orientations += 4 * size_t(first);
        a.extents += 2 * size_t(first);
        a.colors += 3 * size_t(first);
        a.opacities += first;
        if (a.now) a.now += first;
        if (a.prior) a.prior += first;
        if (a.mask) a.mask += first;
        if (run.skip) run.skip += first;
    }
    runs_.push_back(run);
    firstSlots_.push_back(slots_);
    viewOfRun_.push_back(view);
    coverOfRun_.push_back(firstCover);
    slots_ += count;
}

void RunList::addPage(const PageDraw& page, const Camera& camera, const ProjectParams& params) {
    checkPage(page);
    const CameraMap map = cameraMapOf(page, camera, params);
    const size_t view = views_.size();
    views_.push_back(pageViewOf(page, camera, params));
    ProjectRun run{};
    run.params = &params;
    run.packed = page.surfels.data();
    run.centres = {map.base, map.axes.r0, map.axes.r1, map.axes.r2, page.unit};
    run.octaveFootprint = std::exp2(page.octaveBase);
    run.firstId = (uint64_t(page.pageOrdinal) << 32) + page.firstIndex;
    run.coverCount = static_cast<uint32_t>(page.covers.size());
    const uint32_t total = static_cast<uint32_t>(page.surfels.size());
    for (uint32_t first = 0; first < total; first += kRunLength) {
        const size_t firstCover = covers_.size();
        const size_t at = page.firstIndex + size_t(first);
        for (const CoverDraw& c : page.covers)
            covers_.push_back({c.weight.empty() ? nullptr : c.weight.data() + at,
                               c.next.empty() ? nullptr : c.next.data() + at,
                               c.color.empty() ? nullptr : c.color.data() + 3 * at, c.readiness, c.sibling});
        addRun(run, first, std::min(kRunLength, total - first), view, firstCover);
    }
    tested_ += total;
}

void RunList::addLayer(const LayerDraw& layer, uint32_t ordinal, bool sky, const Camera& camera,
                       const ProjectParams& params) {
    const size_t view = views_.size();
    views_.push_back(layerViewOf(layer, sky, params));
    const auto orNull = [](auto span) { return span.empty() ? nullptr : span.data(); };
    ProjectRun run{};
    run.params = &params;
    run.layer = {layer.positions.data(), layer.orientations.data(), layer.extents.data(), layer.colors.data(),
                 layer.opacities.data(), orNull(layer.now),         orNull(layer.prior),  orNull(layer.mask)};
    const Mat3d& rotation = params.cameraFromWorld;
    run.centres = {{}, rotation.r0, rotation.r1, rotation.r2, 1.0};
    run.eye = sky ? Vec3d{} : camera.position;
    run.skip = orNull(layer.isSky);
    run.keep = sky ? 1 : 0;
    run.firstId = uint64_t(ordinal) << 32;
    const uint32_t total = static_cast<uint32_t>(layer.opacities.size());
    for (uint32_t first = 0; first < total; first += kRunLength)
        addRun(run, first, std::min(kRunLength, total - first), view, covers_.size());
}

void RunList::build(const DrawList& list, const Camera& camera, const ProjectParams& params) {
    runs_.clear();
    firstSlots_.clear();
    viewOfRun_.clear();
    coverOfRun_.clear();
    views_.clear();
    covers_.clear();
    slots_ = 0;
    tested_ = 0;
    for (const PageDraw& page : list.pages) addPage(page, camera, params);
    for (uint32_t i = 0; i < list.layers.size(); ++i) {
        const LayerDraw& layer = list.layers[i];
        checkLayer(layer, params.applyFade);
        addLayer(layer, i, false, camera, params);
        if (holdsSky(layer)) addLayer(layer, i, true, camera, params);
        tested_ += layer.opacities.size();
    }
    for (size_t i = 0; i < runs_.size(); ++i) {  // only now do the vectors stay where they are
        runs_[i].page = &views_[viewOfRun_[i]];
        runs_[i].covers = covers_.data() + coverOfRun_[i];
    }
}

}  // namespace wz
