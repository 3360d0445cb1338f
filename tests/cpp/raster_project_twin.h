// SPDX-License-Identifier: Apache-2.0
// The project pass's results for one page by the CPU, to compare its twins with.
#pragma once

#include <algorithm>
#include <cmath>

#include "raster/cpu/run_list.h"
#include "raster/frame_view.h"
#include "raster_scene.h"

namespace wz::test {

// What the CPU's vectors project of a draw list, gathered in draw order.
struct CpuProjected {
    std::vector<SurfelRecord> records;
    std::vector<SurfelExtra> extras;
    std::vector<PixelRect> rects;
    std::vector<uint32_t> keys;
};

inline CpuProjected projectedByCpu(const DrawList& list, const Camera& camera, const ProjectParams& params,
                                   InstructionSet set) {
    RunList runs;
    runs.build(list, camera, params);
    CpuProjected out;
    std::vector<SurfelRecord> records(RunList::kRunLength);
    std::vector<SurfelExtra> extras(RunList::kRunLength);
    std::vector<PixelRect> rects(RunList::kRunLength);
    std::vector<uint32_t> keys(RunList::kRunLength);
    std::vector<GeneralSurfel> general(RunList::kRunLength);
    for (ProjectRun& run : runs.runs()) {
        run.records = records.data();
        run.extras = extras.data();
        run.rects = rects.data();
        run.keys = keys.data();
        run.general = general.data();
        kernelsFor(set)->projectRun(run);
        out.records.insert(out.records.end(), records.begin(), records.begin() + run.drawn);
        out.extras.insert(out.extras.end(), extras.begin(), extras.begin() + run.drawn);
        out.rects.insert(out.rects.end(), rects.begin(), rects.begin() + run.drawn);
        out.keys.insert(out.keys.end(), keys.begin(), keys.begin() + run.drawn);
    }
    return out;
}

// A page with a cover, a newer sibling and carried-back colours: every branch of the pass.
struct ParityScene {
    Camera camera = cameraAt(150, 110, 130.0);
    PackedPage page;
    std::vector<uint8_t> weight, siblingWeight;
    std::vector<uint16_t> next;
    std::vector<int8_t> color;
    DrawList list;
    ProjectParams params;

    ParityScene(uint32_t seed, bool far) {
        page = packedPage(randomDiscs(seed, 3000, camera), {-8, -8, 0}, std::exp2(-12), -4);
        if (far) {
            camera.focal_px = 2400;
            camera.position = {0, 0, -60};
        }
        std::mt19937 rng(seed);
        for (const Surfel& s : page.surfels) {
            weight.push_back(static_cast<uint8_t>(rng() % 256));
            siblingWeight.push_back(static_cast<uint8_t>(rng() % 128));
            next.push_back(static_cast<uint16_t>(s.now + 1500));
            for (int k = 0; k < 3; ++k) color.push_back(static_cast<int8_t>(static_cast<int>(rng() % 21) - 10));
        }
        PageDraw draw = page.draw(7, 3);
        draw.readiness = 0.9f;
        draw.covers = {{weight, next, color, 0.8f, false}, {siblingWeight, next, {}, 1.0f, true}};
        list.pages.push_back(draw);
        RenderSettings settings;
        settings.near = 0.05;
        settings.detailBias = far ? 0.4f : 0.0f;
        params = projectParamsOf(list, camera, settings);
    }
};

inline bool nearlyEqual(float a, float b) {
    return std::fabs(a - b) <= 1e-4f + 2e-4f * std::max(std::fabs(a), std::fabs(b));
}

inline bool sameRecord(const SurfelRecord& a, const SurfelRecord& b) {
    const float fa[] = {a.x,  a.y,       a.ux,      a.uy,  a.vx,    a.vy,   a.hx,
                        a.hy, a.cutoff2, a.opacity, a.red, a.green, a.blue, a.weight};
    const float fb[] = {b.x,  b.y,       b.ux,      b.uy,  b.vx,    b.vy,   b.hx,
                        b.hy, b.cutoff2, b.opacity, b.red, b.green, b.blue, b.weight};
    for (size_t k = 0; k < std::size(fa); ++k)
        if (!nearlyEqual(fa[k], fb[k])) return false;
    return a.flags == b.flags;
}

}  // namespace wz::test
