// SPDX-License-Identifier: Apache-2.0
// The kernels of the CUDA backend, run on the CPU lane by lane, draw what the CPU rasteriser draws.
#include "gpu_twin.h"
// doctest comes after the emulation's words
#include <doctest/doctest.h>

#include "frame_parity.h"
#include "hostile_discs.h"
#include "raster_project_twin.h"

using namespace wz;
using namespace wz::test;

namespace {

// The same picture from the kernels and from the CPU.
void checkSame(GpuTwin& twin, const DrawList& list, const Camera& camera, const RenderSettings& settings) {
    const Frame cpu = drawn(list, camera, settings), gpu = twin.draw(list, camera, settings);
    checkParity(cpu, gpu);
}

DrawList listOf(DiscArrays&&, uint16_t level = 0) = delete;  // the list points into the arrays
DrawList listOf(const DiscArrays& discs, uint16_t level = 0) {
    DrawList list;
    list.layers.push_back(discs.draw(level));
    return list;
}

}  // namespace

TEST_CASE("kernels draw a page with covers as the CPU does, near and far") {
    for (bool far : {false, true}) {
        const ParityScene scene(71, far);
        GpuTwin twin;
        RenderSettings settings = settingsWith();
        settings.detailBias = far ? 0.4f : 0.0f;
        checkSame(twin, scene.list, scene.camera, settings);
        CHECK(twin.counters.drawn > 500);
        CHECK(twin.counters.waves == 0);
    }
}

TEST_CASE("kernels draw a layer in transition as the CPU does, whatever the order of threads") {
    const Camera camera = cameraAt(75, 53, 60.0);
    const DiscArrays discs = randomDiscs(72, 900, camera);
    const DrawList list = listOf(discs, 3);
    for (uint32_t seed : {1u, 2u}) {
        GpuTwin twin;
        twin.seed = seed;
        checkSame(twin, list, camera, settingsWith());
        CHECK(twin.counters.drawn > 200);
        checkSame(twin, list, camera, settingsWith(kOutputColor | kOutputCoverage));
        RenderSettings leaking = settingsWith();
        leaking.leak = 0.1f;
        checkSame(twin, list, camera, leaking);
    }
    GpuTwin first, second;
    first.seed = 3;
    second.seed = 4;
    CHECK(sameBits(first.draw(list, camera, settingsWith()), second.draw(list, camera, settingsWith())));
}

TEST_CASE("kernels draw discs through the camera plane as the CPU does") {
    const Camera camera = cameraAt(64, 40, 40.0);
    const DiscArrays discs = crossingDiscs(73, 120);
    RenderSettings settings = settingsWith();
    settings.applyFade = false;
    GpuTwin twin;
    checkSame(twin, listOf(discs), camera, settings);
    size_t general = 0;
    for (uint32_t i = 0; i < twin.counters.drawn; ++i)
        if (twin.records[twin.sortedSlots[i] & kSlotMask].flags & kRecordGeneral) ++general;
    CHECK(general > 20);
}

TEST_CASE("kernels take bad numbers as the CPU does") {
    const Camera camera = cameraAt(50, 41, 45.0);
    for (bool fade : {true, false}) {
        RenderSettings settings = settingsWith();
        settings.applyFade = fade;
        settings.focusDistance = 4;
        GpuTwin twin;
        const DiscArrays discs = withHostileNumbers(randomDiscs(74, 700, camera), 5);
        checkSame(twin, listOf(discs), camera, settings);
        CHECK(twin.counters.drawn > 100);
    }
}

TEST_CASE("kernels draw nothing, one pixel and odd sizes") {
    GpuTwin twin;
    const Camera small = cameraAt(1, 1, 2.0), odd = cameraAt(9, 17, 10.0);
    checkSame(twin, DrawList{}, small, settingsWith());
    checkSame(twin, DrawList{}, odd, settingsWith(kOutputDepth));
    CHECK(twin.counters.drawn == 0);
    RenderSettings settings = settingsWith();
    settings.background = {0.2f, 0.4f, 0.6f};
    settings.depthKind = DistanceKind::AlongZ;
    const DiscArrays one = randomDiscs(75, 60, small), some = randomDiscs(76, 60, odd);
    checkSame(twin, listOf(one), small, settings);
    CHECK(twin.counters.drawn > 0);
    checkSame(twin, listOf(some), odd, settings);
    CHECK(twin.counters.drawn > 10);
}

