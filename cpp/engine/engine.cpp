// SPDX-License-Identifier: Apache-2.0
#include "engine/engine.h"

#include <algorithm>
#include <chrono>

#include "core/errors.h"
#include "core/file.h"
#include "core/profiler.h"
#include "engine/focus.h"
#include "engine/frame_trace.h"
#include "engine/page_loader.h"
#include "engine/patched_covers.h"

namespace wz {
namespace {

using Clock = std::chrono::steady_clock;

double millisecondsSince(Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

float readinessOf(std::span<const float> readiness, LevelId level) {
    return level < readiness.size() ? readiness[level] : 1.0f;
}

// Selects and loads. A page found corrupt lets coarser ones show in its place: then the selection is made anew.
Selection selectLoaded(const Snapshot& snapshot, const ViewOfPages& view, PageLoader& loader, FrameStats& stats) {
    while (true) {
        const auto start = Clock::now();
        const size_t missingBefore = snapshot.missing->count();
        Selection selection = [&] {
            WZ_ZONE_OF("select", snapshot.pages.size());
            return selectPages(snapshot, view);
        }();
        stats.selectMs += millisecondsSince(start);
        const auto loading = Clock::now();
        const LoadStats load = loader.load(snapshot, selection.pages);
        stats.missingPages = load.missing;
        stats.pagesLoaded += load.loaded;
        stats.bytesRead += load.bytesRead;
        stats.loadMs += millisecondsSince(loading);
        stats.select = selection.stats;
        if (snapshot.missing->count() == missingBefore) return selection;
    }
}

// The pages that a camera needs once all levels are ready. What a view is about depends on nothing else: the draw order is
// rounded relative to it, and must not change while levels fade or arrive.
std::vector<uint32_t> pagesOfCamera(const Snapshot& snapshot, ViewOfPages view, const Selection& selection) {
    const auto isReady = [](float readiness) { return readiness >= 1.0f; };
    if (view.cull && view.detailBias == 0 && std::all_of(view.readiness.begin(), view.readiness.end(), isReady))
        return selection.pages;  // as most frames: it is the same selection
    view.cull = true;
    view.detailBias = 0;
    view.readiness = {};
    return selectPages(snapshot, view).pages;
}

}  // namespace

// Kept between frames so that a steady frame allocates nothing, and what a draw list points into stays alive.
struct Engine::Scratch {
    DrawList list;
    std::vector<SurfelRun> runs;
    std::vector<std::shared_ptr<const Page>> pages;
    std::vector<std::shared_ptr<const CoverLayer>> covers;
    PatchedCovers patched;
    PageLoader loader;
    FrameTrace trace;

    explicit Scratch(int threads) : loader(threads) {}

    void clear() {
        list.pages.clear();
        list.layers.clear();
        pages.clear();
        covers.clear();
    }

    std::vector<CoverDraw> coversOf(const PageEntry& entry, const Page& page, const MissingPages& missing,
                                    std::span<const float> readiness) {
        std::vector<CoverDraw> draws;
        for (auto it = entry.covers.rbegin(); it != entry.covers.rend(); ++it) {  // newest first
            const float ready = readinessOf(readiness, (*it)->child());
            if (ready <= 0.0f) continue;
            auto layer = patched.of(page, (*it)->layer(), missing);
            if (!layer) continue;
            draws.push_back({layer->weight, layer->next, layer->color, ready, layer->sibling, layer});
            covers.push_back(std::move(layer));
        }
        return draws;
    }

