// SPDX-License-Identifier: Apache-2.0
// What the CUDA backend does when a call of the runtime fails: this frame may be lost, none after it.
#include "cuda_case.h"

using namespace wz;
using namespace wz::test;

namespace {

// Which of the calls are tried: switching stacks is slow under the address sanitizer.
#if defined(__SANITIZE_ADDRESS__)
constexpr uint64_t kStep = 151;
#else
constexpr uint64_t kStep = 29;
#endif

// Frames that grow, shrink and change their outputs, so that every part of the host code comes to its turn.
struct Views {
    Camera small = cameraAt(13, 9, 12.0), large = cameraAt(30, 22, 28.0);
    DiscArrays few = randomDiscs(11, 50, small), many = randomDiscs(12, 900, large);
    PackedPage page = packedPage(randomDiscs(13, 400, large), {-8, -8, 0}, std::exp2(-12), -4);
    std::shared_ptr<int> owner = std::make_shared<int>(1);
    Frame fewDrawn = drawn(few, small, settingsWith()), manyDrawn = drawn(many, large, settingsWith(kOutputColor));
    DrawList pages = [this] {
        DrawList list;
        list.pages.push_back(page.draw());
        list.pages[0].owner = owner;
        list.pages[0].page = list.pages[0].surfels;
        return list;
    }();
    Frame pageDrawn = drawn(pages, large, settingsWith());

    // False: a call failed and the frame was given up. A frame that comes back is right.
    bool draw(Rasterizer& gpu, int which) const {
        try {
            if (which == 0) checkParity(fewDrawn, drawnBy(gpu, listOf(few), small, settingsWith()));
            if (which == 1) checkParity(manyDrawn, drawnBy(gpu, listOf(many), large, settingsWith(kOutputColor)));
            if (which == 2) checkParity(pageDrawn, drawnBy(gpu, pages, large, settingsWith()));
        } catch (const DeviceError& error) {
            CHECK(std::string(error.what()).find(emulated::device.failed) != std::string::npos);
            return false;
        }
        return true;
    }
};

}  // namespace

TEST_CASE("whichever call fails, the frames after it are right and no memory is lost") {
    const Views views;
    for (bool graph : {true, false}) {
        uint64_t failed = 0, kept = 0;
        uint64_t expectedTaken = 0, expectedImages = 0, calls = 1;
        for (uint64_t failAt = 0; failAt <= calls; failAt += kStep) {
            const EmulatedGpu emulated;
            const auto gpu = makeCudaRasterizer(smallOptions(graph));
            emulated::device.calls = 0;
            emulated::device.failAt = failAt;
            CAPTURE(failAt);
            CAPTURE(graph);
            bool whole = true;
            for (const int which : {0, 0, 0, 0, 0, 1, 2, 2, 0}) {
                const bool drawnWell = views.draw(*gpu, which);
                whole = whole && drawnWell;
            }
            if (failAt == 0) calls = emulated::device.calls;
            CHECK((failAt > 0 || whole));
            (whole ? kept : failed) += 1;
            emulated::device.failAt = 0;
            for (const int which : {0, 1, 2, 1, 0, 2, 1}) CHECK(views.draw(*gpu, which));
            const DeviceMemory memory = gpu->memory();
            if (failAt == 0) {
                expectedTaken = memory.poolTakenBytes;
                expectedImages = memory.imageBytes;
            }
            CHECK(memory.poolTakenBytes == expectedTaken);
            CHECK(memory.imageBytes <= expectedImages);
        }
        MESSAGE(calls << " calls, " << failed << " tried that lose a frame, " << kept << " that do not");
        CHECK(failed > calls / kStep / 3);
        CHECK(kept > 0);  // polls, timers and graphs that fail cost nothing
    }
}

TEST_CASE("where no graph can be captured, frames are started pass by pass, and that is said once") {
    const EmulatedGpu emulated;
    const Views views;
    emulated::device.capturesFail = true;
    const auto gpu = makeCudaRasterizer(smallOptions());
    for (int frame = 0; frame < 8; ++frame) CHECK(views.draw(*gpu, frame % 3));
    CHECK(emulated::device.captures == 1);
    CHECK(emulated::device.graphLaunches == 0);
    const auto notes = gpu->takeNotes();
    REQUIRE(notes.size() == 1);
    CHECK(notes[0].find("pass by pass") != std::string::npos);
    CHECK(notes[0].find("cudaStreamEndCapture") != std::string::npos);
    CHECK(gpu->takeNotes().empty());
}

TEST_CASE("a frame for which memory runs out is refused, and smaller ones are drawn afterwards") {
    const EmulatedGpu emulated;
    const Views views;
    emulated::device.memoryBytes = 16 << 20;
    const auto gpu = makeCudaRasterizer(smallOptions());
    CHECK(views.draw(*gpu, 0));
    const Camera wide = cameraAt(120, 90, 100.0);
    const DiscArrays heavy = randomDiscs(14, 60000, wide);
    for (int round = 0; round < 3; ++round) {
        CHECK_THROWS_AS(drawnBy(*gpu, listOf(heavy), wide, settingsWith()), DeviceError);
        for (int which : {0, 1, 2}) CHECK(views.draw(*gpu, which));
    }
    emulated::device.memoryBytes = size_t(1) << 30;
    checkParity(drawn(heavy, wide, settingsWith(kOutputColor)),
                drawnBy(*gpu, listOf(heavy), wide, settingsWith(kOutputColor)));
}
