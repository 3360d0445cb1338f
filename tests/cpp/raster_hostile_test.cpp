// SPDX-License-Identifier: Apache-2.0
// Bad numbers neither crash nor touch what is drawn beside them.
#include <doctest/doctest.h>

#include <algorithm>

#include "core/errors.h"
#include "raster_scene.h"

using namespace wz;
using namespace wz::test;

namespace {

const Camera kCamera = cameraAt(90, 70, 80.0);
const float kBadFloats[] = {NAN, INFINITY, -INFINITY, 3e38f, -3e38f, 1e-45f, 0.0f, -1.0f, 1e20f};

// The discs with every `bad` number put once into every field of a disc of its own, before and after the good ones.
DiscArrays withBadDiscs(const DiscArrays& good) {
    DiscArrays a;
    const auto addBad = [&] {
        for (float bad : kBadFloats)
            for (int field = 0; field < 9; ++field) {
                if (field >= 6 && !(std::isnan(bad) || std::isinf(bad))) continue;  // a large colour is only a colour
                Vec3d p{0.1, 0.2, 4};
                Quatf q{1, 0.1f, 0, 0};
                float s1 = 0.05f, s2 = 0.05f, o = 0.9f;
                Vec3f c{0.5f, 0.5f, 0.5f};
                if (field == 0) p.x = bad == 0.0f || bad == 1e-45f || bad == -1.0f ? NAN : bad;
                if (field == 1) p.z = std::isfinite(bad) && bad > 0 ? NAN : bad;
                if (field == 2) q = std::isfinite(bad) ? Quatf{0, 0, 0, 0} : Quatf{bad, 0, 0, 0};
                if (field == 3) s1 = bad == 3e38f || bad == 1e20f ? NAN : bad;
                if (field == 4) s2 = bad == 3e38f || bad == 1e20f ? NAN : bad;
                if (field == 5) o = std::isfinite(bad) ? -std::fabs(bad) : (bad > 0 ? NAN : bad);
                if (field == 6) c.x = bad;
                if (field == 7) c.y = bad;
                if (field == 8) c.z = bad;
                a.add(p, q, s1, s2, c, o);
            }
    };
    addBad();
    for (size_t i = 0; i < good.size(); ++i)
        a.add({good.positions[3 * i], good.positions[3 * i + 1], good.positions[3 * i + 2]},
              {good.orientations[4 * i], good.orientations[4 * i + 1], good.orientations[4 * i + 2],
               good.orientations[4 * i + 3]},
              good.extents[2 * i], good.extents[2 * i + 1],
              {good.colors[3 * i], good.colors[3 * i + 1], good.colors[3 * i + 2]}, good.opacities[i]);
    addBad();
    return a;
}

bool allFinite(const Image<float>& v) {
    return std::all_of(v.begin(), v.end(), [](float x) { return std::isfinite(x); });
}

}  // namespace

TEST_CASE("bad numbers leave the good surfels' picture as it was") {
    DiscArrays good = randomDiscs(21, 600, kCamera);
    RenderSettings s = settingsWith(kAllOutputs & ~kOutputSurfelId);
    s.applyFade = false;
    s.focusDistance = 4;
    for (InstructionSet set : {InstructionSet::Best, InstructionSet::Baseline}) {
        DrawList alone, among;
        const DiscArrays bad = withBadDiscs(good);
        alone.layers.push_back(good.draw());
        among.layers.push_back(bad.draw());
        const Frame a = drawn(alone, kCamera, s, 1, set), b = drawn(among, kCamera, s, 1, set);
        CHECK(allFinite(b.color));
        CHECK(allFinite(b.coverage));
        CHECK(allFinite(b.normal));
        CHECK(a.color == b.color);
        CHECK(a.coverage == b.coverage);
        CHECK(a.depth == b.depth);
        CHECK(a.depthMedian == b.depthMedian);
        CHECK(a.normal == b.normal);
        CHECK(a.level == b.level);
    }
}

