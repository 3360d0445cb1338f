// SPDX-License-Identifier: Apache-2.0
// The picture depends on what is drawn, not on how it is split, moved, ordered or computed.
#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

#include "raster_scene.h"

using namespace wz;
using namespace wz::test;

namespace {

const Camera kCamera = cameraAt(150, 110, 130.0);

DiscArrays scaled(const DiscArrays& a, double k) {
    DiscArrays b = a;
    for (auto& v : b.positions) v *= k;
    for (auto& v : b.extents) v = static_cast<float>(v * k);
    for (auto& v : b.now) v *= k;
    for (auto& v : b.prior) v *= k;
    return b;
}

DiscArrays shuffled(const DiscArrays& a, uint32_t seed) {
    std::vector<size_t> order(a.size());
    std::iota(order.begin(), order.end(), size_t(0));
    std::shuffle(order.begin(), order.end(), std::mt19937(seed));
    DiscArrays b;
    for (size_t i : order)
        b.add({a.positions[3 * i], a.positions[3 * i + 1], a.positions[3 * i + 2]},
              {a.orientations[4 * i], a.orientations[4 * i + 1], a.orientations[4 * i + 2], a.orientations[4 * i + 3]},
              a.extents[2 * i], a.extents[2 * i + 1], {a.colors[3 * i], a.colors[3 * i + 1], a.colors[3 * i + 2]},
              a.opacities[i], a.now[i], a.prior[i], a.mask[i]);
    return b;
}

}  // namespace

TEST_CASE("any number of threads draws the same bits") {
    const DiscArrays discs = randomDiscs(1, 3000, kCamera);
    const Frame one = drawn(discs, kCamera, settingsWith(), 1);
    for (int threads : {2, 3, 7}) CHECK(sameBits(one, drawn(discs, kCamera, settingsWith(), threads)));
}

TEST_CASE("a rasteriser's second frame equals its first") {
    const DiscArrays discs = randomDiscs(2, 2000, kCamera), others = randomDiscs(3, 2500, kCamera);
    const auto rasterizer = makeCpuRasterizer(2);
    DrawList list, other;
    list.layers.push_back(discs.draw());
    other.layers.push_back(others.draw());
    Frame first, between, second;
    rasterizer->render(list, kCamera, settingsWith(), first);
    rasterizer->render(other, kCamera, settingsWith(kOutputColor), between);
    rasterizer->render(list, kCamera, settingsWith(), second);
    CHECK(sameBits(first, second));
}

TEST_CASE("a power of two of the world's size changes no bit of colour and coverage") {
    const DiscArrays discs = randomDiscs(4, 2000, kCamera);
    const Frame base = drawn(discs, kCamera, settingsWith());
    for (int octave : {-30, -7, 1, 12, 30}) {
        const double k = std::exp2(octave);
        RenderSettings s = settingsWith();
        s.near *= k;
        const Frame moved = drawn(scaled(discs, k), kCamera, s);
        CHECK(base.color == moved.color);
        CHECK(base.coverage == moved.coverage);
        CHECK(base.normal == moved.normal);
        CHECK(base.surfelId == moved.surfelId);
    }
}

TEST_CASE("a power of two of the world's size changes no bit of a packed page") {
    const PackedPage page = packedPage(randomDiscs(5, 1500, kCamera), {-8, -8, 0}, std::exp2(-12), -4);
    RenderSettings s = settingsWith(kOutputColor | kOutputCoverage);
    DrawList list;
    list.pages.push_back(page.draw());
    const Frame base = drawn(list, kCamera, s);
    for (int octave : {-25, -3, 9}) {
        const double k = std::exp2(octave);
        PackedPage moved = page;
        moved.origin = page.origin * k;
        moved.unit *= k;
        moved.octaveBase -= octave;
        s.near = 0.05 * k;
        list.pages[0] = moved.draw();
        CHECK(sameBits(base, drawn(list, kCamera, s)));
    }
}

TEST_CASE("other sizes of the world keep the picture to 70 dB") {
    const DiscArrays discs = randomDiscs(6, 2000, kCamera);
    const Frame base = drawn(discs, kCamera, settingsWith());
    for (double k : {3.7e-6, 0.31, 1234.5}) {
        RenderSettings s = settingsWith();
        s.near *= k;
        const Frame moved = drawn(scaled(discs, k), kCamera, s);
        CHECK(psnr(base.color, moved.color) >= 70.0);
        CHECK(psnr(base.coverage, moved.coverage) >= 70.0);
    }
}

TEST_CASE("a move of the world by 1e9 keeps the picture to 70 dB") {
    // Positions on a grid of 2^-20 wu, so that the move itself loses little.
    DiscArrays discs = randomDiscs(7, 2000, kCamera);
    for (auto& v : discs.positions) v = std::round(v * 1048576.0) / 1048576.0;
    const Frame base = drawn(discs, kCamera, settingsWith());
    DiscArrays moved = discs;
    const Vec3d by{1e9, -0.5e9, 0.25e9};
    for (size_t i = 0; i < moved.size(); ++i) {
        moved.positions[3 * i] += by.x;
        moved.positions[3 * i + 1] += by.y;
        moved.positions[3 * i + 2] += by.z;
    }
    Camera camera = kCamera;
    camera.position = by;
    const Frame there = drawn(moved, camera, settingsWith());
    CHECK(psnr(base.color, there.color) >= 70.0);
    CHECK(psnr(base.coverage, there.coverage) >= 70.0);
}

TEST_CASE("the order of the arrays keeps the picture to 70 dB") {
    const DiscArrays discs = randomDiscs(8, 2000, kCamera);
    const Frame base = drawn(discs, kCamera, settingsWith());
    const Frame other = drawn(shuffled(discs, 99), kCamera, settingsWith());
    CHECK(psnr(base.color, other.color) >= 70.0);
    CHECK(psnr(base.normal, other.normal) >= 70.0);
}

