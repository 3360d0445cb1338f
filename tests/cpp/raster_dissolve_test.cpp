// SPDX-License-Identifier: Apache-2.0
// The dissolve between a coarse page and the finer one that covers it: pictures are mixed, not opacities.
#include <doctest/doctest.h>

#include <algorithm>

#include "raster_scene.h"
#include "shared/fade_lanes.h"

using namespace wz;
using namespace wz::test;

namespace {

constexpr double kRatioOctaves = 1.5;

Camera planeCamera() {
    Camera c = cameraAt(64, 64, 2000.0);
    c.cx_px = c.cy_px = 32.0;
    return c;
}

// A wall of discs `spacing` px apart at the distance z, on average; jitter (wu) shuffles the depth order.
DiscArrays wall(double spacing, double z, double jitter, Vec3f color, double now, double prior, uint32_t seed) {
    const Camera camera = planeCamera();
    std::mt19937 rng(seed);
    std::normal_distribution<double> n(0, jitter);
    DiscArrays a;
    const double footprint = z / camera.focal_px;
    const int side = static_cast<int>(88 / spacing);
    for (int j = 0; j < side; ++j)
        for (int i = 0; i < side; ++i) {
            const double x = (i * spacing - 44) * footprint, y = (j * spacing - 44) * footprint;
            const float s = static_cast<float>(0.7 * spacing * footprint);
            a.add({x, y, z + n(rng)}, {1, 0, 0, 0}, s, s, color, 0.97f, now, prior);
        }
    return a;
}

// A coarse page of `spacing` px, a fine page of spacing / 2^1.5, and the cover that joins them. Both seen at the coarse
// page's own footprint when the detail bias is 0 (ahead: at that many octaves).
struct Pair {
    PackedPage coarse, fine;
    std::vector<uint8_t> weight;
    std::vector<uint16_t> next;
    float readiness = 1.0f;

    Pair(double z, double spacing, double fineOffset, uint32_t seed, double jitter = 0.002, uint8_t cover = 255,
         double ahead = 0) {
        const double footprint = std::exp2(-ahead) * z / planeCamera().focal_px, finer = std::exp2(-kRatioOctaves);
        const double base = std::floor(-std::log2(footprint)) - 2;
        const Vec3d origin{-8, -8, z - 8};
        const double unit = std::exp2(-12);
        const DiscArrays c = wall(spacing, z, jitter, {0, 0.5f, 1}, footprint, INFINITY, seed);
        const DiscArrays f =
            wall(spacing * finer, z + fineOffset, jitter, {1, 0.5f, 0}, footprint * finer, footprint, seed + 1);
        coarse = packedPage(c, origin, unit, base);
        fine = packedPage(f, origin, unit, base);
        weight.assign(c.size(), cover);
        next.assign(c.size(),
                    static_cast<uint16_t>((-std::log2(footprint * finer) - base) * kBandStepsPerOctave + 0.5));
    }
    DrawList list(bool withCoarse = true, bool withFine = true) const {
        DrawList list;
        if (withCoarse) {
            list.pages.push_back(coarse.draw(0, 0));
            list.pages.back().covers.push_back({weight, next, {}, readiness, false});
        }
        if (withFine) {
            list.pages.push_back(fine.draw(1, 1));
            list.pages.back().readiness = readiness;
        }
        return list;
    }
};

RenderSettings biased(double w, FadeLaw law = FadeLaw::Dissolve) {
    RenderSettings s = settingsWith(kOutputColor | kOutputCoverage | kOutputLevel);
    s.detailBias = static_cast<float>(w * kRatioOctaves);
    s.fadeLaw = law;
    s.near = 0.01;
    return s;
}

// The finer level's weight at the part `w` of the band between the two.
double weightAt(double w) { return coarseBand(static_cast<float>(w), 0.0f, 1.0f).weight; }

struct Measured {
    double mean = 0, deviation = 0, worst = 0, lowestCoverage = 1;
};

// The part of the finer level (its red over the coverage) against w, inside an 8-pixel margin.
Measured measured(const Frame& f, double w) {
    Measured m;
    double sum = 0, squares = 0;
    int n = 0;
    for (int y = 8; y < f.height - 8; ++y)
        for (int x = 8; x < f.width - 8; ++x) {
            const size_t i = static_cast<size_t>(y) * f.width + x;
            const double part = f.color[3 * i] / std::max(f.coverage[i], 1e-6f);
            sum += part;
            squares += part * part;
            m.worst = std::max(m.worst, std::fabs(part - w));
            m.lowestCoverage = std::min<double>(m.lowestCoverage, f.coverage[i]);
            ++n;
        }
    m.mean = sum / n;
    m.deviation = std::sqrt(std::max(0.0, squares / n - m.mean * m.mean));
    return m;
}

}  // namespace