    void add(const Snapshot& snapshot, uint32_t ordinal, std::shared_ptr<const Page> page, const ViewOfPages& view) {
        const PageEntry& entry = snapshot.pages[ordinal];
        const PageHeader& header = page->header();
        runs.clear();
        selectRuns(*page, view, runs);
        if (runs.empty()) return;
        PageDraw draw;
        draw.origin = header.origin;
        draw.unit = header.unit;
        draw.octaveBase = header.octaveBase;
        draw.level = header.key.level;
        draw.pageOrdinal = ordinal;
        draw.sky = header.key.sky;
        draw.readiness = readinessOf(view.readiness, header.key.level);
        draw.owner = page;
        draw.page = page->surfels();
        draw.covers = coversOf(entry, *page, *snapshot.missing, view.readiness);
        for (const SurfelRun& run : runs) {
            draw.firstIndex = run.first;
            draw.surfels = page->surfels().subspan(run.first, run.count);
            list.pages.push_back(draw);
        }
        pages.push_back(std::move(page));
    }
};

Engine::Engine(int threads, const std::string& instructions, Backend backend)
    : rasterizer_(makeRasterizer(backend, threads, instructions)),
      device_(dynamic_cast<DeviceRasterizer*>(rasterizer_.get())),
      scratch_(std::make_unique<Scratch>(threads)) {}
Engine::~Engine() = default;

// Fills the draw list; returns the settings with the focus distance known.
RenderSettings Engine::prepare(const Snapshot& snapshot, const Camera& camera, const RenderSettings& settings,
                               std::span<const float> readiness, FrameStats& stats) {
    const ViewOfPages view{
        camera,       settings.detailBias, readiness, settings.applyFade, settings.fadeDistance == DistanceKind::AlongZ,
        settings.cull};
    scratch_->clear();
    const Selection selection = selectLoaded(snapshot, view, scratch_->loader, stats);
    RenderSettings focused = settings;
    {
        WZ_ZONE("list");
        const auto listing = Clock::now();
        const uint64_t readBefore = fileTally().bytesRead;  // covers are read here
        for (const uint32_t ordinal : selection.pages)
            if (auto page = snapshot.pages[ordinal].page->page())
                scratch_->add(snapshot, ordinal, std::move(page), view);
        scratch_->patched.endFrame();
        if (focused.leak < 0) focused.leak = snapshot.leak;
        if (focused.focusDistance <= 0)
            focused.focusDistance = focusDistanceOf(snapshot, pagesOfCamera(snapshot, view, selection), camera);
        stats.listMs = millisecondsSince(listing);
        stats.bytesRead += fileTally().bytesRead - readBefore;
    }
    return focused;
}

FrameStats Engine::render(const Snapshot& snapshot, const Camera& camera, const RenderSettings& settings,
                          std::span<const float> readiness, Frame& frame) {
    WZ_ZONE_OF("frame", scratch_->trace.number());
    const auto start = Clock::now();
    FrameStats stats;
    const RenderSettings focused = prepare(snapshot, camera, settings, readiness, stats);
    stats.render = rasterizer_->render(scratch_->list, camera, focused, frame);
    scratch_->clear();
    stats.totalMs = millisecondsSince(start);
    if (profiler::isRecording()) {
        scratch_->trace.recordSelection(snapshot, settings, readiness, stats);
        scratch_->trace.recordDrawing(stats.render);
        if (!device_) WZ_COUNTER("bytes uploaded", 0);  // a GPU's rasteriser counts its own
    }
    return stats;
}

std::shared_ptr<DeviceFrame> Engine::renderOnDevice(const Snapshot& snapshot, const Camera& camera,
                                                    const RenderSettings& settings, std::span<const float> readiness,
                                                    FrameStats& stats) {
    if (!device_)
        throw InputError("this engine draws on the CPU; make it with backend=\"cuda\" to keep frames on a GPU");
    WZ_ZONE_OF("frame", scratch_->trace.number());
    const auto start = Clock::now();
    const RenderSettings focused = prepare(snapshot, camera, settings, readiness, stats);
    auto frame = device_->renderOnDevice(scratch_->list, camera, focused);
    scratch_->clear();
    stats.totalMs = millisecondsSince(start);
    if (profiler::isRecording()) scratch_->trace.recordSelection(snapshot, settings, readiness, stats);
    return frame;
}

FrameStats Engine::renderLayer(const LayerDraw& layer, const Camera& camera, const RenderSettings& settings,
                               bool recolored, Frame& frame) {
    WZ_ZONE("frame of a layer");
    const auto start = Clock::now();
    FrameStats stats;
    scratch_->clear();
    scratch_->list.layers.push_back(layer);
    stats.render = recolored ? rasterizer_->recolor(scratch_->list, camera, settings, frame)
                             : rasterizer_->render(scratch_->list, camera, settings, frame);
    scratch_->clear();
    stats.totalMs = millisecondsSince(start);
    return stats;
}

}  // namespace wz
