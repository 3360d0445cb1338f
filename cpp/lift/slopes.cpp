// SPDX-License-Identifier: Apache-2.0
#include "lift/slopes.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace wz {
namespace {

constexpr int32_t kRowsATask = 16;

// In footprints of the nearer; infinite from or to the sky, 0 within it.
inline float stepBetween(double first, double second, double focal_px) {
    const auto step = static_cast<float>((second - first) * (focal_px / std::min(first, second)));
    return step == step ? step : 0.0f;
}

inline uint8_t isJump(float step, float before, float after, const JumpRule& rule) {
    const float size = std::fabs(step), beside = std::min(std::fabs(before), std::fabs(after));
    return (size > rule.steepest) | (size > rule.tolerance * (rule.least + rule.ofBeside * beside));
}

// Steps into a pixel from the one before, and out of it to the next. At the frame's ends there is none: cut, but no edge.
struct Side {
    const float* step;
    const uint8_t* cut;
    const uint8_t* jump;
};

void combine(const Side& in, const Side& out, const double* distance, size_t count, bool adds, float* slope,
             uint8_t* edge, uint8_t* between) {
    for (size_t i = 0; i < count; ++i) {
        const float a = in.cut[i] ? 0.0f : in.step[i], b = out.cut[i] ? 0.0f : out.step[i];
        const float weight = static_cast<float>(2 - in.cut[i] - out.cut[i]);
        slope[i] = (a + b) / std::max(weight, 1.0f);
        const uint8_t isEdge = in.jump[i] | out.jump[i];
        const uint8_t isBetween = static_cast<uint8_t>(in.jump[i] & out.jump[i]) &
                                  static_cast<uint8_t>((in.step[i] > 0) == (out.step[i] > 0)) &
                                  static_cast<uint8_t>(distance[i] < INFINITY);
        edge[i] = adds ? edge[i] | isEdge : isEdge;
        between[i] = adds ? between[i] | isBetween : isBetween;
    }
}

// Steps of one line of boundaries, with the two ends' or the two neighbouring lines' as what lies beside.
struct Line {
    std::vector<float> step;
    std::vector<uint8_t> cut, jump;

    explicit Line(size_t count) : step(count), cut(count), jump(count) {}
};

void alongRow(const DistanceMap& map, const JumpRule& rule, int32_t row, Line& line, const SlopeMaps& out) {
    const auto width = static_cast<size_t>(map.width);
    const double* d = map.values.data() + row * width;
    line.step[0] = line.step[width] = 0.0f;
    for (size_t x = 1; x < width; ++x) line.step[x] = stepBetween(d[x - 1], d[x], map.focal_px);
    const auto judge = [&](size_t x, float before, float after) {
        line.cut[x] = line.jump[x] = isJump(line.step[x], before, after, rule);
    };
    line.cut[0] = line.cut[width] = 1;
    line.jump[0] = line.jump[width] = 0;
    for (size_t x = 2; x + 1 < width; ++x) judge(x, line.step[x - 1], line.step[x + 1]);
    if (width == 2) judge(1, 0.0f, 0.0f);
    if (width > 2) {
        judge(1, line.step[2], line.step[2]);
        judge(width - 1, line.step[width - 2], line.step[width - 2]);
    }
    const size_t at = row * width;
    combine({line.step.data(), line.cut.data(), line.jump.data()},
            {line.step.data() + 1, line.cut.data() + 1, line.jump.data() + 1}, d, width, false, &out.across[at],
            &out.edge[at], &out.between[at]);
}

// The lines of boundaries above rows first .. last, and below the last, come one after another.
class Boundaries {
public:
    Boundaries(const DistanceMap& map, const JumpRule& rule)
        : map_(map), rule_(rule), width_(static_cast<size_t>(map.width)), steps_(3, std::vector<float>(width_)) {}

    // Fills `line` for the boundary above row k: steps and what they are. k is the last one's successor, or any.
    void fill(int32_t k, Line& line) {
        for (int32_t j = k - 1; j <= k + 1; ++j)
            if (at_[slot(j)] != j) measure(j);
        const std::vector<float>& own = steps_[slot(k)];
        std::copy(own.begin(), own.end(), line.step.begin());
        if (k == 0 || k == map_.height) {
            std::fill(line.cut.begin(), line.cut.end(), uint8_t(1));
            std::fill(line.jump.begin(), line.jump.end(), uint8_t(0));
            return;
        }
        const bool hasBefore = k > 1, hasAfter = k + 1 < map_.height;
        const float* before = steps_[slot(hasBefore || !hasAfter ? k - 1 : k + 1)].data();
        const float* after = steps_[slot(hasAfter || !hasBefore ? k + 1 : k - 1)].data();
        for (size_t x = 0; x < width_; ++x) line.cut[x] = line.jump[x] = isJump(own[x], before[x], after[x], rule_);
    }

private:
    static size_t slot(int32_t k) { return static_cast<size_t>(k + 3) % 3; }

    void measure(int32_t k) {
        std::vector<float>& steps = steps_[slot(k)];
        at_[slot(k)] = k;
        if (k <= 0 || k >= map_.height) return std::fill(steps.begin(), steps.end(), 0.0f);
        const double* above = map_.values.data() + (k - 1) * width_;
        for (size_t x = 0; x < width_; ++x) steps[x] = stepBetween(above[x], above[x + width_], map_.focal_px);
    }

    const DistanceMap& map_;
    const JumpRule& rule_;
    size_t width_;
    std::vector<std::vector<float>> steps_;
    int32_t at_[3] = {-9, -9, -9};
};

}  // namespace

void measureSlopes(const DistanceMap& map, const JumpRule& rule, const SlopeMaps& out, ThreadPool& pool) {
    const auto width = static_cast<size_t>(map.width);
    const int32_t tasks = (map.height + kRowsATask - 1) / kRowsATask;
    pool.forEach(static_cast<size_t>(tasks), 1, [&](size_t task, int) {
        const auto first = static_cast<int32_t>(task) * kRowsATask, end = std::min(first + kRowsATask, map.height);
        Line row(width + 1), above(width), below(width);
        Boundaries boundaries(map, rule);
        boundaries.fill(first, above);
        for (int32_t y = first; y < end; ++y) {
            alongRow(map, rule, y, row, out);
            boundaries.fill(y + 1, below);
            const size_t at = y * width;
            combine({above.step.data(), above.cut.data(), above.jump.data()},
                    {below.step.data(), below.cut.data(), below.jump.data()}, map.values.data() + at, width, true,
                    &out.down[at], &out.edge[at], &out.between[at]);
            std::swap(above, below);
        }
    });
}

}  // namespace wz
