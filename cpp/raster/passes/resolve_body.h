// SPDX-License-Identifier: Apache-2.0
// The resolve pass: the two pictures of a pixel -> what is asked for.
#pragma once

#include "shared/config.h"
#include "shared/vec.h"

namespace wz {

// One picture's sums over a pixel; `rest` is the transmittance left.
struct PictureSums {
    float rest = 1, red = 0, green = 0, blue = 0;
};

struct DetailSums {
    float solid = 0, depth = 0, median = INFINITY;
    float nx = 0, ny = 0, nz = 0, level = 0;
    float best = 0;
    uint32_t bestSlot = 0xffffffffu;
};

// Share of picture A (with the finer level): contribution-weighted mean of the weights of the surfels in transition.
WZ_HD float shareOfFiner(float weightSum, float shareSum) { return shareSum > 0.0f ? weightSum / shareSum : 1.0f; }

WZ_HD float mixed(float share, float a, float b) { return b + share * (a - b); }

WZ_HD PictureSums mixPictures(float share, const PictureSums& a, const PictureSums& b) {
    return {mixed(share, a.rest, b.rest), mixed(share, a.red, b.red), mixed(share, a.green, b.green),
            mixed(share, a.blue, b.blue)};
}

// Median depth and id cannot be mixed: they come from the picture that has the larger share.
WZ_HD DetailSums mixDetails(float share, const DetailSums& a, const DetailSums& b) {
    const DetailSums& more = share >= 0.5f ? a : b;
    DetailSums o = more;
    o.solid = mixed(share, a.solid, b.solid);
    o.depth = mixed(share, a.depth, b.depth);
    o.nx = mixed(share, a.nx, b.nx);
    o.ny = mixed(share, a.ny, b.ny);
    o.nz = mixed(share, a.nz, b.nz);
    o.level = mixed(share, a.level, b.level);
    return o;
}

// How depth along z, less `origin`, becomes what the frame holds: d * stretch + offset for the pixel.
struct DepthScale {
    float stretch, offset;
};

// A pixel whose larger part is sky is infinitely far; else the mean over what is not sky.
WZ_HD float expectedDepth(const DetailSums& sums, float coverage, DepthScale scale) {
    if (!(sums.solid > 0.0f) || sums.solid < 0.5f * coverage) return INFINITY;
    return sums.depth / sums.solid * scale.stretch + scale.offset;
}

}  // namespace wz
