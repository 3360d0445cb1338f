// SPDX-License-Identifier: Apache-2.0
#include "engine/page_loader.h"

#include <atomic>
#include <functional>

#include "core/file.h"
#include "core/profiler.h"

namespace wz {

LoadStats PageLoader::load(const Snapshot& snapshot, const std::vector<uint32_t>& pages) {
    WZ_ZONE("load");
    LoadStats stats;
    absent_.clear();
    for (const uint32_t ordinal : pages)
        if (!snapshot.pages[ordinal].page->isTried()) absent_.push_back(ordinal);
    if (!absent_.empty()) {
        std::atomic<uint64_t> bytesRead{0};
        const auto loadOne = [&](size_t i, int) {
            const uint64_t before = fileTally().bytesRead;
            snapshot.pages[absent_[i]].page->page();
            bytesRead += fileTally().bytesRead - before;
        };
        if (absent_.size() > 1 && !pool_) pool_ = std::make_unique<ThreadPool>(threads_, "loader");
        if (absent_.size() > 1)
            pool_->forEach(absent_.size(), 1, std::ref(loadOne));
        else
            loadOne(0, 0);
        stats.loaded = absent_.size();
        stats.bytesRead = bytesRead;
    }
    for (const uint32_t ordinal : pages)
        if (!snapshot.pages[ordinal].page->page()) ++stats.missing;
    return stats;
}

}  // namespace wz
