// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/thread_pool.h"
#include "world/snapshot.h"

namespace wz {

struct LoadStats {
    uint64_t loaded = 0, missing = 0, bytesRead = 0;
};

// Brings the pages of a view into memory, several at a time: what a frame has to wait for when the view comes to new ones.
class PageLoader {
public:
    explicit PageLoader(int threads) : threads_(threads) {}
    // missing: pages that cannot be read, those known before included.
    LoadStats load(const Snapshot& snapshot, const std::vector<uint32_t>& pages);

private:
    int threads_;
    std::unique_ptr<ThreadPool> pool_;  // made when first more than one page is absent
    std::vector<uint32_t> absent_;      // kept between frames
};

}  // namespace wz
