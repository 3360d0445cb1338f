// SPDX-License-Identifier: Apache-2.0
// A frame after the first of its kind asks the system for no memory, also where its images are given away and dropped.
#include <doctest/doctest.h>

#include <utility>

#include "raster_scene.h"

#if defined(__linux__)
#include <sys/resource.h>
#endif

using namespace wz;
using namespace wz::test;

namespace {

#if defined(__linux__)
// Pages that the process has got from the system so far.
long pagesGot() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}
#endif

}  // namespace

TEST_CASE("the memory of an image is kept for the next of its size") {
    const size_t bytes = size_t(3) << 20;
    void* first = takeImageMemory(bytes);
    void* second = takeImageMemory(bytes);
    CHECK(first != second);
    giveImageMemory(first, bytes);
    CHECK(takeImageMemory(bytes) == first);
    void* other = takeImageMemory(bytes + 64);
    CHECK(other != first);
    giveImageMemory(other, bytes + 64);
    giveImageMemory(first, bytes);
    giveImageMemory(second, bytes);
    CHECK(takeImageMemory(bytes) == second);  // the last given back is the likeliest to lie in a cache
    giveImageMemory(second, bytes);
}

TEST_CASE("images beyond what is kept push out those kept longest") {
    const size_t bytes = kImageMemoryKept / 2;
    void* blocks[3];
    for (void*& block : blocks) block = takeImageMemory(bytes);
    for (void* block : blocks) giveImageMemory(block, bytes);
    CHECK(takeImageMemory(bytes) == blocks[2]);
    CHECK(takeImageMemory(bytes) == blocks[1]);
    giveImageMemory(blocks[1], bytes);
    giveImageMemory(blocks[2], bytes);
    giveImageMemory(takeImageMemory(kImageMemoryKept + 64), kImageMemoryKept + 64);
}

#if defined(__linux__)
TEST_CASE("a frame whose images are given away gets no new pages from the system") {
    const Camera camera = cameraAt(1920, 1080, 1500.0);
    const DiscArrays discs = randomDiscs(31, 3000, camera);
    DrawList list;
    list.layers.push_back(discs.draw());
    const auto rasterizer = makeCpuRasterizer(2);
    const auto draw = [&] {
        Frame frame;
        rasterizer->render(list, camera, settingsWith(), frame);
        return frame.color.size();
    };
    for (int warm = 0; warm < 3; ++warm) draw();
    constexpr int kFrames = 5;
    const long before = pagesGot();
    for (int i = 0; i < kFrames; ++i) REQUIRE(draw() == size_t(3) * 1920 * 1080);
    // The images alone have 24,000 pages a frame. A few are spared for what the library and the test itself do.
    CHECK(pagesGot() - before < 20 * kFrames);
}
#endif
