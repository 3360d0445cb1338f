// SPDX-License-Identifier: Apache-2.0
// Whole frames on the GPU against the CPU's, in every output.
#include "core/errors.h"
#include "cuda/cuda_rasterizer.h"
#include "frame_parity.h"
#include "gpu_case.h"
#include "hostile_discs.h"
#include "raster_project_twin.h"

using namespace wz;
using namespace wz::test;

namespace {

DrawList listOf(const DiscArrays& discs) {
    DrawList list;
    list.layers.push_back(discs.draw());
    return list;
}

void checkFrame(Rasterizer& gpu, const DrawList& list, const Camera& camera, const RenderSettings& settings) {
    Frame frame;
    gpu.render(list, camera, settings, frame);
    checkParity(drawn(list, camera, settings, 2), frame);
}

}  // namespace

TEST_CASE("frames of pages, layers, crossing discs and bad numbers, with and without graphs") {
    WZ_NEEDS_GPU();
    for (bool graph : {false, true}) {
        CudaOptions options;
        options.useGraph = graph;
        const auto gpu = makeCudaRasterizer(options);
        const Camera camera = cameraAt(301, 203, 240.0), small = cameraAt(1, 1, 2.0);
        const DiscArrays discs = randomDiscs(81, 30000, camera), hostile = withHostileNumbers(discs, 9);
        const DiscArrays crossing = crossingDiscs(82, 300);
        RenderSettings plain = settingsWith();
        plain.applyFade = false;
        for (int round = 0; round < 6; ++round) {  // more than are under way, so that slots and graphs are used again
            checkFrame(*gpu, listOf(discs), camera, settingsWith());
            checkFrame(*gpu, listOf(hostile), camera, settingsWith());
        }
        checkFrame(*gpu, listOf(discs), camera, settingsWith(kOutputColor | kOutputCoverage));
        checkFrame(*gpu, listOf(crossing), camera, plain);
        checkFrame(*gpu, DrawList{}, camera, settingsWith());
        checkFrame(*gpu, listOf(discs), small, settingsWith());
        for (const FadeLaw law : {FadeLaw::Opacity, FadeLaw::Optical}) {
            RenderSettings settings = settingsWith();
            settings.fadeLaw = law;
            settings.depthKind = DistanceKind::AlongZ;
            settings.fadeDistance = DistanceKind::AlongZ;
            settings.depthReference = 3.0;
            settings.background = {0.1f, 0.9f, 0.4f};
            checkFrame(*gpu, listOf(discs), camera, settings);
        }
    }
}

TEST_CASE("a frame with 2^16 tiles and more") {
    WZ_NEEDS_GPU();
    const auto gpu = makeCudaRasterizer();
    const Camera camera = cameraAt(2300, 1900, 1500.0);
    const DiscArrays discs = randomDiscs(83, 50000, camera);
    checkFrame(*gpu, listOf(discs), camera, settingsWith());
}

TEST_CASE("long lists in waves") {
    WZ_NEEDS_GPU();
    const auto gpu = makeCudaRasterizer();
    const Camera camera = cameraAt(20, 12, 30.0);
    const DiscArrays discs = needleDiscs(84, 200000, camera);
    checkFrame(*gpu, listOf(discs), camera, settingsWith());
    checkFrame(*gpu, listOf(discs), camera, settingsWith());
}

TEST_CASE("pages stay in the pool while their owner lives, covers are sent apart, and room is made when it is short") {
    WZ_NEEDS_GPU();
    const ParityScene scene(85, false);
    CudaOptions options;
    options.poolBytes = 512 * 1024;
    const auto gpu = makeCudaRasterizer(options);
    DrawList list = scene.list;
    list.pages[0].owner = std::make_shared<int>(1);
    list.pages[0].page = list.pages[0].surfels;
    for (CoverDraw& c : list.pages[0].covers) c.owner = std::make_shared<int>(2);
    checkFrame(*gpu, list, scene.camera, settingsWith());
    const uint64_t first = gpu->memory().uploads;
    checkFrame(*gpu, list, scene.camera, settingsWith());
    CHECK(gpu->memory().uploads == first);
    list.pages[0].covers[0].owner = std::make_shared<int>(3);  // another version of one cover
    checkFrame(*gpu, list, scene.camera, settingsWith());
    CHECK(gpu->memory().uploads == first + 1);
    for (int i = 0; i < 20; ++i) {  // other pages, until old ones have to go
        list.pages[0].owner = std::make_shared<int>(4);
        checkFrame(*gpu, list, scene.camera, settingsWith());
    }
    CHECK(gpu->memory().evictions > 0);
}

TEST_CASE("frames in device memory outlive the rasteriser and wait for their drawing") {
    WZ_NEEDS_GPU();
    const Camera camera = cameraAt(120, 90, 100.0);
    const DiscArrays discs = randomDiscs(86, 4000, camera);
    std::vector<std::shared_ptr<DeviceFrame>> frames;
    {
        const auto gpu = makeCudaRasterizer();
        Frame warm;
        gpu->render(listOf(discs), camera, settingsWith(), warm);  // scratch has its size
        for (int i = 0; i < 9; ++i) frames.push_back(gpu->renderOnDevice(listOf(discs), camera, settingsWith()));
    }
    const Frame cpu = drawn(listOf(discs), camera, settingsWith());
    for (const auto& frame : frames) {
        CHECK(frame->wait());
        Frame host;
        frame->read(host);
        checkParity(cpu, host);
        CHECK(frame->stats().projected > 0);
    }
}

TEST_CASE("bad input is refused before anything is drawn") {
    WZ_NEEDS_GPU();
    const auto gpu = makeCudaRasterizer();
    Frame frame;
    Camera camera = cameraAt(20, 20, 10.0);
    camera.focal_px = NAN;
    CHECK_THROWS_AS(gpu->render(DrawList{}, camera, settingsWith(), frame), InputError);
    RenderSettings other = settingsWith();
    other.compat = Compat::Gsplat;
    CHECK_THROWS_AS(gpu->renderOnDevice(DrawList{}, cameraAt(20, 20, 10.0), other), InputError);
}