TEST_CASE("turning the camera does not change the order of what it sees") {
    // By z the first disc is nearer, by distance the second: it stays in front wherever the camera looks.
    DiscArrays discs;
    discs.add({2.0, 0, 2.0}, {1, 0, 0, 0}, 1.0f, 1.0f, {1, 0, 0}, 0.99f);
    discs.add({0.0, 0, 2.6}, {1, 0, 0, 0}, 1.5f, 1.5f, {0, 1, 0}, 0.99f);
    RenderSettings s = settingsWith();
    s.applyFade = false;
    for (double angle : {-0.35, -0.1, 0.0, 0.2, 0.5}) {
        Camera camera = kCamera;
        camera.worldFromCamera = {std::cos(angle / 2), 0, std::sin(angle / 2), 0};
        const double x = std::tan(std::atan(0.4) - angle) * camera.focal_px + camera.cx_px;
        const size_t at = static_cast<size_t>(camera.cy_px) * camera.width + static_cast<size_t>(x);
        CHECK(drawn(discs, camera, s).surfelId[at] == 1);
        s.fadeDistance = DistanceKind::AlongZ;
        if (angle == 0.0) CHECK(drawn(discs, camera, s).surfelId[at] == 0);
        s.fadeDistance = DistanceKind::Radial;
    }
}

TEST_CASE("runs of a page and pieces of a layer draw what the whole draws") {
    const DiscArrays discs = randomDiscs(9, 3000, kCamera);
    const PackedPage page = packedPage(discs, {-8, -8, 0}, std::exp2(-12), -4);
    DrawList whole, split;
    whole.pages.push_back(page.draw());
    for (uint32_t first = 0; first < page.surfels.size(); first += 517) {
        PageDraw run = page.draw();
        run.firstIndex = first;
        run.surfels = run.surfels.subspan(first, std::min<size_t>(517, run.surfels.size() - first));
        split.pages.push_back(run);
    }
    CHECK(sameBits(drawn(whole, kCamera, settingsWith()), drawn(split, kCamera, settingsWith(), 2)));
}

TEST_CASE("a packed page equals its decoded surfels to 80 dB") {
    const PackedPage page = packedPage(randomDiscs(10, 2500, kCamera), {-8, -8, 0}, std::exp2(-12), -4);
    DrawList list;
    list.pages.push_back(page.draw());
    const Frame packed = drawn(list, kCamera, settingsWith());
    const Frame unpacked = drawn(decoded(page), kCamera, settingsWith());
    CHECK(psnr(packed.color, unpacked.color) >= 80.0);
    CHECK(psnr(packed.coverage, unpacked.coverage) >= 80.0);
}

TEST_CASE("a page projected in float equals the same page projected in double") {
    // Far pages take the float path; the same surfels as a layer take doubles.
    Camera far = kCamera;
    far.focal_px = 2400;
    far.position = {0, 0, -60};
    const PackedPage page = packedPage(randomDiscs(11, 2500, kCamera), {-8, -8, 0}, std::exp2(-12), -4);
    DrawList list;
    list.pages.push_back(page.draw());
    const Frame packed = drawn(list, far, settingsWith());
    const Frame unpacked = drawn(decoded(page), far, settingsWith());
    CHECK(*std::max_element(packed.coverage.begin(), packed.coverage.end()) > 0.5f);
    CHECK(psnr(packed.color, unpacked.color) >= 80.0);
    CHECK(psnr(packed.normal, unpacked.normal) >= 70.0);
}

TEST_CASE("instruction sets agree: AVX2 and AVX-512 bit for bit, the baseline to 80 dB") {
    const DiscArrays discs = randomDiscs(12, 3000, kCamera);
    const PackedPage page = packedPage(randomDiscs(13, 3000, kCamera), {-8, -8, 0}, std::exp2(-12), -4);
    DrawList list;
    list.layers.push_back(discs.draw());
    list.pages.push_back(page.draw());
    const Frame baseline = drawn(list, kCamera, settingsWith(), 1, InstructionSet::Baseline);
    if (!kernelsFor(InstructionSet::Avx2)) {
        MESSAGE("no AVX2 here: nothing to compare with the baseline");
        return;
    }
    const Frame avx2 = drawn(list, kCamera, settingsWith(), 1, InstructionSet::Avx2);
    CHECK(psnr(baseline.color, avx2.color) >= 80.0);
    CHECK(psnr(baseline.coverage, avx2.coverage) >= 80.0);
    if (kernelsFor(InstructionSet::Avx512))
        CHECK(sameBits(avx2, drawn(list, kCamera, settingsWith(), 1, InstructionSet::Avx512)));
    else
        MESSAGE("no AVX-512 here");
}

TEST_CASE("the funnel narrows, and every stage is timed") {
    const DiscArrays discs = randomDiscs(14, 2000, kCamera);
    DrawList list;
    list.layers.push_back(discs.draw());
    Frame frame;
    const RenderStats stats = makeCpuRasterizer(2)->render(list, kCamera, settingsWith(), frame);
    CHECK(stats.tested == discs.size());
    CHECK(stats.projected < stats.tested);
    CHECK(stats.projected > stats.tested / 2);
    CHECK(stats.tileEntries > stats.projected);
    CHECK(stats.contributions > stats.projected);
    CHECK(stats.contributions < stats.evaluations);
    std::string names;
    for (const StageTime& stage : stats.stages) {
        names += stage.name + " ";
        CHECK(stage.ms >= 0);
    }
    CHECK(names == "project bin sort blend resolve ");
}