TEST_CASE("a list of more than 2^16 entries is cut into waves that join to the same picture") {
    const Camera camera = cameraAt(20, 12, 30.0);
    const DiscArrays discs = needleDiscs(77, 90000, camera);
    const Frame cpu = drawn(listOf(discs), camera, settingsWith());
    GpuTwin twin;
    twin.capacities = {100000, 1 << 17, 128};
    checkParity(cpu, twin.draw(listOf(discs), camera, settingsWith()));
    CHECK(twin.spans[0].end - twin.spans[0].begin > 1u << 16);
    CHECK(twin.counters.waves >= 65);
    RenderSettings leaking = settingsWith();
    leaking.leak = 0.1f;
    checkParity(drawn(listOf(discs), camera, leaking), twin.draw(listOf(discs), camera, leaking));
    twin.capacities.waves = 8;  // no room: drawn whole
    checkParity(cpu, twin.draw(listOf(discs), camera, settingsWith(kAllOutputs)));
}

TEST_CASE("what does not fit is counted, and the arrays beside it stay whole") {
    const Camera camera = cameraAt(75, 53, 60.0);
    const DiscArrays discs = randomDiscs(78, 900, camera);
    const DrawList list = listOf(discs);
    GpuTwin large, fewSurfels, fewEntries;
    large.draw(list, camera, settingsWith());
    fewSurfels.capacities = {200, 65536, 64};
    fewSurfels.draw(list, camera, settingsWith());
    CHECK(fewSurfels.counters.drawn == large.counters.drawn);
    CHECK(fewSurfels.counters.drawn > fewSurfels.capacities.drawn);
    fewEntries.capacities = {4096, 700, 64};
    fewEntries.draw(list, camera, settingsWith());
    CHECK(fewEntries.counters.entries == large.counters.entries);
    CHECK(fewEntries.counters.entries > fewEntries.capacities.entries);
}

TEST_CASE("32-bit tile keys give the same picture as 16-bit ones") {
    const Camera camera = cameraAt(75, 53, 60.0);
    const DiscArrays discs = randomDiscs(79, 900, camera);
    const DrawList list = listOf(discs);
    GpuTwin narrow, wide;
    wide.wideTiles = true;
    CHECK(sameBits(narrow.draw(list, camera, settingsWith()), wide.draw(list, camera, settingsWith())));
    CHECK(narrow.counters.entries == wide.counters.entries);
    CHECK(narrow.counters.entries > 500);
}

TEST_CASE("tiles beyond 2^16 get their lists, each surfel in every tile that its rectangle meets") {
    const Camera camera = cameraAt(2200, 1960, 1500.0);
    const DiscArrays discs = randomDiscs(80, 3000, camera);
    GpuTwin twin;
    twin.capacities = {4096, 1 << 19, 64};
    twin.drawLists(listOf(discs), camera, settingsWith());
    REQUIRE(twin.head.tiles > 1u << 16);
    REQUIRE(twin.counters.entries <= twin.capacities.entries);
    std::vector<uint32_t> expected(twin.head.tiles, 0);
    for (uint32_t i = 0; i < twin.counters.drawn; ++i) {
        const PixelRect rect = twin.rects[twin.sortedSlots[i] & kSlotMask];
        for (int y = rect.y0 / kGpuTileSize; y <= (rect.y1 - 1) / kGpuTileSize; ++y)
            for (int x = rect.x0 / kGpuTileSize; x <= (rect.x1 - 1) / kGpuTileSize; ++x)
                ++expected[static_cast<size_t>(y * twin.head.grid.columns + x)];
    }
    uint32_t behind = 0;  // entries of tiles that 16 bits cannot number
    for (size_t tile = 0; tile < expected.size(); ++tile) {
        const EntrySpan span = twin.spans[tile];
        CHECK(span.end - span.begin == expected[tile]);
        if (tile >= 1u << 16) behind += expected[tile];
    }
    CHECK(behind > 0);
}

TEST_CASE("far surfels of which only the dot is seen are drawn as the CPU draws them") {
    const Camera camera = cameraAt(90, 70, 60.0);
    DiscArrays discs = randomDiscs(81, 4000, camera);
    for (float& extent : discs.extents) extent *= 0.02f;  // far below a pixel
    GpuTwin twin;
    twin.capacities = {8192, 65536, 64};
    checkSame(twin, listOf(discs), camera, settingsWith());
    size_t dots = 0, inside = 0, decidedOtherwise = 0;
    float apart = 0;
    for (uint32_t i = 0; i < twin.counters.drawn; ++i) {
        const SurfelRecord& s = twin.records[twin.sortedSlots[i] & kSlotMask];
        if (!(s.flags & kRecordDot)) continue;
        ++dots;
        for (float px = -2.4f; px < 2.5f; px += 0.3f) {
            const float py = 0.7f * px + 0.2f;
            const Hit<float> dot = hitDot(s, px, py), disc = hitDisc(s, px, py);
            const float separable = dotAlpha(dotFalloff(px, s.opacity), dotFalloff(py, 1.0f));
            if (dot.inside != disc.inside || dot.inside != (separable >= kAlphaMin)) ++decidedOtherwise;
            if (!dot.inside) continue;
            ++inside;
            apart = std::max(apart, std::fabs(alphaOf(s, dot) - separable));
        }
    }
    CHECK(dots > 200);
    CHECK(inside > dots);
    CHECK(decidedOtherwise <= inside / 1000);
    CHECK(apart < 1e-6f);
    checkSame(twin, listOf(discs), camera, settingsWith(kOutputColor | kOutputCoverage));
}

