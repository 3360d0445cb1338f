// SPDX-License-Identifier: Apache-2.0
// Times the CPU rasteriser alone and prints one line of JSON a view:
//   raster_bench SCENE WIDTH HEIGHT [--threads N] [--frames N] [--warmup N] [--all | --outputs BITS] [--isa avx512|avx2|baseline]
// SCENE: field, needle, crossing (procedural, one disc of 0.7 px and opacity 0.9 a native pixel);
//   world:FILE.wz:CAMERAS   a world from the cameras of a text file, one a line: x y z qw qx qy qz focal cx cy width height
//   layer:FILE:CAMERAS      arrays: uint64 count, then float64 positions, float32 orientations, extents, colors, opacities
// `cpu_ms` is user time of all threads: what to compare on a machine that others load too.
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <numeric>
#include <sstream>
#include <stdexcept>
#include <string>

#include "cpp/raster_scene.h"
#include "engine/engine.h"
#include "world/world.h"

using namespace wz;
using namespace wz::test;

namespace {

constexpr int kPagePixels = 256;

struct Options {
    std::string scene = "field";
    int width = 960, height = 540, threads = 2, frames = 20, warmup = 3;
    uint32_t outputs = kOutputColor | kOutputCoverage;
    InstructionSet set = InstructionSet::Best;
    std::string isa = "best";
};

double cpuMs() {
    rusage u{};
    getrusage(RUSAGE_SELF, &u);
    return 1e3 * static_cast<double>(u.ru_utime.tv_sec) + 1e-3 * static_cast<double>(u.ru_utime.tv_usec);
}

uint32_t mortonOf(uint32_t i, uint32_t j) {
    uint32_t code = 0;
    for (uint32_t b = 0; b < 8; ++b) code |= ((i >> b & 1u) << (2 * b)) | ((j >> b & 1u) << (2 * b + 1));
    return code;
}

// One page of 256 x 256 discs whose surface is a slope with relief, as a zoom makes them.
PackedPage pageOf(int column, int row, const Camera& camera, std::mt19937& rng) {
    std::normal_distribution<double> n(0, 1);
    std::vector<std::pair<uint32_t, PageSurfel>> made;
    const double depth = 6.0 + 0.8 * row, footprint = depth / camera.focal_px,
                 edge = std::exp2(std::ceil(std::log2(300 * footprint)));
    PackedPage page;
    page.unit = edge / 65536;
    page.octaveBase = std::floor(-std::log2(footprint)) - 4;
    page.origin = {(column * kPagePixels - camera.cx_px) * footprint, (row * kPagePixels - camera.cy_px) * footprint,
                   depth - edge / 2};
    for (uint32_t j = 0; j < kPagePixels; ++j)
        for (uint32_t i = 0; i < kPagePixels; ++i) {
            const double px = column * kPagePixels + i + 0.5, py = row * kPagePixels + j + 0.5;
            if (px > camera.width || py > camera.height) continue;
            const double z = depth + 3 * footprint * std::sin(i * 0.05) + 0.3 * footprint * n(rng);
            PageSurfel s{};
            s.position = {static_cast<float>(((px - camera.cx_px) / camera.focal_px * z - page.origin.x) / page.unit),
                          static_cast<float>(((py - camera.cy_px) / camera.focal_px * z - page.origin.y) / page.unit),
                          static_cast<float>((z - page.origin.z) / page.unit)};
            s.rotation = {1, static_cast<float>(0.1 * n(rng)), static_cast<float>(0.1 * n(rng)), 0};
            s.extent[0] = s.extent[1] = static_cast<float>(0.7 * footprint / page.unit);
            s.color = {static_cast<float>(px / camera.width), static_cast<float>(py / camera.height), 0.5f};
            s.opacity = 0.9f;
            s.nowOctave = static_cast<float>(-std::log2(footprint) - page.octaveBase);
            s.priorOctave = -INFINITY;
            s.mask = 1;
            made.emplace_back(mortonOf(i, j), s);
        }
    std::sort(made.begin(), made.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (const auto& m : made) page.surfels.push_back(packSurfel(m.second));
    return page;
}

std::vector<PackedPage> fieldPages(const Camera& camera) {
    std::mt19937 rng(1);
    std::vector<PackedPage> pages;
    for (int row = 0; row * kPagePixels < camera.height; ++row)
        for (int column = 0; column * kPagePixels < camera.width; ++column)
            pages.push_back(pageOf(column, row, camera, rng));
    return pages;
}

// `count` one-pixel discs inside the tile at the middle of the frame, 4..8 wu away.
DiscArrays needleDiscs(const Camera& camera, int count) {
    std::mt19937 rng(2);
    std::uniform_real_distribution<double> u(0, 1);
    DiscArrays a;
    const double left = camera.width / 2 / kTileSize * kTileSize, top = camera.height / 2 / kTileSize * kTileSize;
    for (int i = 0; i < count; ++i) {
        const double z = 4 + 4 * u(rng);
        const Vec3d p{(left + 3 + 10 * u(rng) - camera.cx_px) / camera.focal_px * z,
                      (top + 3 + 10 * u(rng) - camera.cy_px) / camera.focal_px * z, z};
        const float s = static_cast<float>(0.7 * z / camera.focal_px);
        a.add(p, {1, 0, 0, 0}, s, s, {static_cast<float>(u(rng)), 0.5f, 0.5f}, 0.9f);
    }
    return a;
}

// The discs that go through the camera plane: standing on edge beside the eye, as when one flies through a surface.
DiscArrays crossingDiscs(const Camera& camera, int count) {
    std::mt19937 rng(3);
    std::uniform_real_distribution<double> u(-1, 1);
    DiscArrays a;
    const double footprint = 6.0 / camera.focal_px;
    for (int i = 0; i < count; ++i) {
        const Vec3d p{0.5 * u(rng), 0.5 * u(rng), 3 * footprint * u(rng)};
        const float s = static_cast<float>(3 * footprint);
        a.add(p, randomRotation(rng), s, s, {0.5f, 0.5f, 0.5f}, 0.9f);
    }
    return a;
}

std::vector<Camera> readCameras(const std::string& path) {
    std::ifstream in(path);
    if (!in) throw std::runtime_error("cannot read " + path);
    std::vector<Camera> cameras;
    std::string line;
    while (std::getline(in, line)) {
        std::istringstream s(line);
        Camera c;
        double width = 0, height = 0;
        Quatd& q = c.worldFromCamera;
        if (!(s >> c.position.x >> c.position.y >> c.position.z >> q.w >> q.x >> q.y >> q.z >> c.focal_px >> c.cx_px >>
              c.cy_px >> width >> height))
            throw std::runtime_error(path + ": a camera is 12 numbers");
        c.width = static_cast<int32_t>(width);
        c.height = static_cast<int32_t>(height);
        cameras.push_back(c);
    }
    return cameras;
}

DiscArrays readLayer(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    uint64_t n = 0;
    if (!in.read(reinterpret_cast<char*>(&n), 8)) throw std::runtime_error("cannot read " + path);
    DiscArrays a;
    const auto read = [&](auto& v, size_t each) {
        v.resize(each * n);
        in.read(reinterpret_cast<char*>(v.data()), static_cast<std::streamsize>(v.size() * sizeof(v[0])));
    };
    read(a.positions, 3);
    read(a.orientations, 4);
    read(a.extents, 2);
    read(a.colors, 3);
    read(a.opacities, 1);
    if (!in) throw std::runtime_error(path + " is too short");
    return a;
}

double quantile(std::vector<double> v, double q) {
    std::sort(v.begin(), v.end());
    return v[std::min(v.size() - 1, static_cast<size_t>(q * static_cast<double>(v.size())))];
}

// draw(camera, frame) -> RenderStats.
template <class Draw>
void measure(const Options& options, Camera camera, Draw draw) {
    Frame frame;
    std::map<std::string, std::vector<double>> times;
    RenderStats stats;
    const Vec3d eye = camera.position;
    for (int f = 0; f < options.frames + options.warmup; ++f) {
        camera.position = eye + Vec3d{1e-5 * (f % 8), 0, 0};
        const double cpu = cpuMs();
        stats = draw(camera, frame);
        if (f < options.warmup) continue;
        times["cpu"].push_back(cpuMs() - cpu);
        double total = 0;
        for (const StageTime& s : stats.stages) {
            times[s.name].push_back(s.ms);
            total += s.ms;
        }
        times["total"].push_back(total);
    }
    std::printf(
        "{\"scene\": \"%s\", \"size\": [%d, %d], \"threads\": %d, \"isa\": \"%s\", \"tested\": %llu, "
        "\"projected\": %llu, \"tile_entries\": %llu, \"evaluations\": %llu, \"contributions\": %llu",
        options.scene.c_str(), camera.width, camera.height, options.threads, options.isa.c_str(),
        (unsigned long long)stats.tested, (unsigned long long)stats.projected, (unsigned long long)stats.tileEntries,
        (unsigned long long)stats.evaluations, (unsigned long long)stats.contributions);
    for (const auto& [name, v] : times)
        std::printf(", \"%s_ms\": {\"p50\": %.2f, \"min\": %.2f, \"mean\": %.2f}", name.c_str(), quantile(v, 0.5),
                    quantile(v, 0), std::accumulate(v.begin(), v.end(), 0.0) / static_cast<double>(v.size()));
    const double mean =
        std::accumulate(frame.coverage.begin(), frame.coverage.end(), 0.0) / static_cast<double>(frame.coverage.size());
    std::printf(", \"mean_coverage\": %.4f, \"fps_p50\": %.1f}\n", mean, 1000 / quantile(times["total"], 0.5));
}

std::pair<std::string, std::string> filesOf(const std::string& scene) {
    const size_t first = scene.find(':'), second = scene.rfind(':');
    if (second == first) throw std::runtime_error(scene + " must name a file and a file of cameras");
    return {scene.substr(first + 1, second - first - 1), scene.substr(second + 1)};
}

void run(const Options& options) {
    const RenderSettings settings = settingsWith(options.outputs);
    if (options.scene.rfind("world:", 0) == 0) {
        const auto [file, cameras] = filesOf(options.scene);
        const auto world = World::open(file, false);
        RenderSettings native = settings;
        native.near = 0;
        Engine engine(options.threads);
        for (const Camera& camera : readCameras(cameras))
            measure(options, camera, [&](const Camera& c, Frame& frame) {
                return engine.render(*world->snapshot(), c, native, {}, frame).render;
            });
        return;
    }
    const auto rasterizer = makeCpuRasterizer(options.threads, options.set);
    const auto measureList = [&](const DrawList& list, const Camera& camera, bool fade) {
        RenderSettings chosen = settings;
        chosen.applyFade = fade;
        measure(options, camera,
                [&](const Camera& c, Frame& frame) { return rasterizer->render(list, c, chosen, frame); });
    };
    DrawList list;
    if (options.scene.rfind("layer:", 0) == 0) {
        const auto [file, cameras] = filesOf(options.scene);
        const DiscArrays discs = readLayer(file);
        list.layers.push_back(discs.draw());
        for (const Camera& camera : readCameras(cameras)) measureList(list, camera, false);
        return;
    }
    const Camera camera = cameraAt(options.width, options.height, 1.1 * options.width);
    const int count = options.width * options.height;
    std::vector<PackedPage> pages;
    if (options.scene == "field" || options.scene == "crossing") {
        pages = fieldPages(camera);
        if (options.scene == "crossing")
            pages.push_back(packedPage(crossingDiscs(camera, count / 50), {-1, -1, -1}, std::exp2(-15), 0));
    } else if (options.scene == "needle") {
        pages.push_back(packedPage(needleDiscs(camera, count), {-4, -4, 2}, std::exp2(-13), 0));
    } else {
        throw std::runtime_error("no scene " + options.scene);
    }
    for (uint32_t i = 0; i < pages.size(); ++i) list.pages.push_back(pages[i].draw(i));
    measureList(list, camera, options.scene == "field");
}

Options parse(int argc, char** argv) {
    Options o;
    std::vector<std::string> plain;
    for (int i = 1; i < argc; ++i) {
        const std::string a = argv[i];
        if (a == "--all")
            o.outputs = kAllOutputs;
        else if (a.rfind("--", 0) == 0 && i + 1 < argc) {
            const std::string value = argv[++i];
            if (a == "--threads") o.threads = std::atoi(value.c_str());
            if (a == "--frames") o.frames = std::atoi(value.c_str());
            if (a == "--warmup") o.warmup = std::atoi(value.c_str());
            if (a == "--outputs") o.outputs = static_cast<uint32_t>(std::atoi(value.c_str()));
            if (a == "--isa") o.isa = value;
        } else
            plain.push_back(a);
    }
    if (!plain.empty()) o.scene = plain[0];
    if (plain.size() > 1) o.width = std::atoi(plain[1].c_str());
    if (plain.size() > 2) o.height = std::atoi(plain[2].c_str());
    o.set = o.isa == "avx512"     ? InstructionSet::Avx512
            : o.isa == "avx2"     ? InstructionSet::Avx2
            : o.isa == "baseline" ? InstructionSet::Baseline
                                  : InstructionSet::Best;
    return o;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        run(parse(argc, argv));
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "raster_bench: %s\n", problem.what());
        return 1;
    }
    return 0;
}
