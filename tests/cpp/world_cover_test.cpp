// SPDX-License-Identifier: Apache-2.0
#include "world/cover.h"

#include <doctest/doctest.h>

#include <map>

#include "world/cover_map.h"
#include "world/lens_projector.h"
#include "world/paginate.h"
#include "world_sample.h"

using namespace wz;
using namespace wz::test;

namespace {

// Calls use(level, position, surfel, weight 0..1, next octave absolute, is sibling, color[3]) for each surfel under `child`.
template <class Use>
void eachCovered(const Snapshot& snapshot, LevelId child, Use use) {
    for (const auto& entry : snapshot.pages)
        for (const auto& slot : entry.covers) {
            if (slot->child() != child) continue;
            const auto page = entry.page->page();
            const auto layer = slot->layer();
            for (size_t i = 0; i < page->surfels().size(); ++i) {
                const float weight = layer->weight.empty() ? 0.0f : layer->weight[i] / 255.0f;
                const double next = layer->next.empty() ? 0.0 : page->header().octaveBase + layer->next[i] / 1024.0;
                const int8_t none[3] = {0, 0, 0};
                use(page->header(), positionOf(page->header(), page->surfels()[i]), weight, next, layer->sibling,
                    layer->color.empty() ? none : &layer->color[3 * i]);
            }
        }
}

}  // namespace

TEST_CASE("the lens projector is exact to a hundredth of a pixel at a focal length of 7e13 px") {
    const Camera home = homeCamera(1088, 720, 1024.0);
    const Camera lens = zoomed(home, std::pow(8.0, 12), 0.37, 0.61);
    const LensProjector projector(lens);
    for (double x : {0.5, 300.5, 1087.5}) {
        // The point is found in extended precision and rounded once, to double.
        const long double tx = (static_cast<long double>(x) - lens.cx_px) / lens.focal_px;
        const long double ty = (static_cast<long double>(250.5) - lens.cy_px) / lens.focal_px;
        const Vec3d p{static_cast<double>(tx * 10.0L), static_cast<double>(ty * 10.0L), 10.0};
        const auto hit = projector.project(p, false);
        CHECK(hit.inFront);
        CHECK(std::fabs(hit.x_px - x) < 0.02);
        CHECK(std::fabs(hit.y_px - 250.5) < 0.02);
    }
}

TEST_CASE("a parent's surfels are covered by the child's mask, handing over at the child's footprint") {
    for (double zoom : {1.0, 512.0, 1e9}) {
        World world;
        const Scene scene{0.4};
        const Camera coarse = zoomed(sampleHome(), zoom, 0.5, 0.45);
        const Camera lens = zoomed(coarse, kSampleRatio, 0.5, 0.4);
        world.commit(SampleCommit(scene, std::nullopt, coarse, 0, 1).commit);
        SampleCommit fine(scene, LevelId(0), lens, coarse.focal_px, 2);
        // The sky's border is given by the coarse picture's rows: seen in the lens it lies elsewhere.
        const double border = (scene.skyPart * coarse.height - coarse.cy_px) * kSampleRatio + lens.cy_px;
        for (int j = 0; j < lens.height; ++j)
            for (int i = 0; i < lens.width; ++i) {
                const Vec3d ray = rayOf(lens, i + 0.5, j + 0.5);
                const bool sky = j + 0.5 < border;
                fine.commit.cover.distance[j * lens.width + i] = sky ? INFINITY : 10.0 / (ray.z - 0.3 * ray.y);
            }
        world.commit(fine.commit);
        const LensProjector projector(lens);
        size_t covered = 0, skies = 0, inView = 0;
        eachCovered(*world.snapshot(), 1,
                    [&](const PageHeader& page, Vec3d p, float weight, double next, bool sibling, const int8_t*) {
                        CHECK(!sibling);
                        const auto hit = projector.project(p, page.key.sky);
                        const double edge =
                            std::min({hit.x_px, lens.width - hit.x_px, hit.y_px, lens.height - hit.y_px});
                        if (edge < 0) {
                            CHECK(weight == 0);
                            return;
                        }
                        if (std::fabs(hit.y_px - border) < 1.0) return;
                        ++inView;
                        // The mask of coverOf, linear in the distance to the edge but constant within half a pixel of it.
                        CHECK(std::fabs(weight - std::min(1.0, std::max(edge, 0.5) / 4.0)) < 0.04);
                        if (weight == 0) return;
                        ++covered;
                        skies += page.key.sky;
                        CHECK(std::fabs(next + std::log2(projector.footprintAt(hit.distance))) <= 0.6 / 1024);
                    });
        CHECK(covered > 300);
        CHECK(skies > 50);
        CHECK(covered == inView);
    }
}

