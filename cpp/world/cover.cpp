// SPDX-License-Identifier: Apache-2.0
#include "world/cover.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/profiler.h"
#include "shared/frustum.h"
#include "world/cover_map.h"
#include "world/lens_projector.h"
#include "world/octave.h"
#include "world/paginate.h"

namespace wz {
namespace {

// Pages of other branches count as being at the new level's parent footprint within this many octaves.
constexpr double kSameFootprintOctaves = 0.75;

// What a level is to the new one.
enum class Kin { Parent, Ancestor, Beside, Elsewhere };

struct Task {
    size_t page = 0;
    bool sibling = false;
    bool covers = false, recolors = false;
    bool replaces = false;  // a page of the parent, whose lens has the child's eye
};

// Everything the pages share while one level's covers are made.
struct Work {
    LevelId child;
    const Snapshot& before;
    LensProjector lens;
    LensProjector parentLens;
    CoverSampler sampler;
    std::optional<ColorChangeTable> colors;
    double toleranceFootprints;
};

std::vector<Kin> kinOf(const Snapshot& before, LevelId parent) {
    std::vector<Kin> kin(before.levels.size(), Kin::Elsewhere);
    for (std::optional<LevelId> up = before.levels[parent]->parent; up; up = before.levels[*up]->parent)
        kin[*up] = Kin::Ancestor;
    kin[parent] = Kin::Parent;
    for (const auto& level : before.levels) {  // parents come before their children
        if (!level->parent || kin[level->id] != Kin::Elsewhere) continue;
        if (*level->parent == parent || kin[*level->parent] == Kin::Beside) kin[level->id] = Kin::Beside;
    }
    return kin;
}

struct Box {
    Vec3d centre, half;  // centre relative to the eye (sky: a direction), wu
};

Box boxOf(const PageHeader& page, Vec3d eye) {
    const Vec3d from = page.key.sky ? Vec3d{} : eye;
    const Vec3d low{page.low.x, page.low.y, page.low.z}, high{page.high.x, page.high.y, page.high.z};
    return {(page.origin - from) + (low + high) * (0.5 * page.unit),
            (high - low) * (0.5 * page.unit) + Vec3d{1, 1, 1} * page.unit};
}

// Largest footprint of the page's surfels, wu per px.
double coarsestFootprint(const PageHeader& page) { return footprintOf(page.octaveBase + page.nowMin); }
double finestFootprint(const PageHeader& page) { return footprintOf(page.octaveBase + page.nowMax); }

std::optional<Task> taskFor(const Work& work, size_t ordinal, Kin kin) {
    const PageHeader& page = work.before.pages[ordinal].page->header();
    const Box box = boxOf(page, work.lens.camera().position);
    if (!boxMeets(frustumOf(work.lens.camera()), box.centre, box.half, coarsestFootprint(page))) return std::nullopt;
    Task task{ordinal, kin == Kin::Beside, kin != Kin::Ancestor};
    if (kin == Kin::Elsewhere) {
        const Box fromParent = boxOf(page, work.parentLens.camera().position);
        const double prior = work.parentLens.footprintAt(page.key.sky ? INFINITY : length(fromParent.centre));
        const double finer = std::log2(prior / std::sqrt(coarsestFootprint(page) * finestFootprint(page)));
        if (finer < -kSameFootprintOctaves) return std::nullopt;
        task.sibling = finer > kSameFootprintOctaves;
    }
    if (work.colors && (kin == Kin::Parent || kin == Kin::Ancestor)) {
        double nearest = 1, farthest = 1;
        if (!page.key.sky) distancesToBox(box.centre, box.half, nearest, farthest);
        const double finestSide = finestFootprint(page) / work.lens.footprintAt(page.key.sky ? INFINITY : farthest);
        task.recolors = finestSide * finestSide <= work.colors->editedPixels();
    }
    const Vec3d apart = work.lens.camera().position - work.parentLens.camera().position;
    task.replaces = kin == Kin::Parent && length(apart) == 0.0;
    if (!task.covers && !task.recolors) return std::nullopt;
    return task;
}

// Arrays of one page while they are filled.
struct Arrays {
    CoverLayer layer;
    float nextMax = 0;
    bool covered = false, recolored = false;

    Arrays(LevelId child, const Task& task, size_t count) {
        layer.child = child;
        layer.sibling = task.sibling;
        if (task.covers) {
            layer.weight.resize(count);
            layer.next.resize(count);
        }
        if (task.recolors) layer.color.resize(3 * count);
    }

