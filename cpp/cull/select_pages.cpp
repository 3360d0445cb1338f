// SPDX-License-Identifier: Apache-2.0
#include "cull/select_pages.h"

#include <cmath>

#include "shared/config.h"
#include "shared/frustum.h"

namespace wz {
namespace {

struct Octaves {
    double low, high;  // of -log2(footprint) + bias over a box, absolute
};

struct Box {
    Vec3d centre, half;  // centre relative to the eye, wu
};

Box boxInView(const PageHeader& page, Vec3f low, Vec3f high, Vec3d eye) {
    const Vec3d from = page.key.sky ? Vec3d{} : eye;
    const Vec3d middle{0.5 * (double(low.x) + high.x), 0.5 * (double(low.y) + high.y), 0.5 * (double(low.z) + high.z)};
    // One position step of slack: bounds are floats of quantised centres.
    const Vec3d half{0.5 * (double(high.x) - low.x) + 1.0, 0.5 * (double(high.y) - low.y) + 1.0,
                     0.5 * (double(high.z) - low.z) + 1.0};
    return {(page.origin - from) + middle * page.unit, half * page.unit};
}

Octaves octavesOver(const Box& box, bool sky, const ViewOfPages& view) {
    const double focal = view.camera.focal_px;
    if (sky) return {std::log2(focal) + view.detailBias, std::log2(focal) + view.detailBias};
    double nearest = 0, farthest = 0;
    distancesToBox(box.centre, box.half, nearest, farthest);
    const double high = nearest > 0.0 ? std::log2(focal / nearest) : INFINITY;
    return {std::log2(focal / farthest) + view.detailBias, high + view.detailBias};
}

float readinessOf(const ViewOfPages& view, LevelId level) {
    return level < view.readiness.size() ? view.readiness[level] : 1.0f;
}

enum class Verdict { Visible, OutsideView, OutsideBand, Covered };

bool usesBands(const ViewOfPages& view) { return view.applyFade && !view.alongZ; }

// Slack in octaves for the rounding of bands to 1/1024.
constexpr double kBandSlack = 2.0 / 1024.0;

bool isCovered(const PageEntry& entry, const ViewOfPages& view, const MissingPages& missing, double octaveLow) {
    for (const auto& cover : entry.covers) {
        if (cover->sibling() || cover->weightMin() != 255 || readinessOf(view, cover->child()) < 1.0f) continue;
        if (missing.any(cover->child())) continue;  // it may have to show where the finer page is lost
        if (octaveLow >= cover->nextMax() + kBandSlack) return true;
    }
    return false;
}

Verdict judge(const PageEntry& entry, const ViewOfPages& view, const MissingPages& missing, const Frustum& frustum) {
    const PageHeader& page = entry.page->header();
    const Box box = boxInView(page, page.low, page.high, view.camera.position);
    const double margin = page.maxExtent * page.unit * kCutoffMax;
    if (!boxMeets(frustum, box.centre, box.half, margin)) return Verdict::OutsideView;
    if (!usesBands(view)) return Verdict::Visible;
    if (readinessOf(view, page.key.level) <= 0.0f) return Verdict::OutsideBand;
    const Octaves octaves = octavesOver(box, page.key.sky, view);
    if (octaves.high - page.octaveBase <= page.priorMin - kBandSlack) return Verdict::OutsideBand;
    if (isCovered(entry, view, missing, octaves.low - page.octaveBase)) return Verdict::Covered;
    return Verdict::Visible;
}

}  // namespace

Selection selectPages(const Snapshot& snapshot, const ViewOfPages& view) {
    Selection selection;
    const Frustum frustum = frustumOf(view.camera);
    for (uint32_t i = 0; i < snapshot.pages.size(); ++i) {
        ++selection.stats.pagesTested;
        if (!view.cull) {
            selection.pages.push_back(i);
            continue;
        }
        switch (judge(snapshot.pages[i], view, *snapshot.missing, frustum)) {
            case Verdict::OutsideView: ++selection.stats.outsideView; break;
            case Verdict::OutsideBand: ++selection.stats.outsideBand; break;
            case Verdict::Covered: ++selection.stats.covered; break;
            case Verdict::Visible: selection.pages.push_back(i); break;
        }
    }
    selection.stats.selected = selection.pages.size();
    return selection;
}

void selectRuns(const Page& page, const ViewOfPages& view, std::vector<SurfelRun>& runs) {
    const PageHeader& header = page.header();
    if (!view.cull) {
        runs.push_back({0, header.count});
        return;
    }
    const Frustum frustum = frustumOf(view.camera);
    const size_t begin = runs.size();
    for (const Cluster& cluster : page.clusters()) {
        const Box box = boxInView(header, cluster.low, cluster.high, view.camera.position);
        if (!boxMeets(frustum, box.centre, box.half, cluster.maxExtent * header.unit * kCutoffMax)) continue;
        if (usesBands(view)) {
            const Octaves octaves = octavesOver(box, header.key.sky, view);
            if (octaves.high - header.octaveBase <= cluster.priorMin - kBandSlack) continue;
        }
        if (runs.size() > begin && runs.back().first + runs.back().count == cluster.first)
            runs.back().count += cluster.count;
        else
            runs.push_back({cluster.first, cluster.count});
    }
}

}  // namespace wz
