// SPDX-License-Identifier: Apache-2.0
// A draw list as the kernels take it: runs with their covers, and the frame's head.
#pragma once

#include <cmath>
#include <vector>

#include "core/errors.h"
#include "cuda/frame_scratch.h"
#include "raster/frame_view.h"
#include "raster/run_checks.h"

namespace wz {

inline constexpr uint32_t kDetailOutputs =
    kOutputDepth | kOutputDepthMedian | kOutputNormal | kOutputLevel | kOutputSurfelId;

// Runs in draw order: pages, then layers (their surfels, then their sky). Keeps its memory between frames.
class FrameList {
public:
    // `place` says where the kernels find what the draw list points to:
    //   place.surfels(PageDraw) -> const Surfel*, the run's first
    //   place.cover(CoverDraw) -> CoverArrays, from the page's first surfel on
    //   place.array(span) -> pointer to its first element
    // Throws InputError for a bad camera and for arrays whose lengths do not fit together.
    template <class Place>
    void build(const DrawList& list, const Camera& camera, const RenderSettings& settings, Place&& place) {
        checkView(camera, settings);
        params_ = projectParamsOf(list, camera, settings);
        runs_.clear();
        covers_.clear();
        firstCovers_.clear();
        slots_ = blocks_ = 0;
        tested_ = 0;
        for (const PageDraw& page : list.pages) addPage(page, camera, place);
        for (uint32_t i = 0; i < list.layers.size(); ++i) {
            checkLayer(list.layers[i], params_.applyFade);
            addLayer(list.layers[i], i, camera, place);
        }
        if (slots_ > kSlotMask)
            throw InputError("a draw list may hold fewer than 2^26 surfels on a GPU, got " + std::to_string(slots_));
        for (size_t i = 0; i < runs_.size(); ++i) runs_[i].covers = covers_.data() + firstCovers_[i];
    }

    // Pointers to covers are into covers(); the backend moves them to device memory.
    std::vector<PageRun>& runs() { return runs_; }
    const std::vector<CoverArrays>& covers() const { return covers_; }
    size_t firstCover(size_t run) const { return firstCovers_[run]; }
    uint32_t slots() const { return static_cast<uint32_t>(slots_); }
    uint32_t blocks() const { return static_cast<uint32_t>(blocks_); }
    uint64_t tested() const { return tested_; }

    // Without images and runs, which the backend places.
    FrameHead head(const Camera& camera, const RenderSettings& settings) const {
        FrameHead h{};
        h.project = params_;
        h.leakRatio = leakRatioOf(settings);
        for (size_t k = 0; k < 3; ++k) h.resolve.background[k] = settings.background[k];
        h.resolve.radialDepth = settings.depthKind == DistanceKind::Radial;
        h.resolve.focal_px = camera.focal_px;
        h.resolve.cx_px = camera.cx_px;
        h.resolve.cy_px = camera.cy_px;
        h.resolve.depthOrigin = params_.depthOrigin;
        h.resolve.depthReference = settings.depthReference;
        h.runCount = static_cast<uint32_t>(runs_.size());
        h.blockCount = blocks();
        h.grid = gpuGridOf(camera.width, camera.height);
        h.tiles = static_cast<uint32_t>(h.grid.columns) * static_cast<uint32_t>(h.grid.rows);
        h.centerX_px = 0.5f * static_cast<float>(camera.width);
        h.centerY_px = 0.5f * static_cast<float>(camera.height);
        return h;
    }

private:
    void addRun(PageRun run, size_t count, size_t firstCover) {
        if (count == 0) return;
        run.count = static_cast<uint32_t>(count);
        run.firstSlot = static_cast<uint32_t>(slots_);
        run.firstBlock = static_cast<uint32_t>(blocks_);
        slots_ += count;
        blocks_ += (count + kProjectThreads - 1) / kProjectThreads;
        runs_.push_back(run);
        firstCovers_.push_back(firstCover);
    }

    template <class Place>
    void addPage(const PageDraw& page, const Camera& camera, Place& place) {
        checkPage(page);
        tested_ += page.surfels.size();
        const size_t firstCover = covers_.size(), first = page.firstIndex;
        for (const CoverDraw& c : page.covers) {
            CoverArrays arrays = place.cover(c);
            if (arrays.weight) arrays.weight += first;
            if (arrays.next) arrays.next += first;
            if (arrays.color) arrays.color += 3 * first;
            covers_.push_back(arrays);
        }
        const CameraMap map = cameraMapOf(page, camera, params_);
        PageRun run{};
        run.page = pageViewOf(page, camera, params_);
        run.centres = {map.base, map.axes.r0, map.axes.r1, map.axes.r2, page.unit};
        run.octaveFootprint = std::exp2(page.octaveBase);
        run.firstId = (uint64_t(page.pageOrdinal) << 32) + page.firstIndex;
        run.surfels = page.surfels.empty() ? nullptr : place.surfels(page);
        run.coverCount = static_cast<uint32_t>(page.covers.size());
        addRun(run, page.surfels.size(), firstCover);
    }

    template <class Place>
    void addLayer(const LayerDraw& layer, uint32_t ordinal, const Camera& camera, Place& place) {
        tested_ += layer.opacities.size();
        const auto orNull = [&](auto span) { return span.empty() ? nullptr : place.array(span); };
        PageRun run{};
        run.layer = {orNull(layer.positions), orNull(layer.orientations), orNull(layer.extents), orNull(layer.colors),
                     orNull(layer.opacities), orNull(layer.now),          orNull(layer.prior),   orNull(layer.mask)};
        const Mat3d& rotation = params_.cameraFromWorld;
        run.centres = {{}, rotation.r0, rotation.r1, rotation.r2, 1.0};
        run.isSky = orNull(layer.isSky);
        run.firstId = uint64_t(ordinal) << 32;
        const bool hasSky = holdsSky(layer);
        for (const bool sky : {false, true}) {
            if (sky && !hasSky) continue;
            run.page = layerViewOf(layer, sky, params_);
            run.eye = sky ? Vec3d{} : camera.position;
            run.keepSky = sky ? 1 : 0;
            addRun(run, layer.opacities.size(), covers_.size());
        }
    }

    ProjectParams params_;
    std::vector<PageRun> runs_;
    std::vector<CoverArrays> covers_;
    std::vector<size_t> firstCovers_;
    size_t slots_ = 0, blocks_ = 0;
    uint64_t tested_ = 0;
};

}  // namespace wz
