// SPDX-License-Identifier: Apache-2.0
// When two backends have drawn the same frame.
#pragma once

#include <doctest/doctest.h>

#include <cmath>

#include "raster/rasterizer.h"

namespace wz::test {

inline constexpr float kColorTolerance = 2.0f / 255.0f;
inline constexpr float kDepthTolerance = 1e-4f;  // relative
// Rounding decides in a few pixels which surfel brings transmittance to one half, contributes most, or is the first that
// alpha >= 1/255 leaves out: at most this share of the pixels may differ in such an output.
inline constexpr double kBoundaryShare = 0.002;

struct Difference {
    size_t pixels = 0, beyond = 0;
    float largest = 0;  // of those within the tolerance
};

// tolerance(a, b): what two numbers may differ by. Infinities of one sign are equal, NaN never is.
template <class T, class Tolerance>
Difference differenceOf(const Image<T>& a, const Image<T>& b, size_t channels, const Tolerance& tolerance) {
    REQUIRE(a.size() == b.size());
    Difference d;
    d.pixels = a.size() / channels;
    for (size_t i = 0; i < d.pixels; ++i) {
        bool beyond = false;
        for (size_t c = 0; c < channels; ++c) {
            const T x = a[i * channels + c], y = b[i * channels + c];
            if (x == y) continue;
            const float gap = std::fabs(static_cast<float>(x) - static_cast<float>(y));
            if (!(gap <= tolerance(x, y)))
                beyond = true;
            else
                d.largest = std::max(d.largest, gap);
        }
        if (beyond) ++d.beyond;
    }
    return d;
}

inline void checkDifference(const char* output, const Difference& d) {
    CAPTURE(output);
    CAPTURE(d.largest);
    CAPTURE(d.beyond);
    CHECK(static_cast<double>(d.beyond) <= std::max(2.0, kBoundaryShare * static_cast<double>(d.pixels)));
}

// Every output of two frames: color, coverage and normals within 2/255, depths within 1e-4 of themselves, level within
// 2/255 of a level, ids equal; outside the boundary share.
inline void checkParity(const Frame& a, const Frame& b) {
    REQUIRE(a.width == b.width);
    REQUIRE(a.height == b.height);
    const auto byColor = [](float, float) { return kColorTolerance; };
    const auto byDepth = [](float x, float y) { return kDepthTolerance * std::max(std::fabs(x), std::fabs(y)); };
    checkDifference("color", differenceOf(a.color, b.color, 3, byColor));
    checkDifference("coverage", differenceOf(a.coverage, b.coverage, 1, byColor));
    checkDifference("depth", differenceOf(a.depth, b.depth, 1, byDepth));
    checkDifference("depth median", differenceOf(a.depthMedian, b.depthMedian, 1, byDepth));
    checkDifference("normal", differenceOf(a.normal, b.normal, 3, byColor));
    checkDifference("level", differenceOf(a.level, b.level, 1, byColor));
    checkDifference("surfel id", differenceOf(a.surfelId, b.surfelId, 1, [](uint64_t, uint64_t) { return 0.0f; }));
}

}  // namespace wz::test
