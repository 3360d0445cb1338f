// SPDX-License-Identifier: Apache-2.0
// Each pass on the GPU against the same kernel run on the CPU, lane by lane.
#include <cstring>

#include "gpu_case.h"
#include "hostile_discs.h"
#include "pass_results.h"
#include "raster_project_twin.h"

using namespace wz;
using namespace wz::test;

namespace {

// Arithmetic may differ in the last bit, so a surfel at a border may be drawn by one of the two: at most one in a thousand.
void checkPasses(const DrawList& list, const Camera& camera, const RenderSettings& settings) {
    const PassResults gpu = passesByGpu(list, camera, settings), cpu = passesByTwin(list, camera, settings);
    const size_t allowed = 1 + cpu.slots.size() / 1000;
    std::vector<size_t> at(0);
    size_t largest = 0;
    for (const uint32_t slot : gpu.slots) largest = std::max<size_t>(largest, slot + 1);
    for (const uint32_t slot : cpu.slots) largest = std::max<size_t>(largest, slot + 1);
    at.assign(largest, SIZE_MAX);
    for (size_t i = 0; i < gpu.slots.size(); ++i) {
        CHECK(at[gpu.slots[i]] == SIZE_MAX);  // each slot once
        at[gpu.slots[i]] = i;
    }
    size_t missing = 0, records = 0, rects = 0, ids = 0;
    for (size_t i = 0; i < cpu.slots.size(); ++i) {
        const size_t j = at[cpu.slots[i]];
        if (j == SIZE_MAX) {
            ++missing;
            continue;
        }
        if (!sameRecord(gpu.records[j], cpu.records[i])) ++records;
        if (std::memcmp(&gpu.rects[j], &cpu.rects[i], sizeof(PixelRect)) != 0) ++rects;
        if (gpu.extras[j].id != cpu.extras[i].id) ++ids;
    }
    CHECK(missing <= allowed);
    CHECK(records <= allowed);
    CHECK(rects <= 2 * allowed);
    CHECK(ids == 0);
    CHECK(gpu.slots.size() <= cpu.slots.size() + allowed);
    if (missing + rects > 0 || gpu.slots != cpu.slots) return;
    // With equal rectangles and order, everything after must be equal.
    CHECK(gpu.counters.entries == cpu.counters.entries);
    CHECK(gpu.counters.waves == cpu.counters.waves);
    CHECK(gpu.entries == cpu.entries);
    for (size_t t = 0; t < cpu.spans.size(); ++t) {
        CHECK(gpu.spans[t].begin == cpu.spans[t].begin);
        CHECK(gpu.spans[t].end == cpu.spans[t].end);
    }
}

}  // namespace

TEST_CASE("passes up to the tile lists, pages near and far with covers") {
    WZ_NEEDS_GPU();
    for (bool far : {false, true}) {
        const ParityScene scene(61, far);
        checkPasses(scene.list, scene.camera, settingsWith());
    }
}

TEST_CASE("passes up to the tile lists, hostile numbers and discs through the camera plane") {
    WZ_NEEDS_GPU();
    const Camera camera = cameraAt(75, 53, 60.0);
    RenderSettings settings = settingsWith();
    settings.applyFade = false;
    settings.focusDistance = 4;
    DiscArrays discs[] = {withHostileNumbers(randomDiscs(62, 900, camera), 7), crossingDiscs(63, 200)};
    for (const DiscArrays& d : discs) {
        DrawList list;
        list.layers.push_back(d.draw());
        checkPasses(list, camera, settings);
    }
}

TEST_CASE("passes up to the tile lists, more than 2^16 entries in a tile") {
    WZ_NEEDS_GPU();
    const Camera camera = cameraAt(20, 12, 30.0);
    const DiscArrays discs = needleDiscs(64, 90000, camera);
    DrawList list;
    list.layers.push_back(discs.draw());
    checkPasses(list, camera, settingsWith());
}

TEST_CASE("passes up to the tile lists, an empty draw list") {
    WZ_NEEDS_GPU();
    checkPasses(DrawList{}, cameraAt(1, 1, 2.0), settingsWith());
}
