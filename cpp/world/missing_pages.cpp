// SPDX-License-Identifier: Apache-2.0
#include "world/missing_pages.h"

#include <algorithm>

#include "world/octave.h"
#include "world/paginate.h"

namespace wz {

void MissingPages::changed() {
    count_.store(pages_.size(), std::memory_order_release);
    version_.fetch_add(1, std::memory_order_acq_rel);
}

void MissingPages::add(const PageHeader& header, std::string why) {
    std::lock_guard lock(mutex_);
    const auto sameKey = [&](const PageHeader& known) { return known.key == header.key; };
    if (std::any_of(pages_.begin(), pages_.end(), sameKey)) return;
    pages_.push_back(header);
    warnings_.push_back(std::move(why));
    changed();
}

void MissingPages::note(std::string warning) {
    std::lock_guard lock(mutex_);
    if (std::find(warnings_.begin(), warnings_.end(), warning) == warnings_.end())
        warnings_.push_back(std::move(warning));
}

void MissingPages::forget(LevelId level) {
    std::lock_guard lock(mutex_);
    std::erase_if(pages_, [&](const PageHeader& page) { return page.key.level == level; });
    changed();
}

bool MissingPages::any(LevelId level) const {
    if (count() == 0) return false;
    std::lock_guard lock(mutex_);
    return std::any_of(pages_.begin(), pages_.end(), [&](const PageHeader& page) { return page.key.level == level; });
}

std::vector<PageHeader> MissingPages::of(LevelId level) const {
    std::vector<PageHeader> found;
    if (count() == 0) return found;
    std::lock_guard lock(mutex_);
    std::copy_if(pages_.begin(), pages_.end(), std::back_inserter(found),
                 [&](const PageHeader& page) { return page.key.level == level; });
    return found;
}

std::vector<std::string> MissingPages::warnings() const {
    std::lock_guard lock(mutex_);
    return warnings_;
}

bool liesIn(const PageHeader& page, bool sky, Vec3d p, double margin) {
    if (page.key.sky != sky) return false;
    const auto within = [&](double v, double origin, float low, float high) {
        const double reach = margin + page.unit;  // positions are rounded to whole steps
        return v >= origin + low * page.unit - reach && v <= origin + high * page.unit + reach;
    };
    return within(p.x, page.origin.x, page.low.x, page.high.x) && within(p.y, page.origin.y, page.low.y, page.high.y) &&
           within(p.z, page.origin.z, page.low.z, page.high.z);
}

namespace {

// Whether surfels of `page` may lie in `hole`, within their own footprint.
bool meets(const PageHeader& hole, const PageHeader& page) {
    const double margin = footprintOf(page.octaveBase + page.nowMin) + hole.unit + page.unit;
    const auto overlap = [&](double a, float aLow, float aHigh, double b, float bLow, float bHigh) {
        return a + aLow * hole.unit - margin <= b + bHigh * page.unit &&
               b + bLow * page.unit <= a + aHigh * hole.unit + margin;
    };
    if (hole.key.sky != page.key.sky) return false;
    return overlap(hole.origin.x, hole.low.x, hole.high.x, page.origin.x, page.low.x, page.high.x) &&
           overlap(hole.origin.y, hole.low.y, hole.high.y, page.origin.y, page.low.y, page.high.y) &&
           overlap(hole.origin.z, hole.low.z, hole.high.z, page.origin.z, page.low.z, page.high.z);
}

}  // namespace

std::shared_ptr<const CoverLayer> withoutMissing(const Page& page, std::shared_ptr<const CoverLayer> layer,
                                                 const MissingPages& missing) {
    if (!layer) return layer;
    const PageHeader& header = page.header();
    std::vector<PageHeader> holes = missing.of(layer->child);
    std::erase_if(holes, [&](const PageHeader& hole) { return !meets(hole, header); });
    if (holes.empty()) return layer;
    std::shared_ptr<CoverLayer> changed;
    for (size_t i = 0; i < header.count; ++i) {
        const Surfel& surfel = page.surfels()[i];
        const Vec3d p = positionOf(header, surfel);
        const double margin = footprintOf(header.octaveBase + surfel.now / double(kBandStepsPerOctave));
        const auto inHole = [&](const PageHeader& hole) { return liesIn(hole, header.key.sky, p, margin); };
        if (std::none_of(holes.begin(), holes.end(), inHole)) continue;
        if (!changed) changed = std::make_shared<CoverLayer>(*layer);
        if (!changed->weight.empty()) changed->weight[i] = 0;
        changed->weightMin = 0;
    }
    return changed ? changed : layer;
}

}  // namespace wz
