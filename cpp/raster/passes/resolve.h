// SPDX-License-Identifier: Apache-2.0
// Parameters and results of the resolve pass: sums of a pixel -> images.
#pragma once

#include <cstdint>

namespace wz {

// Where the pixels of a frame go, row-major; null: not asked for.
struct FrameArrays {
    int32_t width, height;
    float* color;
    float* coverage;
    float* depth;
    float* depthMedian;
    float* normal;
    float* level;
    uint64_t* surfelId;
};

// How sums become images, the same for all pixels of a frame. Radial depths are depths along z times the length of the
// pixel's ray.
struct ResolveParams {
    float background[3];
    bool radialDepth;
    double focal_px, cx_px, cy_px;
    double depthOrigin, depthReference;  // wu
};

}  // namespace wz
