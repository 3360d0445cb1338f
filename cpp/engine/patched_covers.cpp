// SPDX-License-Identifier: Apache-2.0
#include "engine/patched_covers.h"

#include <iterator>
#include <utility>

namespace wz {

std::shared_ptr<const CoverLayer> PatchedCovers::of(const Page& page, const std::shared_ptr<const CoverLayer>& layer,
                                                    const MissingPages& missing) {
    if (!layer || missing.count() == 0) return layer;
    const uint64_t version = missing.version();
    Known& known = known_[layer.get()];
    if (known.whole.lock() != layer || known.version != version) {
        auto patched = withoutMissing(page, layer, missing);
        known = {layer, patched == layer ? nullptr : std::move(patched), version};
    }
    known.used = true;
    return known.changed ? known.changed : layer;
}

void PatchedCovers::endFrame() {
    for (auto it = known_.begin(); it != known_.end();)
        it = std::exchange(it->second.used, false) ? std::next(it) : known_.erase(it);
}

}  // namespace wz
