// SPDX-License-Identifier: Apache-2.0
// The project pass's body one surfel at a time, as a CUDA thread runs it, against sixteen at a time.
#include <doctest/doctest.h>

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

TEST_CASE("the polynomials hold their stated errors") {
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
