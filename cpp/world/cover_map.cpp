// SPDX-License-Identifier: Apache-2.0
#include "world/cover_map.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/errors.h"
#include "world/cover.h"

namespace wz {

bool CoverSampler::matches(size_t pixel, double distance, double tolerance) const {
    if (std::isinf(tolerance)) return true;
    const double there = map_.distance[pixel];
    if (std::isinf(there) || std::isinf(distance)) return std::isinf(there) && std::isinf(distance);
    return std::fabs(there - distance) <= tolerance;
}

double CoverSampler::weightAt(double x_px, double y_px, double distance, double tolerance) const {
    if (!(x_px >= 0 && y_px >= 0 && x_px <= width_ && y_px <= height_)) return 0.0;
    const double u = std::clamp(x_px - 0.5, 0.0, width_ - 1.0), v = std::clamp(y_px - 0.5, 0.0, height_ - 1.0);
    const int x0 = static_cast<int>(u), y0 = static_cast<int>(v);
    const int x1 = std::min(x0 + 1, width_ - 1), y1 = std::min(y0 + 1, height_ - 1);
    const double fx = u - x0, fy = v - y0;
    const size_t pixels[4] = {size_t(y0) * width_ + x0, size_t(y0) * width_ + x1, size_t(y1) * width_ + x0,
                              size_t(y1) * width_ + x1};
    const double shares[4] = {(1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy};
    bool anyMatches = false;
    double weight = 0;
    for (int k = 0; k < 4; ++k) {
        weight += shares[k] * map_.weight[pixels[k]];
        // A neighbour without a share in the sample says nothing about it.
        anyMatches = anyMatches || (shares[k] > 0 && matches(pixels[k], distance, tolerance));
    }
    return anyMatches ? weight : 0.0;
}

bool CoverSampler::matchesAt(double x_px, double y_px, double distance, double tolerance) const {
    const int x = static_cast<int>(std::clamp(x_px, 0.0, width_ - 1.0));
    const int y = static_cast<int>(std::clamp(y_px, 0.0, height_ - 1.0));
    return matches(size_t(y) * width_ + x, distance, tolerance);
}

ColorChangeTable::ColorChangeTable(const CoverMap& map, int width, int height)
    : width_(width), height_(height), sums_(size_t(width + 1) * (height + 1)) {
    for (int y = 0; y < height; ++y) {
        std::array<double, 3> row{};
        for (int x = 0; x < width; ++x) {
            const size_t pixel = size_t(y) * width + x;
            bool edited = false;
            for (int c = 0; c < 3; ++c) {
                const double change = double(map.colorChange[3 * pixel + c]) * map.weight[pixel];
                edited = edited || change != 0;
                row[c] += change;
                sums_[size_t(y + 1) * (width + 1) + x + 1][c] = sums_[size_t(y) * (width + 1) + x + 1][c] + row[c];
            }
            editedPixels_ += edited;
        }
    }
}

std::array<double, 3> ColorChangeTable::sumTo(double x_px, double y_px) const {
    const double u = std::clamp(x_px, 0.0, double(width_)), v = std::clamp(y_px, 0.0, double(height_));
    const int x0 = std::min(static_cast<int>(u), width_ - 1), y0 = std::min(static_cast<int>(v), height_ - 1);
    const double fx = u - x0, fy = v - y0;
    const auto* top = &sums_[size_t(y0) * (width_ + 1) + x0];
    const auto* bottom = top + width_ + 1;
    std::array<double, 3> sum;
    for (int c = 0; c < 3; ++c)
        sum[c] =
            (1 - fy) * ((1 - fx) * top[0][c] + fx * top[1][c]) + fy * ((1 - fx) * bottom[0][c] + fx * bottom[1][c]);
    return sum;
}

std::array<double, 3> ColorChangeTable::meanAt(double x_px, double y_px, double side_px) const {
    const double h = 0.5 * side_px;
    const auto a = sumTo(x_px - h, y_px - h), b = sumTo(x_px + h, y_px - h);
    const auto c = sumTo(x_px - h, y_px + h), d = sumTo(x_px + h, y_px + h);
    std::array<double, 3> mean;
    for (int k = 0; k < 3; ++k) mean[k] = (d[k] - b[k] - c[k] + a[k]) / (side_px * side_px);
    return mean;
}

void checkCoverMap(const CoverMap& map, const Camera& lens) {
    if (map.weight.empty() && map.distance.empty() && map.colorChange.empty()) return;
    const size_t pixels = size_t(lens.width) * size_t(lens.height);
    const auto expect = [](size_t wanted, size_t came, const char* name) {
        if (wanted != came)
            throw InputError(std::string("cover map: ") + std::to_string(wanted) + " values expected in " + name +
                             ", " + std::to_string(came) + " came");
    };
    expect(pixels, map.weight.size(), "weight");
    expect(pixels, map.distance.size(), "distance");
    if (!map.colorChange.empty()) expect(3 * pixels, map.colorChange.size(), "color_change");
    for (size_t i = 0; i < pixels; ++i) {
        if (!(map.weight[i] >= 0 && map.weight[i] <= 1))
            throw InputError("cover map: weights in 0..1 expected, " + std::to_string(map.weight[i]) +
                             " came at pixel " + std::to_string(i));
        if (!(map.distance[i] > 0))
            throw InputError("cover map: positive distances (or +infinity) expected, " +
                             std::to_string(map.distance[i]) + " came at pixel " + std::to_string(i));
    }
    for (float v : map.colorChange)
        if (!std::isfinite(v))
            throw InputError("cover map: finite colour changes expected, " + std::to_string(v) + " came");
    if (!(map.toleranceFootprints > 0) || std::isinf(map.toleranceFootprints))
        throw InputError("cover map: a positive tolerance expected, " + std::to_string(map.toleranceFootprints) +
                         " came");
}

}  // namespace wz
