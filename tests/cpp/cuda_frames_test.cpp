// SPDX-License-Identifier: Apache-2.0
// The CUDA backend on the emulated runtime: whole frames against the CPU's, and how its host code goes about memory and devices.
#include "core/profiler.h"
#include "cuda_case.h"
#include "raster/passes/present_body.h"
#include "shared/tiles.h"

using namespace wz;
using namespace wz::test;

namespace {

// The first so many of a scene.
DiscArrays randomDiscsOf(int count, const Camera& camera) {
    DiscArrays discs = randomDiscs(20, 4000, camera), some;
    for (size_t i = 0; i < static_cast<size_t>(count); ++i)
        some.add({discs.positions[3 * i], discs.positions[3 * i + 1], discs.positions[3 * i + 2]},
                 {discs.orientations[4 * i], discs.orientations[4 * i + 1], discs.orientations[4 * i + 2],
                  discs.orientations[4 * i + 3]},
                 discs.extents[2 * i], discs.extents[2 * i + 1], {1, 1, 1}, discs.opacities[i]);
    return some;
}

}  // namespace

TEST_CASE("frames of the CUDA backend are the CPU's, whatever the order in which streams go on") {
    for (uint32_t seed : {1u, 2u, 3u}) {
        const EmulatedGpu emulated;
        emulated::device.seed = seed;
        const auto gpu = makeCudaRasterizer(smallOptions(seed != 2));
        const Camera camera = cameraAt(41, 30, 40.0), other = cameraAt(17, 9, 12.0);
        const DiscArrays few = randomDiscs(seed, 200, camera), more = randomDiscs(seed + 10, 900, camera);
        for (int round = 0; round < 4; ++round) {  // slots and graphs are used again
            checkParity(drawn(few, camera, settingsWith()), drawnBy(*gpu, listOf(few), camera, settingsWith()));
            checkParity(drawn(more, camera, settingsWith()), drawnBy(*gpu, listOf(more), camera, settingsWith()));
            const RenderSettings plain = settingsWith(kOutputColor | kOutputCoverage);
            checkParity(drawn(few, other, plain), drawnBy(*gpu, listOf(few), other, plain));
        }
        CHECK((emulated::device.graphLaunches > 0) == (seed != 2));
        CHECK(gpu->takeNotes().empty());
    }
}

TEST_CASE("frames in device memory wait for their drawing, outlive the rasteriser, and give their memory back") {
    const EmulatedGpu emulated;
    const Camera camera = cameraAt(33, 21, 30.0);
    // Of the same lengths: what one frame brings takes the memory of the one before, which may not yet be drawn.
    const DiscArrays discs[] = {randomDiscs(4, 300, camera), randomDiscs(14, 300, camera)};
    std::vector<std::shared_ptr<DeviceFrame>> frames;
    {
        const auto gpu = makeCudaRasterizer(smallOptions());
        for (const DiscArrays& d : discs) drawnBy(*gpu, listOf(d), camera, settingsWith());  // scratch has its size
        for (int i = 0; i < 9; ++i) frames.push_back(gpu->renderOnDevice(listOf(discs[i % 2]), camera, settingsWith()));
    }
    const Frame cpu[] = {drawn(discs[0], camera, settingsWith()), drawn(discs[1], camera, settingsWith())};
    for (size_t i = 0; i < frames.size(); ++i) {
        CHECK(frames[i]->wait());
        Frame host;
        frames[i]->read(host);
        checkParity(cpu[i % 2], host);
        CHECK(frames[i]->stats().complete);
    }
}

TEST_CASE(
    "frames of two sizes in turn take no memory once both were drawn, and memory of a size no longer drawn goes") {
    const EmulatedGpu emulated;
    const auto gpu = makeCudaRasterizer(smallOptions());
    const Camera one = cameraAt(16, 12, 15.0), two = cameraAt(40, 9, 15.0);
    const DiscArrays discs = randomDiscs(5, 60, one);
    const auto both = [&] {
        for (const Camera& camera : {one, two}) drawnBy(*gpu, listOf(discs), camera, settingsWith());
    };
    for (int round = 0; round < 4; ++round) both();
    const uint64_t taken = emulated::device.allocations, bytes = gpu->memory().imageBytes;
    for (int round = 0; round < 4; ++round) both();
    CHECK(emulated::device.allocations == taken);
    CHECK(gpu->memory().imageBytes == bytes);
    const Camera third = cameraAt(8, 8, 15.0);
    for (int round = 0; round < 260; ++round) drawnBy(*gpu, DrawList{}, third, settingsWith(kOutputCoverage));
    drawnBy(*gpu, DrawList{}, one, settingsWith());  // looks for a spare block, of which there are only new ones
    CHECK(gpu->memory().imageBytes < bytes);
}

