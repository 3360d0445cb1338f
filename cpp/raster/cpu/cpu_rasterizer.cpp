// SPDX-License-Identifier: Apache-2.0
// One frame on the CPU: project -> bin -> sort, blend and resolve by tile.
#include <algorithm>
#include <chrono>
#include <functional>

#include "core/denormals.h"
#include "core/errors.h"
#include "core/profiler.h"
#include "core/thread_pool.h"
#include "raster/compat/compat.h"
#include "raster/cpu/cpu_rasterizer.h"
#include "raster/cpu/run_list.h"
#include "raster/cpu/tile_bins.h"
#include "raster/cpu/tile_sort.h"
#include "raster/frame_view.h"
#include "raster/passes/blend_body.h"
#include "raster/passes/general_disc_body.h"

namespace wz {
namespace {

constexpr uint32_t kDetailOutputs = kOutputDepth | kOutputDepthMedian | kOutputNormal | kOutputLevel | kOutputSurfelId;

uint32_t detailSumsOf(uint32_t outputs) {
    return (outputs & kOutputDepth ? kSumDepth | kSumSolid : 0u) | (outputs & kOutputDepthMedian ? kSumMedian : 0u) |
           (outputs & kOutputNormal ? kSumNormal : 0u) | (outputs & kOutputLevel ? kSumLevel : 0u) |
           (outputs & kOutputSurfelId ? kSumSlot : 0u);
}

// Of how many surfels of a tile what they left is fetched ahead: longer lists fetch as they go.
constexpr uint32_t kFetchedEntries = 1024;
constexpr int kIntoSecondLevel = 2;  // how near __builtin_prefetch brings a line

using Clock = std::chrono::steady_clock;

uint64_t clockNs() {
    return static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count());
}

double msSince(Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

template <class T>
T* sized(Image<T>& image, bool wanted, size_t count) {
    image.resize(wanted ? count : 0);
    return wanted ? image.data() : nullptr;
}

FrameArrays prepareFrame(Frame& frame, const Camera& camera, uint32_t outputs) {
    const size_t n = static_cast<size_t>(camera.width) * static_cast<size_t>(camera.height);
    frame.width = camera.width;
    frame.height = camera.height;
    return {camera.width,
            camera.height,
            sized(frame.color, outputs & kOutputColor, 3 * n),
            sized(frame.coverage, outputs & kOutputCoverage, n),
            sized(frame.depth, outputs & kOutputDepth, n),
            sized(frame.depthMedian, outputs & kOutputDepthMedian, n),
            sized(frame.normal, outputs & kOutputNormal, 3 * n),
            sized(frame.level, outputs & kOutputLevel, n),
            sized(frame.surfelId, outputs & kOutputSurfelId, n)};
}

// The disc of a surfel of the run, camera axes, wu.
CameraDisc discOf(const ProjectRun& run, uint32_t lane) {
    if (run.packed) return cameraDiscOf(*run.params, run.centres, run.packed[lane]);
    return cameraDiscOf(*run.params, run.centres, run.layer, lane, run.eye, run.page->sky);
}

void finishGeneral(ProjectRun& run) {
    for (uint32_t g = 0; g < run.generalCount; ++g) {
        const GeneralSurfel at = run.general[g];
        const double near = run.page->near;
        if (!finishGeneralDisc(*run.params, discOf(run, at.lane), near, run.records[at.position],
                               run.rects[at.position]))
            run.rects[at.position] = {0, 0, 0, 0};
        if (!run.extras) continue;
        run.extras[at.position].depth = static_cast<float>(near);
        run.extras[at.position].depthRelative = static_cast<float>(-run.params->depthOrigin);
    }
}

class CpuRasterizer final : public Rasterizer {
public:
    CpuRasterizer(int threads, const Kernels& kernels) : pool_(threads), kernels_(kernels) {}

    RenderStats render(const DrawList& list, const Camera& camera, const RenderSettings& settings,
                       Frame& frame) override {
        checkView(camera, settings);
        if (settings.compat != Compat::Native) return renderCompat(list, camera, settings, frame, pool_);
        FlushDenormals flush;
        RenderStats stats;
        stats.stages.reserve(8);
        params_ = projectParamsOf(list, camera, settings);
        const FrameArrays arrays = prepareFrame(frame, camera, settings.outputs);
        const auto timed = [&](const char* name, auto&& stage) {
            WZ_ZONE(name);
            const Clock::time_point start = Clock::now();
            stage();
            stats.stages.push_back({name, msSince(start)});
        };
        const TileGrid grid = tileGridOf(camera.width, camera.height);
        size_t drawn = 0;
        timed("project", [&] { drawn = project(list, camera, (settings.outputs & kDetailOutputs) != 0); });
        timed("bin", [&] {
            bins_.fill({slotRuns_.data(), runs_.runs().size()}, rects_.data(), keys_.data(), grid, kernels_, pool_);
        });
        finish(grid, arrays, settings, true, drawn, stats);
        return stats;
    }

    RenderStats recolor(const DrawList& list, const Camera& camera, const RenderSettings& settings,
                        Frame& frame) override {
        const bool plain = settings.compat == Compat::Native && !(settings.outputs & kDetailOutputs);
        if (!plain || !isShapeOf(list)) return render(list, camera, settings, frame);
        FlushDenormals flush;
        RenderStats stats;
        const FrameArrays arrays = prepareFrame(frame, camera, settings.outputs);
        const auto start = Clock::now();
        {
            WZ_ZONE("recolor");
            takeColors(list.layers[0].colors.data());
        }
        stats.stages.push_back({"project", msSince(start)});
        finish(tileGridOf(camera.width, camera.height), arrays, settings, false, countDrawn(runs_.runs()), stats);
        return stats;
    }

private:
    // Sorts where that is still to be done, blends and resolves.
    void finish(TileGrid grid, const FrameArrays& arrays, const RenderSettings& settings, bool sorts, size_t drawn,
                RenderStats& stats) {
        const Clock::time_point start = Clock::now();
        WZ_ZONE("blend");
        const TileTimes times = blend(grid, arrays, settings, sorts, stats);
        stats.stages.push_back({"sort", times.sortMs});
        stats.stages.push_back({"blend", msSince(start) - times.sortMs - times.resolveMs});
        stats.stages.push_back({"resolve", times.resolveMs});
        stats.tested = runs_.tested();
        stats.projected = drawn;
        stats.visible = drawn - empty_;
        stats.tileEntries = bins_.entries();
    }

    // Whether the records kept are those of this list, colours aside: one layer, whose arrays lie where they lay.
    bool isShapeOf(const DrawList& list) const {
        if (!hasSources_ || hasExtras_ || !list.pages.empty() || list.layers.size() != 1) return false;
        const LayerDraw& layer = list.layers[0];
        return layer.opacities.size() == runs_.tested() && layer.positions.data() == shape_.positions.data() &&
               layer.orientations.data() == shape_.orientations.data() &&
               layer.extents.data() == shape_.extents.data() && layer.opacities.data() == shape_.opacities.data();
    }

    void takeColors(const float* colors) {
        std::vector<ProjectRun>& runs = runs_.runs();
        const auto recolorOne = [&](size_t i, int) {
            const ProjectRun& run = runs[i];
            const float* from = colors + 3 * static_cast<size_t>(static_cast<uint32_t>(run.firstId));
            for (uint32_t k = 0; k < run.drawn; ++k) {
                const float* color = from + 3 * static_cast<size_t>(run.sources[k]);
                SurfelRecord& record = run.records[k];
                record.red = color[0];
                record.green = color[1];
                record.blue = color[2];
            }
        };
        pool_.forEach(runs.size(), 1, std::ref(recolorOne));
    }

    // Projects all runs. Returns how many surfels are drawn.
    size_t project(const DrawList& list, const Camera& camera, bool extras) {
        runs_.build(list, camera, params_);
        const size_t slots = runs_.slots();
        if (slots >= 0xffffffffu)
            throw InputError("a draw list may hold fewer than 2^32 surfels, got " + std::to_string(slots));
        SurfelRecord* records = records_.ensure(slots);
        SurfelExtra* details = extras ? extras_.ensure(slots) : nullptr;
        hasExtras_ = extras;
        PixelRect* rects = rects_.ensure(slots);
        uint32_t* keys = keys_.ensure(slots);
        GeneralSurfel* general = general_.ensure(slots);
        hasSources_ = list.pages.empty() && list.layers.size() == 1;
        uint32_t* sources = hasSources_ ? sources_.ensure(slots) : nullptr;
        if (hasSources_) shape_ = list.layers[0];
        std::vector<ProjectRun>& runs = runs_.runs();
        const auto projectOne = [&](size_t i, int) {
            ProjectRun& run = runs[i];
            const size_t first = runs_.firstSlot(i);
            run.records = records + first;
            run.extras = details ? details + first : nullptr;
            run.rects = rects + first;
            run.keys = keys + first;
            run.general = general + first;
            run.sources = sources ? sources + first : nullptr;
            kernels_.projectRun(run);
            finishGeneral(run);
        };
        pool_.forEach(runs.size(), 1, std::ref(projectOne));
        empty_ = 0;
        for (const ProjectRun& run : runs)
            for (uint32_t g = 0; g < run.generalCount; ++g) {
                const PixelRect& bounds = run.rects[run.general[g].position];
                empty_ += bounds.x0 >= bounds.x1 || bounds.y0 >= bounds.y1;
            }
        return countDrawn(runs);
    }

    size_t countDrawn(const std::vector<ProjectRun>& runs) {
        SlotRun* slots = slotRuns_.ensure(runs.size());
        size_t total = 0;
        for (size_t i = 0; i < runs.size(); ++i) {
            slots[i] = {runs_.firstSlot(i), runs[i].drawn};
            total += runs[i].drawn;
        }
        return total;
    }

    // Asks for what a tile's surfels left, before its entries are sorted: they still come as they lie in memory. Inline, as
    // gcc leaves out calls of a function that does nothing but fetch.
    inline __attribute__((always_inline)) void fetchTile(uint32_t tile) {
        const uint32_t count = std::min(bins_.countOf(tile), kFetchedEntries);
        const TileBins::Entry* entries = bins_.entriesOf(tile);
        for (uint32_t i = 0; i < count; ++i) {
            const uint32_t slot = TileBins::slotOf(entries[i]);
            __builtin_prefetch(records_.data() + slot, 0, kIntoSecondLevel);
            __builtin_prefetch(rects_.data() + slot, 0, kIntoSecondLevel);
            if (hasExtras_) __builtin_prefetch(extras_.data() + slot, 0, kIntoSecondLevel);
        }
    }

    // What a part of the tiles' work took, as if it were shared evenly among the threads.
    struct TileTimes {
        double sortMs = 0, resolveMs = 0;
    };

    // What is the same for all tiles.
    BlendTask commonTask(const FrameArrays& arrays, const RenderSettings& settings, TileGrid grid) const {
        BlendTask task{};
        task.records = records_.data();
        task.extras = hasExtras_ ? extras_.data() : nullptr;
        task.rects = rects_.data();
        task.sums = detailSumsOf(settings.outputs);
        task.centerX_px = 0.5f * static_cast<float>(grid.width);
        task.centerY_px = 0.5f * static_cast<float>(grid.height);
        for (int k = 0; k < 3; ++k) task.background[k] = settings.background[static_cast<size_t>(k)];
        task.leakRatio = (1.0f + leakRatioOf(settings)) - 1.0f;  // taken off a light of 1 + leakRatio, it leaves 1
        task.radialDepth = settings.depthKind == DistanceKind::Radial;
        task.focal_px = params_.focal_px;
        task.cx_px = params_.cx_px;
        task.cy_px = params_.cy_px;
        task.depthOrigin = params_.depthOrigin;
        task.depthReference = settings.depthReference;
        task.frame = &arrays;
        task.clock_ns = clockNs;
        return task;
    }

    TileTimes blend(TileGrid grid, const FrameArrays& arrays, const RenderSettings& settings, bool sorts,
                    RenderStats& stats) {
        struct alignas(64) Tally {
            uint64_t evaluations = 0, contributions = 0, sort_ns = 0, resolve_ns = 0;
        };
        Tally* tallies =
            reinterpret_cast<Tally*>(tallies_.ensure(static_cast<size_t>(pool_.threads()) * sizeof(Tally)));
        for (int t = 0; t < pool_.threads(); ++t) tallies[t] = {};
        uint64_t* room = room_.ensure(2 * bins_.longest() * static_cast<size_t>(pool_.threads()));
        const BlendTask common = commonTask(arrays, settings, grid);
        const auto blendOne = [&](uint32_t tile, int thread, uint32_t next) {
            WZ_FINE_ZONE("tile");
            const Clock::time_point start = Clock::now();
            if (sorts) {
                WZ_FINE_ZONE("sort");
                const uint64_t begin = clockNs();
                sortTile(bins_.entriesOf(tile), bins_.countOf(tile),
                         room + 2 * static_cast<size_t>(thread) * bins_.longest());
                tallies[thread].sort_ns += clockNs() - begin;
            }
            BlendTask task = common;
            task.entries = bins_.entriesOf(tile);
            task.entryCount = bins_.countOf(tile);
            task.nextEntries = bins_.entriesOf(next);
            task.nextCount = next != tile ? std::min(bins_.countOf(next), kFetchedEntries) : 0;
            task.tileX_px = static_cast<int32_t>(tile) % grid.columns * kTileSize;
            task.tileY_px = static_cast<int32_t>(tile) / grid.columns * kTileSize;
            kernels_.blendTile(task);
            tallies[thread].evaluations += task.evaluations;
            tallies[thread].contributions += task.contributions;
            tallies[thread].resolve_ns += task.resolve_ns;
            if (!stats.tiles.empty()) stats.tiles[tile] = {task.entryCount, static_cast<float>(msSince(start))};
        };
        const auto blendGroup = [&](size_t group, int thread) {
            const auto [first, end] = bins_.groupOf(group);
            if (first < end) fetchTile(bins_.inOrder(first));
            for (size_t i = first; i < end; ++i)
                blendOne(bins_.inOrder(i), thread, bins_.inOrder(std::min(i + 1, end - 1)));
        };
        stats.tileColumns = grid.columns;
        stats.tileRows = grid.rows;
        stats.tileSize_px = kTileSize;
        stats.tiles.resize(settings.tileStats ? bins_.tiles() : 0);
        pool_.forEach(bins_.groups(), 1, std::ref(blendGroup));
        uint64_t sort_ns = 0, resolve_ns = 0;
        for (int t = 0; t < pool_.threads(); ++t) {
            stats.evaluations += tallies[t].evaluations;
            stats.contributions += tallies[t].contributions;
            sort_ns += tallies[t].sort_ns;
            resolve_ns += tallies[t].resolve_ns;
        }
        const double share = 1e-6 / pool_.threads();
        return {share * static_cast<double>(sort_ns), share * static_cast<double>(resolve_ns)};
    }

    ThreadPool pool_;
    const Kernels& kernels_;
    ProjectParams params_;
    RunList runs_;
    TileBins bins_;
    Scratch<SurfelRecord> records_;
    Scratch<SurfelExtra> extras_;
    Scratch<PixelRect> rects_;
    Scratch<uint32_t> keys_;
    Scratch<GeneralSurfel> general_;
    Scratch<SlotRun> slotRuns_;
    Scratch<uint64_t> room_;
    Scratch<char> tallies_;
    Scratch<uint32_t> sources_;
    bool hasExtras_ = false, hasSources_ = false;
    LayerDraw shape_;  // of the records when hasSources_: where its arrays lay, never read
    size_t empty_ = 0;  // records of discs that reach behind the near plane and turned out to lie outside the frame
};

}  // namespace

std::unique_ptr<Rasterizer> makeCpuRasterizer(int threads) { return makeCpuRasterizer(threads, InstructionSet::Best); }

std::unique_ptr<Rasterizer> makeCpuRasterizer(int threads, InstructionSet set) {
    const Kernels* kernels = kernelsFor(set);
    return kernels ? std::make_unique<CpuRasterizer>(threads, *kernels) : nullptr;
}

InstructionSet instructionSetNamed(const std::string& name) {
    if (name == "best") return InstructionSet::Best;
    if (name == "avx512") return InstructionSet::Avx512;
    if (name == "avx2") return InstructionSet::Avx2;
    if (name == "baseline") return InstructionSet::Baseline;
    throw InputError("instructions must be best, avx512, avx2 or baseline, got \"" + name + "\"");
}

std::unique_ptr<Rasterizer> makeCpuRasterizer(int threads, const std::string& instructions) {
    return makeCpuRasterizer(threads, instructionSetNamed(instructionsUsed(instructions)));
}

std::string instructionsUsed(const std::string& instructions) {
    const Kernels* kernels = kernelsFor(instructionSetNamed(instructions));
    for (const char* name : {"avx512", "avx2", "baseline"})
        if (kernels && kernels == kernelsFor(instructionSetNamed(name))) return name;
    throw InputError("instructions must be ones that this machine and this build have got, got \"" + instructions +
                     "\"");
}

}  // namespace wz
