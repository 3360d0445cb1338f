// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "engine/engine.h"
#include "world_sample.h"

using namespace wz;
using namespace wz::test;

namespace {

struct Picture {
    Image<float> coverage, level;
};

Picture drawn(const Snapshot& snapshot, const Camera& camera, float bias, std::vector<float> readiness = {}) {
    static Engine engine(1);
    RenderSettings settings;
    settings.outputs = kOutputColor | kOutputCoverage | kOutputLevel;
    settings.detailBias = bias;
    Frame frame;
    engine.render(snapshot, camera, settings, readiness, frame);
    return {frame.coverage, frame.level};
}

// Levels 0, 1 (of 0) and 2 (of 0, newer, over the right part of 1), with soft borders.
void fillSiblings(World& world, double border_px) {
    const Scene scene{};
    world.commit(SampleCommit(scene, std::nullopt, sampleHome(), 0.0, 1).commit);
    for (double x : {0.45, 0.55}) {
        SampleCommit sample(scene, LevelId(0), zoomed(sampleHome(), kSampleRatio, x, 0.5), 60.0, 2);
        sample.commit.cover = coverOf(scene, sample.commit.record.lens, border_px);
        for (size_t i = 0; i < sample.layer.size(); ++i) sample.layer.mask[i] = sample.commit.cover.weight[i];
        world.commit(sample.commit);
    }
}

}  // namespace

TEST_CASE("overlapping siblings leave no hole at any octave or readiness") {
    World world;
    fillSiblings(world, 20.0);
    const auto snapshot = world.snapshot();
    const Camera camera = zoomed(sampleHome(), kSampleRatio, 0.5, 0.5);
    const Picture coarse = drawn(*snapshot->until(0), camera, 0.0f);
    double worst = 0;
    for (float bias = -2.0f; bias <= 0.5f; bias += 0.125f)
        for (float ready : {0.0f, 0.3f, 1.0f}) {
            const Picture both = drawn(*snapshot, camera, bias, {1.0f, 1.0f, ready});
            for (size_t i = 0; i < both.coverage.size(); ++i)
                worst = std::max<double>(worst, std::min(coarse.coverage[i], 0.97f) - both.coverage[i]);
        }
    CHECK(worst <= 0.03);
}

TEST_CASE("the newest sibling wins where both are whole") {
    World world;
    fillSiblings(world, 4.0);
    const auto snapshot = world.snapshot();
    const Camera camera = zoomed(sampleHome(), kSampleRatio, 0.55, 0.5);  // the view of level 2
    const Picture both = drawn(*snapshot, camera, 0.1f);
    // Away from the border by its 4 px and the reach of a coarse disc.
    double worst = 0;
    for (int j = 14; j < camera.height - 14; ++j)
        for (int i = 14; i < camera.width - 14; ++i)
            worst = std::max<double>(worst, std::fabs(both.level[j * camera.width + i] - 2.0));
    CHECK(worst <= 0.01);
    // Half-way through the band the fine part is that of level 2 alone: between 0 and 2, nothing of 1 is seen.
    const Picture alone = drawn(*snapshot, camera, -0.75f, {1.0f, 0.0f, 1.0f});
    const Picture half = drawn(*snapshot, camera, -0.75f);
    for (int j = 14; j < camera.height - 14; ++j)
        for (int i = 14; i < camera.width - 14; ++i)
            CHECK(half.level[j * camera.width + i] == doctest::Approx(alone.level[j * camera.width + i]).epsilon(0.02));
}
