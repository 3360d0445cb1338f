// SPDX-License-Identifier: Apache-2.0
// The project pass's body one surfel at a time, as a CUDA thread runs it, against sixteen at a time.
#include <doctest/doctest.h>

#include <random>

#include "raster/passes/blend_body.h"
#include "raster/passes/project_body.h"
#include "raster_project_twin.h"

using namespace wz;
using namespace wz::test;

namespace {

PageRun runOf(const ParityScene& scene, const std::vector<CoverArrays>& covers) {
    const PageDraw& page = scene.list.pages[0];
    const CameraMap map = cameraMapOf(page, scene.camera, scene.params);
    PageRun run{};
    run.page = pageViewOf(page, scene.camera, scene.params);
    run.centres = {map.base, map.axes.r0, map.axes.r1, map.axes.r2, page.unit};
    run.octaveFootprint = std::exp2(page.octaveBase);
    run.firstId = uint64_t(page.pageOrdinal) << 32;
    run.surfels = page.surfels.data();
    run.covers = covers.data();
    run.coverCount = static_cast<uint32_t>(covers.size());
    run.count = static_cast<uint32_t>(page.surfels.size());
    return run;
}

}  // namespace

TEST_CASE("one lane projects what sixteen lanes project, near pages and far ones") {
    for (bool far : {false, true}) {
        const ParityScene scene(51, far);
        std::vector<CoverArrays> covers;
        for (const CoverDraw& c : scene.list.pages[0].covers)
            covers.push_back(
                {c.weight.data(), c.next.data(), c.color.empty() ? nullptr : c.color.data(), c.readiness, c.sibling});
        const PageRun run = runOf(scene, covers);
        CHECK(run.page.inFloat == far);
        const CpuProjected vectors = projectedByCpu(scene.list, scene.camera, scene.params, InstructionSet::Best);
        CHECK(vectors.records.size() > 500);
        size_t at = 0, different = 0, missing = 0;
        for (uint32_t i = 0; i < run.count; ++i) {
            const ProjectedLanes<float> o = projectOne(scene.params, run, run.surfels[i], i);
            const bool drawnByVectors = at < vectors.extras.size() && vectors.extras[at].id == run.firstId + i;
            if ((o.drawn || o.general) != drawnByVectors) ++missing;
            if (!drawnByVectors) continue;
            SurfelRecord record;
            SurfelExtra extra;
            PixelRect rect;
            uint32_t key;
            writeSurfel(scene.params, run.page, o, run.firstId + i, record, rect, key, &extra);
            if (!o.general && !sameRecord(record, vectors.records[at])) ++different;
            ++at;
        }
        CHECK(at == vectors.records.size());
        CHECK(missing <= 1);
        CHECK(different <= vectors.records.size() / 1000);
    }
}

TEST_CASE("a flat disc's alphas are those of the exact form") {
    std::mt19937 random(5);
    std::uniform_real_distribution<float> unit(0.0f, 1.0f);
    size_t flats = 0, pixels = 0, decidedOtherwise = 0;
    double worst = 0;
    for (int trial = 0; trial < 20000; ++trial) {
        const float longer = 0.5f * std::exp2(6.0f * unit(random)), shorter = longer * std::exp2(-4.0f * unit(random));
        const float angle = 6.2831853f * unit(random), turn = 6.2831853f * unit(random);
        const float tilt = 0.01f * unit(random), opacity = 0.02f + 0.98f * unit(random);
        ScreenDisc<float> disc;
        disc.a = longer * std::cos(angle);
        disc.c = longer * std::sin(angle);
        disc.b = -shorter * std::sin(angle);
        disc.d = shorter * std::cos(angle);
        disc.e = tilt * std::cos(turn);
        disc.g = tilt * std::sin(turn);
        disc.wide2 = disc.a * disc.a + disc.b * disc.b;
        disc.high2 = disc.c * disc.c + disc.d * disc.d;
        disc.slope2 = tilt * tilt;
        disc.det = longer * shorter;
        const float cutoff2 = std::min(2.0f * std::log(opacity / kAlphaMin), kCutoffMax * kCutoffMax);
        const RayForm<float> exact = rayFormOf(disc);
        const DiscBounds<float> bounds = boundsOf(disc, cutoff2);
        ProjectedLanes<float> o{};
        o.ray = exact;
        markSimple(disc, screenSpreadOf(disc).largest, bounds, log2Of(opacity), o);
        if (!o.flat) continue;
        ++flats;
        SurfelRecord s{};
        s.ux = o.ray.ux;
        s.uy = o.ray.uy;
        s.vx = o.ray.vx;
        s.vy = o.ray.vy;
        s.hx = o.ray.hx;
        s.hy = o.ray.hy;
        s.cutoff2 = cutoff2;
        for (int i = 0; i < 20; ++i) {
            const float px = (bounds.left + bounds.right) * unit(random) - bounds.left;
            const float py = (bounds.top + bounds.bottom) * unit(random) - bounds.top;
            const Hit<float> hit = hitFlat(s, px, py);
            const double zx = double(exact.ux) * px + double(exact.uy) * py;
            const double zy = double(exact.vx) * px + double(exact.vy) * py;
            const double zz = 1.0 - (double(exact.hx) * px + double(exact.hy) * py);
            const double half = std::min(0.5 * (zx * zx + zy * zy) / (zz * zz), double(px) * px + double(py) * py);
            decidedOtherwise += hit.inside != (2.0 * half <= cutoff2);
            if (!hit.inside) continue;
            ++pixels;
            const double alpha = std::min(double(kAlphaMax), opacity * std::exp(-half));
            worst = std::max(worst, std::fabs(flatAlphaOf(s, hit) - alpha));
        }
    }
    CHECK(flats > 5000);
    CHECK(decidedOtherwise <= pixels / 1000);
    CHECK(worst <= 1e-5);
}

TEST_CASE("the polynomials hold their stated errors") {
    double worstShortExp = 0;
    for (int i = -12000; i <= 12000; ++i) {
        const float x = static_cast<float>(i) / 100.0f;
        worstShortExp = std::max(worstShortExp, std::fabs(exp2Within<4>(x) / std::exp2(double(x)) - 1));
    }
    CHECK(worstShortExp <= 3e-6);
    double worstExp = 0, worstLog = 0, worstDilogarithm = 0;
    for (int i = -12000; i <= 12000; ++i) {
        const float x = static_cast<float>(i) / 100.0f;
        worstExp = std::max(worstExp, std::fabs(exp2Of(x) / std::exp2(double(x)) - 1));
    }
    for (int i = 1; i < 20000; ++i) {
        const float x = std::exp2(static_cast<float>(i - 10000) / 100.0f);
        worstLog = std::max(
            worstLog, std::fabs(log2Of(x) - std::log2(double(x))) / std::max(2.0, std::fabs(std::log2(double(x)))));
    }
    for (int i = 1; i < 990; ++i) {
        const double o = i / 1000.0;
        double sum = 0;
        for (int n = 1; n < 4000; ++n) sum += std::pow(o, n) / (double(n) * n);
        const float t = static_cast<float>(-std::log1p(-o));
        worstDilogarithm = std::max(worstDilogarithm, std::fabs(dilogarithmOf(t) - sum));
        worstDilogarithm = std::max(worstDilogarithm, std::fabs(inverseDilogarithmOf(static_cast<float>(sum)) - o));
    }
    CHECK(worstExp <= 2e-7);
    CHECK(worstLog <= 3e-7);
    CHECK(worstDilogarithm <= 3e-5);
}
