// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "world/level.h"
#include "world/missing_pages.h"
#include "world/page.h"

namespace wz {

// Where a page's bytes come from when they are first needed.
class PageSource {
public:
    virtual ~PageSource() = default;
    // The page, checksum verified; nullptr when it is corrupt or unreadable (the source has noted why).
    virtual std::shared_ptr<const Page> load(const PageHeader& header) const = 0;
    virtual std::shared_ptr<const CoverLayer> loadCover(const PageHeader& header, LevelId child) const = 0;
};

// One page's place in the world: its header is always in memory, its surfels come on first use. Thread-safe.
class PageSlot {
public:
    PageSlot(PageHeader header, std::shared_ptr<const PageSource> source)
        : header_(header), source_(std::move(source)) {}
    PageSlot(std::shared_ptr<const Page> page) : header_(page->header()), page_(std::move(page)), tried_(true) {}
    const PageHeader& header() const { return header_; }
    // Loads at most once; nullptr for a corrupt page.
    std::shared_ptr<const Page> page() const;
    // The same without keeping what it had to load.
    std::shared_ptr<const Page> passingPage() const;
    // Whether page() has nothing to load any more.
    bool isTried() const;

private:
    PageHeader header_;
    std::shared_ptr<const PageSource> source_;
    mutable std::mutex mutex_;
    mutable std::shared_ptr<const Page> page_;
    mutable bool tried_ = false;
};

// A cover of one page by one child: small facts in memory, arrays on first use. Thread-safe.
class CoverSlot {
public:
    CoverSlot(std::shared_ptr<const CoverLayer> layer);
    CoverSlot(const PageHeader& page, LevelId child, bool sibling, bool hasColor, uint8_t weightMin, float nextMax,
              std::shared_ptr<const PageSource> source);
    LevelId child() const { return child_; }
    bool sibling() const { return sibling_; }
    bool hasColor() const { return hasColor_; }
    uint8_t weightMin() const { return weightMin_; }
    float nextMax() const { return nextMax_; }
    std::shared_ptr<const CoverLayer> layer() const;  // nullptr when corrupt: the page is then not covered
    std::shared_ptr<const CoverLayer> passingLayer() const;  // the same without keeping what it had to load

private:
    LevelId child_;
    bool sibling_, hasColor_;
    uint8_t weightMin_;
    float nextMax_;
    PageHeader page_;
    std::shared_ptr<const PageSource> source_;
    mutable std::mutex mutex_;
    mutable std::shared_ptr<const CoverLayer> layer_;
    mutable bool tried_ = false;
};

struct PageEntry {
    std::shared_ptr<const PageSlot> page;
    std::vector<std::shared_ptr<const CoverSlot>> covers;  // by child id, ascending
};

// An immutable view of the world at an epoch. Safe from any thread.
struct Snapshot {
    uint64_t epoch = 0;
    std::vector<std::shared_ptr<const LevelRecord>> levels;  // by id; an undone level leaves no gap: only the newest go
    double leak = 0.0;  // with which it is drawn unless the settings say otherwise, see RenderSettings
    std::vector<PageEntry> pages;  // sorted by key: the stable order of surfels
    // Pages whose load failed so far. Load the pages of a view first, then use its covers through withoutMissing(): a
    // level with missing pages must not hide a coarser page as a whole.
    std::shared_ptr<const MissingPages> missing = std::make_shared<MissingPages>();

    // The same world as it was before any level above `last` was committed.
    std::shared_ptr<const Snapshot> until(LevelId last) const;
};

}  // namespace wz
