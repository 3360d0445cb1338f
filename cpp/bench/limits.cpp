// SPDX-License-Identifier: Apache-2.0
#include "bench/limits.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <vector>

#include "core/errors.h"
#include "core/thread_pool.h"
#include "raster/cpu/tile_sort.h"
#include "raster/rasterizer.h"

namespace wz {
namespace {

using Clock = std::chrono::steady_clock;

// Thin enough that kDiscs of them leave more light than kTransmittanceMin; their records fit the first-level cache.
constexpr int kDiscs = 256;
constexpr float kThin = 0.02f;
constexpr int kSide_px = 512;
constexpr size_t kPiece = size_t{1} << 20;  // bytes a thread reads at a time

double secondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Calls `once`, which answers a rate, until the time is over; the best of all: what disturbs a machine only slows it.
template <class F>
double bestRate(double seconds, F&& once) {
    const auto start = Clock::now();
    double best = 0;
    do best = std::max(best, once());
    while (secondsSince(start) < seconds);
    return best;
}

// Numbers in random order; xorshift (Marsaglia 2003).
uint32_t nextRandom(uint32_t& state) {
    state ^= state << 13;
    state ^= state >> 17;
    return state ^= state << 5;
}

struct Sheets {
    std::vector<double> positions;
    std::vector<float> orientations, extents, colors, opacities;
};

// Discs that face the camera and are far larger than the frame.
Sheets thinSheets() {
    Sheets sheets;
    for (int i = 0; i < kDiscs; ++i) {
        const float shade = static_cast<float>(i) / kDiscs;
        sheets.positions.insert(sheets.positions.end(), {0.0, 0.0, 1.0 + 0.001 * i});
        sheets.orientations.insert(sheets.orientations.end(), {1.0f, 0.0f, 0.0f, 0.0f});
        sheets.extents.insert(sheets.extents.end(), {20.0f, 20.0f});
        sheets.colors.insert(sheets.colors.end(), {shade, 1.0f - shade, 0.5f});
        sheets.opacities.push_back(kThin);
    }
    return sheets;
}

double blendMsOf(const RenderStats& stats) {
    for (const StageTime& stage : stats.stages)
        if (stage.name == "blend") return stage.ms;
    throw InputError("a backend without a stage named blend has no blend rate");
}

}  // namespace

double blendRate(int threads, const std::string& instructions, double seconds) {
    const auto rasterizer = makeCpuRasterizer(threads, instructions);
    const Sheets sheets = thinSheets();
    DrawList list;
    list.layers.push_back(
        {sheets.positions, sheets.orientations, sheets.extents, sheets.colors, sheets.opacities, {}, {}, {}, {}, 0});
    Camera camera;
    camera.width = camera.height = kSide_px;
    camera.focal_px = kSide_px;
    camera.cx_px = camera.cy_px = 0.5 * kSide_px;
    RenderSettings settings;
    settings.applyFade = false;
    settings.near = 0.1;
    Frame frame;
    return bestRate(seconds, [&] {
        const RenderStats stats = rasterizer->render(list, camera, settings, frame);
        return static_cast<double>(stats.evaluations) / (1e-3 * blendMsOf(stats));
    });
}

double readBandwidth(int threads, size_t bytes, double seconds) {
    ThreadPool pool(threads);
    const size_t pieces = std::max<size_t>(1, bytes / kPiece), words = kPiece / sizeof(uint64_t);
    std::vector<uint64_t> memory(pieces * words);
    pool.forEach(pieces, 1, [&](size_t piece, int) {
        for (size_t i = 0; i < words; ++i) memory[piece * words + i] = piece ^ i;
    });
    std::vector<uint64_t> sums(static_cast<size_t>(pool.threads()) * 8);  // a cache line a thread
    const std::function<void(size_t, int)> read = [&](size_t piece, int thread) {
        const uint64_t* from = memory.data() + piece * words;
        uint64_t sum[8] = {};
        for (size_t i = 0; i < words; i += 8)
            for (size_t k = 0; k < 8; ++k) sum[k] += from[i + k];
        for (const uint64_t part : sum) sums[static_cast<size_t>(thread) * 8] += part;
    };
    const double rate = bestRate(seconds, [&] {
        const auto start = Clock::now();
        pool.forEach(pieces, 1, read);
        return static_cast<double>(pieces * kPiece) / secondsSince(start);
    });
    uint64_t total = 0;
    for (const uint64_t sum : sums) total += sum;
    if (total == 0) throw InputError("the memory that was measured held nothing");  // its sums must be made
    return rate;
}

double sortRate(int threads, size_t pairs, double seconds) {
    constexpr size_t kTilePairs = 512;  // a tile of a frame of one-pixel surfels has about as many
    constexpr int kFree = 32 - 23;  // keys are a float's bits: a tile whose distances differ by up to a factor of two
    ThreadPool pool(threads);
    const size_t tiles = std::max<size_t>(1, pairs / kTilePairs);
    std::vector<uint64_t> given(tiles * kTilePairs), sorted(given.size()),
        room(2 * static_cast<size_t>(pool.threads()) * kTilePairs);
    uint32_t state = 2463534242u;
    for (size_t i = 0; i < given.size(); ++i) given[i] = uint64_t{nextRandom(state) >> kFree} << 32 | i;
    const std::function<void(size_t, int)> sortOne = [&](size_t tile, int thread) {
        sortTile(sorted.data() + tile * kTilePairs, kTilePairs,
                 room.data() + 2 * static_cast<size_t>(thread) * kTilePairs);
    };
    return bestRate(seconds, [&] {
        std::copy(given.begin(), given.end(), sorted.begin());
        const auto start = Clock::now();
        pool.forEach(tiles, 8, sortOne);
        return static_cast<double>(given.size()) / secondsSince(start);
    });
}

}  // namespace wz