TEST_CASE("surfels away from the child's surface are not covered") {
    World world;
    const Camera home = sampleHome();
    SampleCommit coarse(Scene{}, std::nullopt, home, 0, 1);
    const size_t n = coarse.layer.size();
    for (size_t i = 0; i < n; ++i) {  // a second surface, 20 footprints behind; and one behind the eye
        const auto p = &coarse.layer.positions[3 * i];
        const Vec3d q{p[0], p[1], p[2]};
        const double now = coarse.layer.now[i];
        coarse.layer.add(q * (1.0 + 20.0 / home.focal_px), {1, 0, 0, 0}, 0.1f, {0, 0, 0}, now, INFINITY);
        coarse.layer.flags.back() = kSurfelInvented;
        coarse.layer.add(q * -1.0, {1, 0, 0, 0}, 0.1f, {0, 0, 0}, now, INFINITY);
        coarse.layer.flags.back() = kSurfelInvented;
    }
    coarse.commit.layer = coarse.layer.view();
    world.commit(coarse.commit);
    SampleCommit fine(Scene{}, LevelId(0), zoomed(home, kSampleRatio, 0.5, 0.5), home.focal_px, 2);
    world.commit(fine.commit);
    size_t covered = 0;
    for (const auto& entry : world.snapshot()->pages)
        for (const auto& slot : entry.covers) {
            const auto page = entry.page->page();
            for (size_t i = 0; i < page->surfels().size(); ++i) {
                if (page->surfels()[i].flags & kSurfelInvented) CHECK(slot->layer()->weight[i] == 0);
                covered += slot->layer()->weight[i] > 0;
            }
        }
    CHECK(covered > 200);
}

TEST_CASE("a newer sibling covers older siblings and what they carry, and a newer branch covers this one") {
    World world;
    fillSample(world, 4);  // 3 lies beside 1 and 2
    const auto snapshot = world.snapshot();
    std::map<int, size_t> coveredOf;
    const LensProjector lens(snapshot->levels[3]->lens);
    eachCovered(*snapshot, 3,
                [&](const PageHeader& page, Vec3d p, float weight, double next, bool sibling, const int8_t*) {
                    CHECK(sibling == (page.key.level != 0));
                    if (weight == 0) return;
                    ++coveredOf[page.key.level];
                    const auto hit = lens.project(p, page.key.sky);
                    CHECK(hit.x_px >= 0);
                    CHECK(hit.x_px <= kSampleWidth);
                    if (page.key.level < 2)
                        CHECK(std::fabs(next + std::log2(lens.footprintAt(hit.distance))) <= 0.6 / 1024);
                });
    CHECK(coveredOf[0] > 200);
    CHECK(coveredOf[1] > 500);
    CHECK(coveredOf[2] > 1000);

    // A child of 1 that is committed after 3 lies over 3 as over a parent, and leaves level 0 alone.
    SampleCommit late(Scene{0.2}, LevelId(1), zoomed(sampleHome(), kSampleRatio * kSampleRatio, 0.55, 0.5),
                      60.0 * kSampleRatio, 9);
    const LevelId id = world.commit(late.commit);
    coveredOf.clear();
    eachCovered(
        *world.snapshot(), id, [&](const PageHeader& page, Vec3d, float weight, double, bool sibling, const int8_t*) {
            CHECK(sibling ==
                  (page.key.level == 2));  // 2 is beside it; 1 its parent; 3 another branch at its parent's footprint
            coveredOf[page.key.level] += weight > 0;
        });
    CHECK(coveredOf[0] == 0);
    CHECK(coveredOf[1] > 200);
    CHECK(coveredOf[2] > 1000);
    CHECK(coveredOf[3] > 200);
}