TEST_CASE("a frame that needs more scratch memory than it found says so, and the next has more") {
    const EmulatedGpu emulated;
    const auto gpu = makeCudaRasterizer(smallOptions());
    const Camera camera = cameraAt(60, 50, 50.0);
    const DiscArrays few = randomDiscs(6, 40, camera), many = randomDiscs(7, 3000, camera);
    drawnBy(*gpu, listOf(few), camera, settingsWith());
    const auto short1 = gpu->renderOnDevice(listOf(many), camera, settingsWith());
    CHECK(!short1->wait());
    CHECK(!short1->stats().complete);
    const auto whole = gpu->renderOnDevice(listOf(many), camera, settingsWith());
    CHECK(whole->wait());
    CHECK(whole->stats().complete);
    Frame host;
    whole->read(host);
    checkParity(drawn(many, camera, settingsWith()), host);
}

TEST_CASE(
    "a view that grows slowly is never cut, and one for which no more memory is to be had only when it has to be") {
    const EmulatedGpu emulated;
    const Camera camera = cameraAt(60, 50, 50.0);
    const auto gpu = makeCudaRasterizer(smallOptions());
    const auto draws = [&](int number) {
        const DiscArrays discs = randomDiscsOf(number, camera);
        return gpu->renderOnDevice(listOf(discs), camera, settingsWith(kOutputColor))->wait();
    };
    int count = 500;
    while (!draws(count)) {}  // until scratch has its size
    const uint64_t before = gpu->memory().scratchGrowths;
    for (; count < 1500; count += count / 12) CHECK(draws(count));
    CHECK(gpu->memory().scratchGrowths > before);
    // No memory for what is only foreseen: that must cost no frame.
    emulated::device.failing = "cudaMalloc";
    for (int round = 0; round < 12; ++round, count += count / 12) {
        while (!draws(count)) {}  // takes what it must have, and foresees more
        emulated::device.failAt = emulated::device.calls + 1;
        CHECK(draws(count));
        CHECK(draws(count));
        emulated::device.failAt = 0;
    }
    CHECK(emulated::device.failed == "cudaMalloc");
}

TEST_CASE("tile stats are the lengths of the tiles' lists, with and without a graph") {
    const EmulatedGpu emulated;
    const auto gpu = makeCudaRasterizer(smallOptions());
    const Camera camera = cameraAt(33, 21, 30.0);
    const DiscArrays discs = randomDiscs(10, 300, camera);
    RenderSettings settings = settingsWith();
    settings.tileStats = true;
    for (int frame = 0; frame < 6; ++frame) {
        Frame image;
        const RenderStats stats = gpu->render(listOf(discs), camera, settings, image);
        REQUIRE(stats.tiles.size() == 5 * 3);
        CHECK(stats.tileColumns == 5);
        CHECK(stats.tileRows == 3);
        CHECK(stats.tileSize_px == kGpuTileSize);
        uint64_t entries = 0;
        for (const TileCost& tile : stats.tiles) entries += tile.entries;
        CHECK(entries == stats.tileEntries);
        CHECK(entries > 300);
    }
    settings.tileStats = false;
    Frame image;
    CHECK(gpu->render(listOf(discs), camera, settings, image).tiles.empty());
}