    void cover(size_t i, double weight, float next) {
        const auto stored = static_cast<uint8_t>(std::clamp(weight, 0.0, 1.0) * 255.0 + 0.5);
        if (stored == 0) return;
        layer.weight[i] = stored;
        layer.next[i] = toSteps16(next * kBandStepsPerOctave);
        nextMax = std::max(nextMax, layer.next[i] / kBandStepsPerOctave);
        covered = true;
    }

    void recolor(size_t i, const std::array<double, 3>& change) {
        for (int c = 0; c < 3; ++c) {
            const auto stored = static_cast<int8_t>(std::clamp(std::nearbyint(change[c] * 127.0), -127.0, 127.0));
            layer.color[3 * i + c] = stored;
            recolored = recolored || stored != 0;
        }
    }

    std::shared_ptr<const CoverLayer> finish() {
        if (!covered && !recolored) return nullptr;
        if (!covered) layer.weight = {}, layer.next = {};
        if (!recolored) layer.color = {};
        layer.weightMin = covered ? *std::min_element(layer.weight.begin(), layer.weight.end()) : uint8_t(0);
        layer.nextMax = nextMax;
        return std::make_shared<const CoverLayer>(std::move(layer));
    }
};

std::shared_ptr<const CoverLayer> coverPage(const Work& work, const Task& task) {
    const auto page = work.before.pages[task.page].page->page();
    if (!page) return nullptr;
    const PageHeader& header = page->header();
    const bool sky = header.key.sky;
    Arrays arrays(work.child, task, header.count);
    for (size_t i = 0; i < header.count; ++i) {
        const Surfel& surfel = page->surfels()[i];
        const Vec3d p = positionOf(header, surfel);
        const LensProjector::Hit hit = work.lens.project(p, sky);
        if (!hit.inFront) continue;
        const double own = footprintOf(header.octaveBase + surfel.now / double(kBandStepsPerOctave));
        const double lensFootprint = work.lens.footprintAt(hit.distance);
        if (task.covers) {
            // A finer level of another branch may stand off by the relief that its own parent allowed it.
            const double parents =
                task.sibling && !sky ? work.parentLens.footprintAt(length(p - work.parentLens.camera().position)) : 0.0;
            // Seen from the parent's own eye the child's view holds, pixel for pixel, what replaces the parent's: nothing
            // of that may stay, or it would hang as huge discs before the eye many levels deeper.
            const bool replaced = task.replaces && !sky && !(surfel.flags & kSurfelInvented);
            const double tolerance = replaced ? INFINITY : work.toleranceFootprints * std::max(own, parents);
            const double weight = work.sampler.weightAt(hit.x_px, hit.y_px, hit.distance, tolerance);
            if (weight > 0) arrays.cover(i, weight, relativeOctave(lensFootprint, header.octaveBase));
        }
        const double side = own / lensFootprint;
        if (task.recolors && work.sampler.matchesAt(hit.x_px, hit.y_px, hit.distance, work.toleranceFootprints * own))
            arrays.recolor(i, work.colors->meanAt(hit.x_px, hit.y_px, side));
    }
    return arrays.finish();
}

}  // namespace

std::vector<NewCover> coversBy(LevelId child, LevelId parent, const Camera& lens, const CoverMap& map,
                               const Snapshot& before, ThreadPool& pool) {
    WZ_ZONE("cover");
    if (map.weight.empty()) return {};
    Work work{child,
              before,
              LensProjector(lens),
              LensProjector(before.levels[parent]->lens),
              CoverSampler(map, lens.width, lens.height),
              std::nullopt,
              map.toleranceFootprints};
    if (!map.colorChange.empty()) {
        work.colors.emplace(map, lens.width, lens.height);
        if (work.colors->editedPixels() == 0) work.colors.reset();
    }
    const std::vector<Kin> kin = kinOf(before, parent);
    std::vector<Task> tasks;
    for (size_t i = 0; i < before.pages.size(); ++i)
        if (const auto task = taskFor(work, i, kin[before.pages[i].page->header().key.level])) tasks.push_back(*task);
    std::vector<NewCover> made(tasks.size());
    pool.forEach(tasks.size(), 1, [&](size_t t, int) { made[t] = {tasks[t].page, coverPage(work, tasks[t])}; });
    std::erase_if(made, [](const NewCover& c) { return !c.layer; });
    return made;
}

}  // namespace wz