TEST_CASE("colour changes reach every ancestor, averaged over its pixels") {
    World world;
    const Scene scene{};
    Camera lens = sampleHome();
    world.commit(SampleCommit(scene, std::nullopt, lens, 0, 1).commit);
    for (int k = 1; k <= 3; ++k) {
        const double focal = lens.focal_px;
        lens = zoomed(lens, kSampleRatio, 0.5, 0.5);
        SampleCommit sample(scene, LevelId(k - 1), lens, focal, 1);
        if (k == 3) {  // a red square of 24 x 24 px in the middle
            auto& cover = sample.commit.cover;
            std::fill(cover.weight.begin(), cover.weight.end(), 1.0f);
            cover.colorChange.assign(cover.weight.size() * 3, 0.0f);
            for (int j = 12; j < 36; ++j)
                for (int i = 20; i < 44; ++i) cover.colorChange[3 * (j * lens.width + i)] = 0.8f;
        }
        world.commit(sample.commit);
    }
    std::map<int, double> sums;
    std::map<int, int> largest;
    eachCovered(*world.snapshot(), 3, [&](const PageHeader& page, Vec3d, float, double, bool, const int8_t* color) {
        sums[page.key.level] += color[0] / 127.0;
        largest[page.key.level] = std::max<int>(largest[page.key.level], color[0]);
        CHECK(color[1] == 0);
        CHECK(color[2] == 0);
    });
    for (int level = 0; level < 3; ++level) {
        // The change summed over the level's pixels times their area is the change of the edited pixels.
        const double area = std::pow(kSampleRatio, 2 * (3 - level));
        CHECK(sums[level] * area == doctest::Approx(24 * 24 * 0.8).epsilon(0.1));
    }
    CHECK(largest[2] == std::lround(0.8 * 127));
    CHECK(largest[1] == std::lround(0.8 * 127));  // 24 px are three of its pixels
    CHECK(largest[0] < largest[1]);  // and about one of level 0
}

TEST_CASE("area means of a colour change are exact for fractional rectangles") {
    CoverMap map;
    const int w = 7, h = 5;
    std::mt19937 random(2);
    for (int i = 0; i < w * h; ++i) {
        map.weight.push_back((i % 3) / 2.0f);
        for (int c = 0; c < 3; ++c) map.colorChange.push_back(static_cast<float>(random() % 100) / 100.0f - 0.5f);
    }
    const ColorChangeTable table(map, w, h);
    for (const auto& [x, y, side] : {std::array{3.3, 2.1, 1.7}, {0.2, 0.1, 3.0}, {6.9, 4.9, 0.5}, {3.0, 2.0, 40.0}}) {
        std::array<double, 3> sum{};
        for (int j = 0; j < h; ++j)
            for (int i = 0; i < w; ++i) {
                const double ox = std::max(0.0, std::min(i + 1.0, x + side / 2) - std::max<double>(i, x - side / 2));
                const double oy = std::max(0.0, std::min(j + 1.0, y + side / 2) - std::max<double>(j, y - side / 2));
                for (int c = 0; c < 3; ++c)
                    sum[c] += ox * oy * map.weight[j * w + i] * map.colorChange[3 * (j * w + i) + c];
            }
        const auto mean = table.meanAt(x, y, side);
        for (int c = 0; c < 3; ++c) CHECK(mean[c] == doctest::Approx(sum[c] / (side * side)));
    }
}