TEST_CASE("flat surfels are drawn the short ways, to the same picture, in one picture or both") {
    const Camera camera = cameraAt(75, 53, 3000.0);  // long: hardly any slope
    const DiscArrays discs = randomDiscs(82, 1500, camera), needle = needleDiscs(83, 9000, camera);
    for (const bool fade : {false, true}) {
        RenderSettings settings = settingsWith();
        settings.applyFade = fade;
        for (const double leak : {0.0, 0.1}) {
            settings.leak = leak;
            GpuTwin twin;
            twin.capacities = {4096, 1 << 17, 64};
            checkSame(twin, listOf(discs), camera, settings);
            size_t flat = 0, whole = 0;
            for (uint32_t i = 0; i < twin.counters.drawn; ++i) {
                flat += twin.sortedSlots[i] & kFlatSlot ? 1 : 0;
                whole += twin.sortedSlots[i] & kWholeSlot ? 1 : 0;
            }
            CHECK(flat > twin.counters.drawn * 9 / 10);
            CHECK(flat < twin.counters.drawn);  // so that some warps go the long way
            CHECK((whole == twin.counters.drawn) == !fade);
        }
        GpuTwin twin;  // in waves
        twin.capacities = {16384, 1 << 17, 64};
        checkSame(twin, listOf(needle), camera, settings);
        checkSame(twin, listOf(needle), camera, settingsWith(kOutputColor | kOutputCoverage));
        CHECK(twin.counters.waves > 0);
    }
}

TEST_CASE("a pixel gets the same from a flat surfel, whichever way it is blended") {
    const Camera camera = cameraAt(75, 53, 3000.0);
    const DiscArrays discs = randomDiscs(84, 1500, camera);
    GpuTwin twin;
    twin.drawLists(listOf(discs), camera, settingsWith());
    const auto near = [](float a, float b) { return std::fabs(a - b) <= 1e-5f * std::max(1.0f, std::fabs(b)); };
    const auto same = [&](const PixelSums<true>& a, const PixelSums<true>& b, int p) {
        const DetailLanes<float>&d = a.detail[p], &e = b.detail[p];
        return near(a.paint[p].transmittance, b.paint[p].transmittance) && near(a.paint[p].red, b.paint[p].red) &&
               near(d.solid, e.solid) && near(d.depth, e.depth) && near(d.nz, e.nz) && near(d.best, e.best) &&
               (d.median < INFINITY) == (e.median < INFINITY);
    };
    size_t wholes = 0, aparts = 0;
    for (uint32_t i = 0; i < twin.counters.drawn; ++i) {
        if (!(twin.sortedSlots[i] & kFlatSlot)) continue;
        const uint32_t slot = twin.sortedSlots[i] & kSlotMask;
        const SurfelRecord& s = twin.records[slot];
        const SurfelExtra& extra = twin.extras[slot];
        const PixelRect rect = twin.rects[slot];
        const PixelPlace at{static_cast<float>(rect.x0 / 4 * 4),
                            static_cast<float>(rect.y0 / 4 * 4),
                            2.5f,
                            1.5f,
                            37.5f,
                            26.5f,
                            i % 2 == 0 ? 0.0f : 0.08f};
        PixelSums<true> whole = startPixel<true>({}, false), apart = whole, asEver = whole;
        splitPixel(apart);
        PixelLight light, lightAsEver;
        for (int times = 0; times < 3; ++times) {
            const bool blended = blendPixel(asEver, s, &extra, slot, at);
            CHECK(blended == (blendApart(apart, s, &extra, slot, at) > 0.0f));
            aparts += blended ? 1 : 0;
            dimFlat(light, s, at);
            dimPixel(lightAsEver, s, at);
            if (!(twin.sortedSlots[i] & kWholeSlot)) continue;
            CHECK(blended == (blendWhole(whole, s, &extra, slot, at) > 0.0f));
            wholes += blended ? 1 : 0;
        }
        if (twin.sortedSlots[i] & kWholeSlot) CHECK(same(whole, asEver, 0));
        CHECK(same(apart, asEver, 0));
        splitPixel(asEver);
        CHECK(same(apart, asEver, 1));
        CHECK(near(apart.weight.transmittance, asEver.weight.transmittance));
        CHECK(near(apart.weight.weighted, asEver.weight.weighted));
        CHECK(near(apart.weight.share, asEver.weight.share));
        for (auto number : {&PixelLight::finer, &PixelLight::coarser, &PixelLight::all})
            CHECK(near(light.*number, lightAsEver.*number));
    }
    CHECK(wholes > 300);
    CHECK(aparts > wholes + 100);
}