TEST_CASE("the finer level's part of a pixel equals the weight, whatever the order in depth") {
    for (double offset : {-0.2, 0.0, 0.2}) {
        const Pair pair(4.0, 2.0, offset, 31);
        for (double w : {0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98}) {
            // The walls stand 5 % apart in the offset cases; the one in front is met first and decides.
            const double weight = weightAt(w + (offset < 0 ? std::log2(4.0 / (4.0 + offset)) / kRatioOctaves : 0.0));
            const Measured m = measured(drawn(pair.list(), planeCamera(), biased(w)), weight);
            CAPTURE(offset);
            CAPTURE(w);
            const double expected = offset == 0.0 ? 0.003 : 0.006;
            CHECK(m.worst <= expected + 0.003);
            CHECK(std::fabs(m.mean - weight) <= expected);
            CHECK(m.deviation <= 0.002);
        }
    }
}

TEST_CASE("fading opacities instead shows that the test can fail") {
    const Pair pair(4.0, 2.0, 0.0, 32);
    CHECK(measured(drawn(pair.list(), planeCamera(), biased(0.5, FadeLaw::Opacity)), 0.5).worst > 0.1);
    CHECK(measured(drawn(pair.list(), planeCamera(), biased(0.5, FadeLaw::Optical)), 0.5).worst > 0.1);
}

TEST_CASE("coverage never falls below the smaller of the two levels' own") {
    const Pair pair(4.0, 2.0, 0.0, 33);
    RenderSettings whole = biased(0);
    whole.applyFade = false;
    const Frame coarse = drawn(pair.list(true, false), planeCamera(), whole);
    const Frame fine = drawn(pair.list(false, true), planeCamera(), whole);
    for (int step = 0; step <= 96; ++step) {
        const Frame both = drawn(pair.list(), planeCamera(), biased(step / 96.0));
        float dip = 0;
        for (size_t i = 0; i < both.coverage.size(); ++i)
            dip = std::max(dip, std::min(coarse.coverage[i], fine.coverage[i]) - both.coverage[i]);
        CHECK(dip <= 1.0f / 255.0f);
    }
}

TEST_CASE("a second surface behind at another weight changes the part by at most 0.01") {
    const Pair front(4.0, 2.0, 0.0, 34), back(7.0, 2.0, 0.0, 36);
    for (double w : {0.1, 0.5, 0.9}) {
        DrawList list = front.list();
        for (const PageDraw& page : back.list().pages) list.pages.push_back(page);
        // Seen from the same eye the farther wall is log2(7/4) octaves coarser; its own bands say the same as the front's.
        const Measured alone = measured(drawn(front.list(), planeCamera(), biased(w)), w);
        const Measured both = measured(drawn(list, planeCamera(), biased(w)), w);
        CHECK(both.lowestCoverage >= alone.lowestCoverage);
        CHECK(std::fabs(both.mean - alone.mean) <= 0.01);
    }
}

TEST_CASE("what lies behind does not flash where the two levels' bands begin and end at other biases") {
    // The coarse wall stands 5 % before or behind the fine one, so that it leaves or enters its band 0.07 octaves away from it;
    // the walls behind are in the middle of their own fade then.
    for (double offset : {-0.2, 0.2}) {
        const Pair front(4.0, 2.0, offset, 41), back(5.5, 2.0, 0.0, 42, 0.002, 255, -0.8);
        DrawList list = front.list();
        for (const PageDraw& page : back.list().pages) list.pages.push_back(page);
        Frame before = drawn(list, planeCamera(), biased(-0.1));
        for (int step = -9; step <= 105; ++step) {
            const Frame now = drawn(list, planeCamera(), biased(step / 96.0));
            float jump = 0;
            for (size_t i = 0; i < now.color.size(); ++i)
                jump = std::max(jump, std::fabs(now.color[i] - before.color[i]));
            CAPTURE(offset);
            CAPTURE(step);
            CHECK(jump <= 0.05f);
            before = now;
        }
    }
}

