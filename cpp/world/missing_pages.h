// SPDX-License-Identifier: Apache-2.0
// Pages that turned out to be corrupt, and what that does to the coarser pages that they should hide.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "world/page.h"

namespace wz {

// Fills as loads fail; shared by all snapshots of a world. Thread-safe.
class MissingPages {
public:
    void add(const PageHeader& header, std::string why);
    void note(std::string warning);  // something else that could not be read
    // The level was taken back and its id is free again: its pages are no longer missed. Warnings stay.
    void forget(LevelId level);

    // How many pages are known to be missing: cheap.
    size_t count() const { return count_.load(std::memory_order_acquire); }
    // Another number says that covers must be looked at again.
    uint64_t version() const { return version_.load(std::memory_order_acquire); }
    bool any(LevelId level) const;
    std::vector<PageHeader> of(LevelId level) const;
    std::vector<std::string> warnings() const;

private:
    void changed();  // with the lock held
    std::atomic<size_t> count_{0};
    std::atomic<uint64_t> version_{0};
    mutable std::mutex mutex_;
    std::vector<PageHeader> pages_;
    std::vector<std::string> warnings_;
};

// Whether p (wu; sky: a direction) lies within `margin` of the bounds of a page's surfels.
bool liesIn(const PageHeader& page, bool sky, Vec3d p, double margin);

// A cover as it may be used while some of the child's pages are missing: weight 0 for the surfels of `page` that lie,
// within their own footprint, in a missing page of that child, so that they stay visible there (with the colours that the
// child carried back). The same layer when none does.
std::shared_ptr<const CoverLayer> withoutMissing(const Page& page, std::shared_ptr<const CoverLayer> layer,
                                                 const MissingPages& missing);

}  // namespace wz
