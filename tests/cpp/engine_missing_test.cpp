// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "engine/engine.h"
#include "engine/patched_covers.h"
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

TEST_CASE("a cover over a missing page is made once, as long as frames ask for it and nothing else goes missing") {
    World world;
    fillSample(world, 2);
    const auto snapshot = world.snapshot();
    MissingPages missing;
    const std::vector<PageHeader> fine = fineHeaders(*snapshot);
    REQUIRE(fine.size() > 1);
    PatchedCovers patched;
    using Layers = std::vector<std::shared_ptr<const CoverLayer>>;
    const auto frame = [&] {
        Layers layers;
        for (const auto& entry : snapshot->pages)
            for (const auto& slot : entry.covers) {
                const auto page = entry.page->page();
                layers.push_back(patched.of(*page, slot->layer(), missing));
                CHECK(layers.back()->weight == withoutMissing(*page, slot->layer(), missing)->weight);
            }
        patched.endFrame();
        return layers;
    };
    const Layers whole = frame();
    CHECK(patched.size() == 0);
    missing.add(fine[0], "one");
    const Layers first = frame();
    CHECK(first != whole);
    CHECK(frame() == first);  // the same objects
    missing.add(fine[1], "another");
    const Layers second = frame();
    CHECK(second != first);
    CHECK(frame() == second);
    patched.endFrame();  // a frame that asks for none
    CHECK(patched.size() == 0);
    missing.forget(1);
    CHECK(frame() == whole);
}
