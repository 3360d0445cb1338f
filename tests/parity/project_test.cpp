// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "cuda/cuda_status.h"
#include "cuda/passes/project.h"
#include "raster_project_twin.h"

using namespace wz;
using namespace wz::test;

TEST_CASE("without a GPU the status says why in words, and asking twice changes nothing") {
    const CudaStatus first = cudaStatus(), second = cudaStatus();
    CHECK(first.usable == second.usable);
    CHECK(first.words == second.words);
    CHECK(!first.words.empty());
    CHECK(first.usable == (first.devices > 0));
    MESSAGE(first.words);
}

TEST_CASE("the project pass on the GPU equals its CPU twin") {
    const CudaStatus status = cudaStatus();
    if (!status.usable) {
        MESSAGE("skipped: " << status.words);
        return;
    }
    for (bool far : {false, true}) {
        const ParityScene scene(61, far);
        const CpuProjected cpu = projectedByCpu(scene.list, scene.camera, scene.params, InstructionSet::Best);
        const ProjectedPage gpu = projectCuda(scene.list.pages[0], scene.camera, scene.params);
        size_t at = 0, missing = 0, different = 0, moved = 0;
        for (size_t i = 0; i < gpu.state.size(); ++i) {
            const bool drawnByCpu = at < cpu.extras.size() && (cpu.extras[at].id & 0xffffffffu) == i;
            if ((gpu.state[i] != Projected::Not) != drawnByCpu) ++missing;
            if (!drawnByCpu) continue;
            if (gpu.state[i] == Projected::Drawn) {
                if (!sameRecord(gpu.records[i], cpu.records[at])) ++different;
                const PixelRect a = gpu.rects[i], b = cpu.rects[at];
                if (a.x0 != b.x0 || a.y0 != b.y0 || a.x1 != b.x1 || a.y1 != b.y1) ++moved;
            }
            ++at;
        }
        CHECK(cpu.records.size() > 500);
        CHECK(missing <= 1);
        CHECK(different <= cpu.records.size() / 1000);
        CHECK(moved <= cpu.records.size() / 500);
    }
}