TEST_CASE("huge discs and absurd opacities are drawn without harm") {
    DiscArrays discs;
    discs.add({0, 0, 4}, {1, 0, 0, 0}, 3e38f, 1.0f, {1, 1, 1}, 1.0f);
    discs.add({0, 0, 4}, {1, 0, 0, 0}, 1e15f, 1e15f, {1, 1, 1}, 0.5f);
    discs.add({0, 0, 4}, {1, 0.3f, 0, 0}, 1e6f, 1e6f, {1, 1, 1}, 50.0f);
    discs.add({0, 0, 0}, {1, 0.3f, 0.2f, 0}, 5.0f, 5.0f, {1, 1, 1}, 0.7f);
    discs.add({0, 0, 1e-30}, {1, 0.3f, 0.2f, 0}, 5.0f, 5.0f, {1, 1, 1}, 0.7f);
    discs.add({0, 0, 1e300}, {1, 0, 0, 0}, 1.0f, 1.0f, {1, 1, 1}, 0.7f);
    RenderSettings s = settingsWith();
    s.applyFade = false;
    const Frame frame = drawn(discs, kCamera, s);
    CHECK(allFinite(frame.color));
    for (float c : frame.coverage) CHECK((c >= 0.0f && c <= 1.0f));
}

TEST_CASE("bad bands of the fade hide a surfel or show it, and nothing else") {
    DiscArrays good = randomDiscs(22, 300, kCamera);
    for (auto& p : good.prior) p = INFINITY;
    const Frame base = drawn(good, kCamera, settingsWith(kOutputColor));
    DiscArrays bad = good;
    for (double now : {double(NAN), 0.0, -1.0, double(INFINITY)})
        for (double prior : {double(NAN), 0.0, -1.0, 1.0, double(INFINITY)})
            bad.add({0, 0, 50}, {1, 0, 0, 0}, 1.0f, 1.0f, {1, 1, 1}, 0.9f, now, prior, NAN);
    const Frame frame = drawn(bad, kCamera, settingsWith(kOutputColor));
    CHECK(allFinite(frame.color));
    CHECK(psnr(base.color, frame.color) > 20.0);
}

TEST_CASE("random bytes as packed surfels draw finite pictures") {
    std::mt19937 rng(23);
    PackedPage page;
    page.unit = std::exp2(-13);
    page.origin = {-4, -4, 0.5};
    for (int i = 0; i < 3000; ++i) {
        Surfel s;
        auto* words = reinterpret_cast<uint16_t*>(&s);
        for (int k = 0; k < 16; ++k) words[k] = static_cast<uint16_t>(rng());
        page.surfels.push_back(s);
    }
    for (double unit : {std::exp2(-13), std::exp2(-40), std::exp2(30)}) {
        page.unit = unit;
        DrawList list;
        list.pages.push_back(page.draw());
        const Frame frame = drawn(list, kCamera, settingsWith(), 2);
        CHECK(allFinite(frame.color));
        CHECK(allFinite(frame.coverage));
    }
}

TEST_CASE("a camera that cannot be drawn with is refused") {
    const DiscArrays discs = randomDiscs(24, 10, kCamera);
    const auto refused = [&](auto change) {
        Camera c = kCamera;
        change(c);
        CHECK_THROWS_AS(drawn(discs, c, settingsWith()), InputError);
    };
    refused([](Camera& c) { c.width = 0; });
    refused([](Camera& c) { c.height = 1 << 20; });
    refused([](Camera& c) { c.focal_px = 0; });
    refused([](Camera& c) { c.focal_px = NAN; });
    refused([](Camera& c) { c.position.x = INFINITY; });
    refused([](Camera& c) { c.worldFromCamera = {0, 0, 0, 0}; });
    DrawList list;
    list.layers.push_back(discs.draw());
    list.layers[0].extents = list.layers[0].extents.subspan(2);
    CHECK_THROWS_AS(drawn(list, kCamera, settingsWith()), InputError);
}

TEST_CASE("nothing to draw gives the background") {
    RenderSettings s = settingsWith();
    s.background = {0.25f, 0.5f, 0.75f};
    const Frame frame = drawn(DrawList{}, kCamera, s);
    for (size_t i = 0; i < frame.coverage.size(); ++i) {
        CHECK(frame.coverage[i] == 0.0f);
        CHECK(frame.color[3 * i + 2] == 0.75f);
        CHECK(frame.depth[i] == INFINITY);
        CHECK(frame.surfelId[i] == ~uint64_t(0));
    }
}
