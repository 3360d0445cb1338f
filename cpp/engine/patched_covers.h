// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "world/missing_pages.h"
#include "world/page.h"

namespace wz {

// Covers as they may be used while pages are missing (withoutMissing), made once and kept while frames ask for them: looked through
// surfel by surfel no more, and known again by a GPU that has them in memory.
class PatchedCovers {
public:
    std::shared_ptr<const CoverLayer> of(const Page& page, const std::shared_ptr<const CoverLayer>& layer,
                                         const MissingPages& missing);
    // Forgets what was not asked for since the last call.
    void endFrame();
    size_t size() const { return known_.size(); }

private:
    struct Known {
        std::weak_ptr<const CoverLayer> whole;
        std::shared_ptr<const CoverLayer> changed;  // null: the layer is used as it is
        uint64_t version = 0;                       // of the missing pages
        bool used = true;
    };
    std::unordered_map<const CoverLayer*, Known> known_;
};

}  // namespace wz
