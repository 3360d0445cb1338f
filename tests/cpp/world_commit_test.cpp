// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <set>
#include <thread>

#include "core/errors.h"
#include "world/missing_pages.h"
#include "world/paginate.h"
#include "world_sample.h"

using namespace wz;
using namespace wz::test;

TEST_CASE("a commit publishes one level and leaves older snapshots as they were") {
    World world;
    CHECK(commitSample(world, 0) == 0);
    const auto first = world.snapshot();
    World twin;
    commitSample(twin, 0);
    CHECK(commitSample(world, 1) == 1);
    const auto second = world.snapshot();
    CHECK(differenceOf(*first, *twin.snapshot()) == "");
    CHECK(second->epoch == first->epoch + 1);
    CHECK(second->levels.size() == 2);
    CHECK(second->levels[1]->parent == LevelId(0));
    CHECK(second->levels[1]->surfelCount == kSampleWidth * kSampleHeight);
    CHECK(second->levels[1]->blobs == std::vector<std::string>{"picture", "empty"});
    CHECK(world.blob(1, "picture") == std::vector<uint8_t>{1, 2, 3, 2});
    CHECK(world.blob(1, "empty").empty());
    CHECK_THROWS_AS(world.blob(1, "other"), WorldError);
    CHECK_THROWS_AS(world.blob(2, "picture"), WorldError);
    CHECK(std::is_sorted(second->pages.begin(), second->pages.end(),
                         [](auto& a, auto& b) { return a.page->header().key < b.page->header().key; }));
}

TEST_CASE("until() and undo() give the world before the later commits") {
    World world;
    std::vector<std::shared_ptr<const Snapshot>> before;
    for (int k = 0; k < 4; ++k) {
        commitSample(world, k);
        before.push_back(world.snapshot());
    }
    for (LevelId last = 0; last < 4; ++last) CHECK(differenceOf(*world.snapshot()->until(last), *before[last]) == "");
    CHECK_THROWS_AS(world.undo(1), InputError);
    for (int k = 3; k > 0; --k) {
        world.undo(static_cast<LevelId>(k));
        CHECK(differenceOf(*world.snapshot(), *before[k - 1]) == "");
        CHECK_THROWS_AS(world.blob(static_cast<LevelId>(k), "picture"), WorldError);
    }
    commitSample(world, 1);
    CHECK(differenceOf(*world.snapshot(), *before[1]) == "");
    world.undo(1);
    world.undo(0);
    CHECK(world.snapshot()->pages.empty());
    CHECK_THROWS_AS(world.undo(0), InputError);
}

TEST_CASE("a refused commit changes nothing") {
    World world;
    fillSample(world, 2);
    const auto before = world.snapshot();
    const auto refused = [&](auto spoil) {
        SampleCommit sample(Scene{}, LevelId(1), sampleHome(), 60.0, 1);
        spoil(sample);
        CHECK_THROWS_AS(world.commit(sample.commit), InputError);
        CHECK(world.snapshot() == before);
    };
    refused([](SampleCommit& s) { s.commit.record.parent = LevelId(2); });
    refused([](SampleCommit& s) { s.layer.positions[0] = NAN; });
    refused([](SampleCommit& s) { s.commit.layer = {}; });
    refused([](SampleCommit& s) { s.commit.record.lens.focal_px = 0; });
    refused([](SampleCommit& s) { s.commit.record.lens.width = 0; });
    refused([](SampleCommit& s) { s.commit.record.approach.position.x = NAN; });
    refused([](SampleCommit& s) { s.commit.record.approach.worldFromCamera = {0, 0, 0, 0}; });
    refused([](SampleCommit& s) { s.commit.cover.weight.pop_back(); });
    refused([](SampleCommit& s) { s.commit.cover.weight[5] = 1.5f; });
    refused([](SampleCommit& s) { s.commit.cover.distance[5] = 0; });
    refused([](SampleCommit& s) { s.commit.cover.distance[5] = NAN; });
    refused([](SampleCommit& s) { s.commit.cover.colorChange.resize(3); });
    refused([](SampleCommit& s) { s.commit.cover.toleranceFootprints = -1; });
    refused([](SampleCommit& s) { s.commit.blobs[1].name = "picture"; });
    refused([](SampleCommit& s) { s.commit.blobs[1].name = ""; });
}

TEST_CASE("snapshots may be taken and read while commits and undos run") {
    World world;
    commitSample(world, 0);
    std::jthread reader([&](std::stop_token stop) {
        uint64_t last = 0;
        while (!stop.stop_requested()) {
            const auto snapshot = world.snapshot();
            CHECK(snapshot->epoch >= last);
            last = snapshot->epoch;
            uint64_t surfels = 0;
            for (const auto& entry : snapshot->pages) surfels += entry.page->page()->surfels().size();
            CHECK(surfels == snapshot->levels.size() * kSampleWidth * kSampleHeight);
        }
    });
    for (int round = 0; round < 5; ++round) {
        commitSample(world, 1);
        world.undo(1);
    }
}

TEST_CASE("covers give way only where a page of the covering level is missing") {
    World world;
    fillSample(world, 2);
    const auto snapshot = world.snapshot();
    MissingPages missing;
    const std::vector<PageHeader> fine = fineHeaders(*snapshot);
    REQUIRE(!fine.empty());
    const auto coversWithout = [&] {
        size_t kept = 0, dropped = 0;
        for (const auto& entry : snapshot->pages)
            for (const auto& slot : entry.covers) {
                const auto page = entry.page->page();
                const auto whole = slot->layer(), left = withoutMissing(*page, whole, missing);
                for (size_t i = 0; i < page->surfels().size(); ++i) {
                    if (whole->weight[i] == 0) continue;
                    const Vec3d p = positionOf(page->header(), page->surfels()[i]);
                    const double own = std::exp2(-(page->header().octaveBase + page->surfels()[i].now / 1024.0));
                    bool inside = false;
                    for (const auto& hole : missing.of(1))
                        inside = inside || liesIn(hole, page->header().key.sky, p, own);
                    CHECK(left->weight[i] == (inside ? 0 : whole->weight[i]));
                    ++(inside ? dropped : kept);
                }
            }
        return std::pair(kept, dropped);
    };
    CHECK(coversWithout().second == 0);
    missing.add(fine.front(), "first");
    missing.add(fine.front(), "again");
    CHECK(missing.count() == 1);
    CHECK(missing.any(1));
    CHECK(!missing.any(0));
    CHECK(missing.warnings() == std::vector<std::string>{"first"});
    const auto [kept, dropped] = coversWithout();
    CHECK(kept > 0);
    CHECK(dropped > 0);
    // Every surfel of the lost page lies where its coarser cover is given back.
    for (const auto& entry : snapshot->pages) {
        if (entry.page->header().key != fine.front().key) continue;
        for (const Surfel& s : entry.page->page()->surfels())
            CHECK(liesIn(fine.front(), false, positionOf(entry.page->header(), s), 0));
    }
}
