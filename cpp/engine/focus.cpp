// SPDX-License-Identifier: Apache-2.0
#include "engine/focus.h"

#include <algorithm>
#include <cmath>

#include "shared/frustum.h"

namespace wz {

double focusDistanceOf(const Snapshot& snapshot, const std::vector<uint32_t>& pages, const Camera& camera) {
    double finest = -INFINITY;  // octave
    for (const uint32_t ordinal : pages) {
        const PageHeader& page = snapshot.pages[ordinal].page->header();
        if (!page.key.sky) finest = std::max(finest, page.octaveBase + page.nowMax);
    }
    std::vector<double> distances;
    for (const uint32_t ordinal : pages) {
        const PageHeader& page = snapshot.pages[ordinal].page->header();
        const double octave = page.octaveBase + page.nowMax;
        if (page.key.sky || octave < finest - 1.0) continue;
        const Vec3d middle{0.5 * (double(page.low.x) + page.high.x), 0.5 * (double(page.low.y) + page.high.y),
                           0.5 * (double(page.low.z) + page.high.z)};
        const double distance = length((page.origin - camera.position) + middle * page.unit);
        // An eye inside the page's box still looks at it from some of its own pixels away.
        distances.push_back(std::max(distance, 0.25 * camera.focal_px * std::exp2(-octave)));
    }
    if (distances.empty()) return 0.0;
    const auto median = distances.begin() + static_cast<ptrdiff_t>(distances.size() / 2);
    std::nth_element(distances.begin(), median, distances.end());
    return *median;
}

}  // namespace wz
