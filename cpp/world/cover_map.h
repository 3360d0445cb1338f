// SPDX-License-Identifier: Apache-2.0
// Sampling of a CoverMap at places given in pixels of its lens view.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "world/level.h"

namespace wz {

// Borrows the map; the map must outlive it.
class CoverSampler {
public:
    CoverSampler(const CoverMap& map, int width, int height) : map_(map), width_(width), height_(height) {}

    // Weight at (x, y) px, bilinear, of a surface at radial `distance` (+infinity: sky); 0 outside the view and where the
    // map's distance differs by more than `tolerance` wu. Across a jump of the map the nearer match of the four counts.
    double weightAt(double x_px, double y_px, double distance, double tolerance) const;

    // Whether the map's distance at (x, y), clamped into the view, matches.
    bool matchesAt(double x_px, double y_px, double distance, double tolerance) const;

private:
    bool matches(size_t pixel, double distance, double tolerance) const;

    const CoverMap& map_;
    int width_, height_;
};

// Means over rectangles of the weighted colour change, by a summed-area table. Outside of the view nothing changes.
class ColorChangeTable {
public:
    ColorChangeTable(const CoverMap& map, int width, int height);

    double editedPixels() const { return editedPixels_; }  // number of pixels that change at all
    // Mean over the square of `side_px` > 0 around (x, y), fractional borders included.
    std::array<double, 3> meanAt(double x_px, double y_px, double side_px) const;

private:
    std::array<double, 3> sumTo(double x_px, double y_px) const;  // over [0, x) x [0, y), clamped into the view

    int width_, height_;
    double editedPixels_ = 0;
    std::vector<std::array<double, 3>> sums_;  // (width + 1) x (height + 1)
};

}  // namespace wz
