// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "engine/engine.h"
#include "temporary_folder.h"
#include "world/world_file.h"
#include "world_sample.h"

using namespace wz;
using namespace wz::test;

TEST_CASE("where a fine page is corrupt the coarse level shows at once, and nowhere else") {
    const TemporaryFolder folder;
    const std::string path = folder.file("world.wz");
    fillSample(*World::create(path, false), 2);
    const auto intact = World::open(path, false);
    const auto directory = WorldFile::open(path, false, nullptr)->directory();
    auto bytes = readBytes(path);
    size_t lost = 0;
    for (const StoredPage& page : directory->pages)
        if (page.header.key.level == 1 && page.header.count > 200 && lost < 1) {
            bytes[page.place.offset + kFrameBytes + 7] ^= 1;
            ++lost;
        }
    REQUIRE(lost == 1);
    const std::string damagedPath = folder.file("damaged.wz");
    writeBytes(damagedPath, bytes);
    const auto damaged = World::open(damagedPath, false);

    Engine engine(1);
    RenderSettings settings;
    settings.outputs = kOutputColor | kOutputCoverage | kOutputLevel;
    const Camera camera = intact->snapshot()->levels[1]->lens;
    Frame whole, coarse, holed;
    engine.render(*intact->snapshot(), camera, settings, {}, whole);
    engine.render(*intact->snapshot()->until(0), camera, settings, {}, coarse);
    const FrameStats stats = engine.render(*damaged->snapshot(), camera, settings, {}, holed);
    CHECK(stats.missingPages == 1);
    CHECK(damaged->warnings().size() == 1);

    size_t shownCoarse = 0, shownFine = 0, differsElsewhere = 0;
    for (size_t i = 0; i < whole.coverage.size(); ++i) {
        CHECK(holed.coverage[i] >= std::min(whole.coverage[i], coarse.coverage[i]) - 0.02f);
        if (holed.level[i] < 0.1f && whole.level[i] > 0.9f) ++shownCoarse;
        if (holed.level[i] > 0.99f) {
            ++shownFine;
            differsElsewhere += std::fabs(holed.color[3 * i] - whole.color[3 * i]) > 0.02f;
        }
    }
    CHECK(shownCoarse > 100);
    CHECK(shownFine > 100);
    CHECK(differsElsewhere < shownFine / 10);
}
