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
        if (twin.records[twin.sortedSlots[i]].flags & kRecordGeneral) ++general;
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