TEST_CASE("the dissolve is continuous and ends in the levels themselves") {
    const Pair pair(4.0, 2.0, 0.0, 37);
    const Frame coarse = drawn(pair.list(true, false), planeCamera(), biased(-0.1));
    const Frame fine = drawn(pair.list(false, true), planeCamera(), biased(1.05));
    CHECK(drawn(pair.list(), planeCamera(), biased(-0.1)).color == coarse.color);
    CHECK(drawn(pair.list(), planeCamera(), biased(1.05)).color == fine.color);
    Frame before = drawn(pair.list(), planeCamera(), biased(-1.0 / 96));
    for (int step = 0; step <= 97; ++step) {
        const Frame now = drawn(pair.list(), planeCamera(), biased(step / 96.0));
        float jump = 0;
        for (size_t i = 0; i < now.color.size(); ++i) jump = std::max(jump, std::fabs(now.color[i] - before.color[i]));
        CHECK(jump <= 0.03f);
        before = now;
    }
}

TEST_CASE("a coarse page stays whole until its finer level is ready") {
    Pair pair(4.0, 2.0, 0.0, 38);
    RenderSettings whole = biased(0.7);
    whole.applyFade = false;
    const Frame coarse = drawn(pair.list(true, false), planeCamera(), whole);
    pair.readiness = 0.0f;
    CHECK(drawn(pair.list(), planeCamera(), biased(0.7)).color == coarse.color);
    pair.readiness = 0.5f;
    const double half = 0.5 * weightAt(0.8);
    CHECK(std::fabs(measured(drawn(pair.list(), planeCamera(), biased(0.8)), half).mean - half) <= 0.004);
}

TEST_CASE("a soft cover shows its weight of the finer level") {
    Pair pair(4.0, 2.0, 0.0, 39, 0.002, 102);  // 0.4
    for (Surfel& s : pair.fine.surfels) s.mask = toUnorm16(0.4f);
    CHECK(std::fabs(measured(drawn(pair.list(), planeCamera(), biased(0.5)), 0.2).mean - 0.2) <= 0.004);
    CHECK(std::fabs(measured(drawn(pair.list(), planeCamera(), biased(1.0)), 0.4).mean - 0.4) <= 0.004);
    CHECK(std::fabs(measured(drawn(pair.list(), planeCamera(), biased(1.2)), 0.4).mean - 0.4) <= 0.004);
}

TEST_CASE("the newest sibling's cover comes first and older ones get what is left") {
    Pair pair(4.0, 2.0, 0.0, 40);
    DrawList list = pair.list(true, false);
    std::vector<uint8_t> newest(pair.weight.size(), 153), older(pair.weight.size(), 255);  // 0.6 and 1, limited to 0.4
    std::vector<int8_t> red(3 * pair.weight.size(), 0);
    for (size_t i = 0; i < red.size(); i += 3) red[i] = 64;
    list.pages[0].covers = {{newest, pair.next, red, 1.0f, false}, {older, pair.next, {}, 0.5f, false}};
    // Covered by 0.6 w + 0.5 * 0.4 w of two children that are not drawn: the rest of the coverage shows it.
    const Frame f = drawn(list, planeCamera(), biased(0.5));
    const Frame alone = drawn(pair.list(true, false), planeCamera(), biased(0));
    const size_t middle = 32 * 64 + 32;
    CHECK(f.coverage[middle] == doctest::Approx(alone.coverage[middle] * (1 - 0.4)).epsilon(0.01));
    CHECK(f.color[3 * middle] == doctest::Approx(f.coverage[middle] * 64 / 127.0).epsilon(0.01));
}

TEST_CASE("a newer sibling fades the fine surfels that it lies over") {
    Pair pair(4.0, 2.0, 0.0, 41);
    DrawList list = pair.list(false, true);
    const size_t count = pair.fine.surfels.size();
    std::vector<uint8_t> weight(count, 128);
    std::vector<uint16_t> next(count, pair.next[0]);
    list.pages[0].covers = {{weight, next, {}, 1.0f, true}};
    const Frame whole = drawn(pair.list(false, true), planeCamera(), biased(1.2));
    const Frame under = drawn(list, planeCamera(), biased(1.2));
    const size_t middle = 32 * 64 + 32;
    // Fine surfels at weight 1 - 128/255, with no coarse partner in the list.
    CHECK(under.coverage[middle] == doctest::Approx(whole.coverage[middle] * (1 - 128 / 255.0)).epsilon(0.01));
}
