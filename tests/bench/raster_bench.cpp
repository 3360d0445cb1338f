// SPDX-License-Identifier: Apache-2.0
// Times the CPU rasteriser on a procedural page world and prints JSON: raster_bench WIDTH HEIGHT THREADS [FRAMES] [outputs]
// The world: a landscape of one disc a native pixel (0.7 px, opacity 0.97), cut into pages of Morton order, seen natively.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <numeric>
#include <string>

#include "cpp/raster_scene.h"

using namespace wz;
using namespace wz::test;

namespace {

constexpr int kPagePixels = 256;

// One page of 256 x 256 discs whose surface is a slope with relief, as a zoom makes them.
PackedPage pageOf(int column, int row, const Camera& camera, std::mt19937& rng) {
    std::normal_distribution<double> n(0, 1);
    std::vector<std::pair<uint32_t, PageSurfel>> made;
    const double depth = 6.0 + 0.8 * row, footprint = depth / camera.focal_px,
                 edge = std::exp2(std::ceil(std::log2(300 * footprint)));
    PackedPage page;
    page.unit = edge / 65536;
    page.octaveBase = std::floor(-std::log2(footprint)) - 4;
    const double x0 = (column * kPagePixels - camera.cx_px) * footprint,
                 y0 = (row * kPagePixels - camera.cy_px) * footprint;
    page.origin = {x0, y0, depth - edge / 2};
    for (uint32_t j = 0; j < kPagePixels; ++j)
        for (uint32_t i = 0; i < kPagePixels; ++i) {
            const double z = depth + 3 * footprint * std::sin(i * 0.05) + 0.3 * footprint * n(rng);
            const double px = column * kPagePixels + i + 0.5, py = row * kPagePixels + j + 0.5;
            PageSurfel s{};
            s.position = {static_cast<float>(((px - camera.cx_px) / camera.focal_px * z - page.origin.x) / page.unit),
                          static_cast<float>(((py - camera.cy_px) / camera.focal_px * z - page.origin.y) / page.unit),
                          static_cast<float>((z - page.origin.z) / page.unit)};
            s.rotation = {1, static_cast<float>(0.1 * n(rng)), static_cast<float>(0.1 * n(rng)), 0};
            s.extent[0] = s.extent[1] = static_cast<float>(0.7 * footprint / page.unit);
            s.color = {static_cast<float>(px / camera.width), static_cast<float>(py / camera.height), 0.5f};
            s.opacity = 0.97f;
            s.nowOctave = static_cast<float>(-std::log2(footprint) - page.octaveBase);
            s.priorOctave = -INFINITY;
            s.mask = 1;
            uint32_t morton = 0;
            for (uint32_t b = 0; b < 8; ++b) morton |= ((i >> b & 1u) << (2 * b)) | ((j >> b & 1u) << (2 * b + 1));
            made.emplace_back(morton, s);
        }
    std::sort(made.begin(), made.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (const auto& m : made) page.surfels.push_back(packSurfel(m.second));
    return page;
}

double quantile(std::vector<double> v, double q) {
    std::sort(v.begin(), v.end());
    return v[std::min(v.size() - 1, static_cast<size_t>(q * v.size()))];
}

}  // namespace

int main(int argc, char** argv) {
    const int width = argc > 1 ? std::atoi(argv[1]) : 960, height = argc > 2 ? std::atoi(argv[2]) : 540;
    const int threads = argc > 3 ? std::atoi(argv[3]) : 2, frames = argc > 4 ? std::atoi(argv[4]) : 20;
    const bool all = argc > 5 && std::string(argv[5]) == "all";
    const std::string isa = argc > 6 ? argv[6] : "best";
    const InstructionSet set = isa == "avx2"       ? InstructionSet::Avx2
                               : isa == "baseline" ? InstructionSet::Baseline
                                                   : InstructionSet::Best;
    Camera camera = cameraAt(width, height, 1.1 * width);
    std::mt19937 rng(1);
    std::vector<PackedPage> pages;
    for (int row = 0; row * kPagePixels < height; ++row)
        for (int column = 0; column * kPagePixels < width; ++column) pages.push_back(pageOf(column, row, camera, rng));
    DrawList list;
    for (uint32_t i = 0; i < pages.size(); ++i) list.pages.push_back(pages[i].draw(i));
    RenderSettings settings = settingsWith(all ? kAllOutputs & ~kOutputSurfelId : kOutputColor | kOutputCoverage);
    const auto rasterizer = makeCpuRasterizer(threads, set);
    Frame frame;
    std::map<std::string, std::vector<double>> times;
    RenderStats stats;
    for (int f = 0; f < frames + 3; ++f) {
        camera.position.x = 0.0002 * f;
        const std::clock_t begin = std::clock();
        stats = rasterizer->render(list, camera, settings, frame);
        if (f < 3) continue;
        times["cpu"].push_back(1e3 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
        double total = 0;
        for (const StageTime& s : stats.stages) {
            times[s.name].push_back(s.ms);
            total += s.ms;
        }
        times["total"].push_back(total);
    }
    std::printf(
        "{\"size\": [%d, %d], \"threads\": %d, \"isa\": \"%s\", \"tested\": %llu, \"projected\": %llu, "
        "\"tile_entries\": %llu, "
        "\"evaluations\": %llu, \"contributions\": %llu",
        width, height, threads, isa.c_str(), (unsigned long long)stats.tested, (unsigned long long)stats.projected,
        (unsigned long long)stats.tileEntries, (unsigned long long)stats.evaluations,
        (unsigned long long)stats.contributions);
    for (const auto& [name, v] : times)
        std::printf(", \"%s_ms\": {\"p50\": %.2f, \"min\": %.2f}", name.c_str(), quantile(v, 0.5), quantile(v, 0));
    const double mean =
        std::accumulate(frame.coverage.begin(), frame.coverage.end(), 0.0) / static_cast<double>(frame.coverage.size());
    std::printf(", \"mean_coverage\": %.4f, \"fps_p50\": %.1f}\n", mean, 1000 / quantile(times["total"], 0.5));
}
