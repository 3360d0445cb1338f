// SPDX-License-Identifier: Apache-2.0
#include "world/snapshot.h"

#include <algorithm>

namespace wz {

std::shared_ptr<const Page> PageSlot::page() const {
    std::lock_guard lock(mutex_);
    if (!tried_) {
        tried_ = true;
        page_ = source_->load(header_);
    }
    return page_;
}

bool PageSlot::isTried() const {
    std::lock_guard lock(mutex_);
    return tried_;
}

std::shared_ptr<const Page> PageSlot::passingPage() const {
    {
        std::lock_guard lock(mutex_);
        if (tried_) return page_;
    }
    return source_->load(header_);
}

CoverSlot::CoverSlot(std::shared_ptr<const CoverLayer> layer)
    : child_(layer->child),
      sibling_(layer->sibling),
      hasColor_(!layer->color.empty()),
      weightMin_(layer->weightMin),
      nextMax_(layer->nextMax),
      layer_(std::move(layer)),
      tried_(true) {}

CoverSlot::CoverSlot(const PageHeader& page, LevelId child, bool sibling, bool hasColor, uint8_t weightMin,
                     float nextMax, std::shared_ptr<const PageSource> source)
    : child_(child),
      sibling_(sibling),
      hasColor_(hasColor),
      weightMin_(weightMin),
      nextMax_(nextMax),
      page_(page),
      source_(std::move(source)) {}

std::shared_ptr<const CoverLayer> CoverSlot::layer() const {
    std::lock_guard lock(mutex_);
    if (!tried_) {
        tried_ = true;
        layer_ = source_->loadCover(page_, child_);
    }
    return layer_;
}

std::shared_ptr<const CoverLayer> CoverSlot::passingLayer() const {
    {
        std::lock_guard lock(mutex_);
        if (tried_) return layer_;
    }
    return source_->loadCover(page_, child_);
}

std::shared_ptr<const Snapshot> Snapshot::until(LevelId last) const {
    auto earlier = std::make_shared<Snapshot>();
    earlier->epoch = epoch;
    earlier->missing = missing;
    earlier->leak = leak;
    for (const auto& level : levels)
        if (level->id <= last) earlier->levels.push_back(level);
    for (const PageEntry& entry : pages) {
        if (entry.page->header().key.level > last) continue;
        PageEntry kept{entry.page, {}};
        std::copy_if(entry.covers.begin(), entry.covers.end(), std::back_inserter(kept.covers),
                     [&](const auto& cover) { return cover->child() <= last; });
        earlier->pages.push_back(std::move(kept));
    }
    return earlier;
}

}  // namespace wz