TEST_CASE("the caller's device stays current, also when frames go while another one is") {
    const EmulatedGpu emulated;
    emulated::device.devices = 2;
    const auto current = [] {
        int device = -1;
        cudaGetDevice(&device);
        return device;
    };
    CudaOptions options = smallOptions();
    options.device = 1;
    {
        auto gpu = makeCudaRasterizer(options);
        CHECK(current() == 0);
        const Camera camera = cameraAt(16, 12, 15.0);
        const DiscArrays discs = randomDiscs(8, 60, camera);
        checkParity(drawn(discs, camera, settingsWith()), drawnBy(*gpu, listOf(discs), camera, settingsWith()));
        CHECK(current() == 0);
        auto frame = gpu->renderOnDevice(listOf(discs), camera, settingsWith());
        frame->waitOn(1);
        frame->wait();
        CHECK(frame->device() == 1);
        auto target = gpu->makeTextureTarget(1, 16, 12, false);
        std::vector<uint8_t> pixels;
        CHECK(!target->draw(*frame, pixels));
        CHECK(pixels.size() == 16 * 12 * 4);
        CHECK(current() == 0);
        target.reset();
        gpu.reset();
        frame.reset();  // the last that holds the core
        CHECK(current() == 0);
    }
}

TEST_CASE("a texture shows the finished frame, of whichever engine it is") {
    for (uint32_t seed : {1u, 2u, 3u, 4u}) {
        const EmulatedGpu emulated;
        emulated::device.seed = seed;
        const Camera camera = cameraAt(33, 21, 30.0);
        const DiscArrays discs = randomDiscs(21, 300, camera), others = randomDiscs(22, 300, camera);
        const auto gpu = makeCudaRasterizer(smallOptions()), other = makeCudaRasterizer(smallOptions());
        const Frame expected = drawnBy(*other, listOf(discs), camera, settingsWith(kOutputColor));
        std::vector<uint8_t> wanted, pixels;
        for (size_t i = 0; i < expected.color.size() / 3; ++i) {
            const uint32_t word = packedColor(expected.color.data() + 3 * i);
            for (int k = 0; k < 4; ++k) wanted.push_back(static_cast<uint8_t>(word >> (8 * k)));
        }
        const auto target = gpu->makeTextureTarget(1, 33, 21, false);
        for (int round = 0; round < 6; ++round) {
            const auto frame = other->renderOnDevice(listOf(discs), camera, settingsWith(kOutputColor));
            CHECK(!target->draw(*frame, pixels));
            CHECK(pixels == wanted);
            other->renderOnDevice(listOf(others), camera, settingsWith(kOutputColor));
        }
    }
}

TEST_CASE("the GPU's stages are zones on a lane of their own, between the call and the end of the wait") {
    const EmulatedGpu emulated;
    const auto gpu = makeCudaRasterizer(smallOptions());
    const Camera camera = cameraAt(33, 21, 30.0);
    const DiscArrays discs = randomDiscs(9, 200, camera);
    drawnBy(*gpu, listOf(discs), camera, settingsWith());  // before anything is recorded
    profiler::start();
    const uint64_t begin = profiler::now_ns();
    for (int i = 0; i < 3; ++i) gpu->renderOnDevice(listOf(discs), camera, settingsWith())->wait();
    const uint64_t end = profiler::now_ns();
    profiler::stop();
    drawnBy(*gpu, listOf(discs), camera, settingsWith());
    const auto tracks = profiler::capture();
    const auto lane = std::find_if(tracks.begin(), tracks.end(), [](const auto& t) { return t.name == "GPU"; });
    REQUIRE(lane != tracks.end());
    REQUIRE(lane->events.size() == 3 * 5);
    constexpr uint64_t kSlack_ns = 1000000;  // what the two clocks may be apart here
    uint64_t last = begin - kSlack_ns;
    for (size_t frame = 0; frame < 3; ++frame) {
        const auto* events = &lane->events[5 * frame];
        const char* names[] = {"project", "sort", "bin", "blend", "GPU frame"};
        for (int i = 0; i < 5; ++i) CHECK(std::string(events[i].name) == names[i]);
        for (int i = 0; i < 4; ++i) {
            CHECK(events[i].begin_ns >= last);
            CHECK(events[i].end_ns >= events[i].begin_ns);
            last = events[i].end_ns;
        }
        CHECK(events[4].begin_ns == events[0].begin_ns);
        CHECK(events[4].end_ns == events[3].end_ns);
    }
    CHECK(last <= end + kSlack_ns);
}
