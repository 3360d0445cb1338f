// SPDX-License-Identifier: Apache-2.0
#include "world/paginate.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "core/hash64.h"
#include "core/profiler.h"
#include "world/octave.h"
#include "world/page_cells.h"

namespace wz {
namespace {

// Below this a comparison sort is as fast as the radix sort.
constexpr size_t kRadixFrom = 2048;

void sortByMorton(std::span<CellEntry> entries) {
    if (entries.size() < kRadixFrom) {
        std::sort(entries.begin(), entries.end(),
                  [](const CellEntry& a, const CellEntry& b) { return a.morton < b.morton; });
        return;
    }
    constexpr int kBits = 12, kBins = 1 << kBits;  // 4 passes over 48 bits
    std::vector<CellEntry> other(entries.size());
    std::span<CellEntry> from = entries, to = other;
    std::vector<uint32_t> starts(kBins);
    for (int shift = 0; shift < 48; shift += kBits) {
        std::fill(starts.begin(), starts.end(), 0);
        for (const CellEntry& e : from) ++starts[e.morton >> shift & (kBins - 1)];
        uint32_t at = 0;
        for (uint32_t& s : starts) at += std::exchange(s, at);
        for (const CellEntry& e : from) to[starts[e.morton >> shift & (kBins - 1)]++] = e;
        std::swap(from, to);
    }
}

Surfel packFrom(const SurfelLayerView& layer, const CellEntry& entry, double perUnit, double octaveBase) {
    const size_t i = entry.index;
    PageSurfel s;
    s.position = {};
    s.rotation = {layer.orientations[4 * i], layer.orientations[4 * i + 1], layer.orientations[4 * i + 2],
                  layer.orientations[4 * i + 3]};
    for (int a = 0; a < 2; ++a) s.extent[a] = static_cast<float>(layer.extents[2 * i + a] * perUnit);
    s.color = {layer.colors[3 * i], layer.colors[3 * i + 1], layer.colors[3 * i + 2]};
    s.opacity = layer.opacities[i];
    s.nowOctave = relativeOctave(layer.now[i], octaveBase);
    s.priorOctave = relativeOctave(layer.prior[i], octaveBase);
    s.mask = layer.mask[i];
    s.flags = layer.flags[i];
    Surfel packed = packSurfel(s);
    mortonDecode(entry.morton, packed.position);
    return packed;
}

// Surfels at one place are ordered by their bytes: the order of the input must not show.
void orderTies(std::span<const CellEntry> entries, std::span<Surfel> surfels) {
    for (size_t begin = 0; begin < entries.size();) {
        size_t end = begin + 1;
        while (end < entries.size() && entries[end].morton == entries[begin].morton) ++end;
        if (end - begin > 1)
            std::sort(surfels.begin() + begin, surfels.begin() + end,
                      [](const Surfel& a, const Surfel& b) { return std::memcmp(&a, &b, sizeof a) < 0; });
        begin = end;
    }
}

// Bounds of a run, in the packed steps: whole numbers until the end.
struct Bounds {
    uint16_t low[3] = {65535, 65535, 65535}, high[3] = {0, 0, 0};
    uint16_t extent = 0, nowLow = 65535, nowHigh = 0, priorLow = 65535, priorHigh = 0;

    void add(const Surfel& s) {
        for (int a = 0; a < 3; ++a) {
            low[a] = std::min(low[a], s.position[a]);
            high[a] = std::max(high[a], s.position[a]);
        }
        extent = std::max({extent, s.extent[0], s.extent[1]});
        nowLow = std::min(nowLow, s.now);
        nowHigh = std::max(nowHigh, s.now);
        priorLow = std::min(priorLow, s.prior);
        priorHigh = std::max(priorHigh, s.prior);
    }
};

Vec3f stepsToFloat(const uint16_t v[3]) { return {float(v[0]), float(v[1]), float(v[2])}; }
float nowOctave(uint16_t steps) { return steps / kBandStepsPerOctave; }
float priorOctave(uint16_t steps) { return steps == 0 ? -INFINITY : steps / kBandStepsPerOctave; }

template <class Target>  // Cluster or PageHeader
void store(const Bounds& b, Target& out) {
    out.low = stepsToFloat(b.low);
    out.high = stepsToFloat(b.high);
    out.maxExtent = std::exp2(b.extent / kExtentStepsPerOctave);
    out.nowMin = nowOctave(b.nowLow);
    out.nowMax = nowOctave(b.nowHigh);
    out.priorMin = priorOctave(b.priorLow);
    out.priorMax = priorOctave(b.priorHigh);
}

// Axis and least cosine of the normals; no cone when they have no common side.
void storeNormalCone(std::span<const Surfel> surfels, PageHeader& header) {
    std::vector<Vec3f> normals(surfels.size());
    Vec3d sum;
    for (size_t i = 0; i < surfels.size(); ++i) {
        const Quatf q = unpackRotation(surfels[i].rotation);
        normals[i] = {2 * (q.x * q.z + q.w * q.y), 2 * (q.y * q.z - q.w * q.x), 1 - 2 * (q.x * q.x + q.y * q.y)};
        sum = sum + Vec3d{normals[i].x, normals[i].y, normals[i].z};
    }
    const double size = length(sum);
    header.normalCosine = -1.0f;
    header.normalAxis = {0, 0, 1};
    if (!(size > 1e-3 * surfels.size())) return;
    header.normalAxis = toFloat(sum * (1.0 / size));
    float least = 1.0f;
    for (const Vec3f& n : normals) least = std::min(least, dot(n, header.normalAxis));
    if (least > 0.0f) header.normalCosine = least - 1e-4f;  // room for the rounding of packed rotations
}

std::shared_ptr<const Page> makePage(PageHeader header, std::span<const Surfel> surfels) {
    header.count = static_cast<uint32_t>(surfels.size());
    std::vector<Cluster> clusters;
    Bounds whole;
    for (size_t first = 0; first < surfels.size(); first += kSurfelsPerCluster) {
        Cluster cluster;
        cluster.first = static_cast<uint32_t>(first);
        cluster.count = static_cast<uint32_t>(std::min<size_t>(kSurfelsPerCluster, surfels.size() - first));
        Bounds bounds;
        for (const Surfel& s : surfels.subspan(first, cluster.count)) {
            bounds.add(s);
            whole.add(s);
        }
        store(bounds, cluster);
        clusters.push_back(cluster);
    }
    store(whole, header);
    storeNormalCone(surfels, header);
    header.checksum = payloadChecksum(surfels, clusters);
    return std::make_shared<const Page>(header, std::vector<Surfel>(surfels.begin(), surfels.end()),
                                        std::move(clusters));
}

std::vector<std::shared_ptr<const Page>> pagesOf(const SurfelLayerView& layer, LevelId level, const Cell& cell,
                                                 std::span<CellEntry> entries) {
    PageHeader header;
    header.key = {level, cell.key.sky, cell.key.depth, cell.key.x, cell.key.y, cell.key.z, 0};
    const auto corner = [&](int64_t c) { return std::ldexp(static_cast<double>(c), -cell.key.depth); };
    header.origin = {corner(cell.key.x), corner(cell.key.y), corner(cell.key.z)};
    header.unit = std::ldexp(1.0, -cell.key.depth - kPageStepOctaves);
    header.octaveBase = cell.octaveFloor - 1;
    sortByMorton(entries);
    std::vector<Surfel> surfels;
    surfels.reserve(entries.size());
    const double perUnit = 1.0 / header.unit;  // exact: a power of two
    for (const CellEntry& e : entries) surfels.push_back(packFrom(layer, e, perUnit, header.octaveBase));
    orderTies(entries, surfels);

    const size_t parts = (surfels.size() + kMaxSurfelsPerPage - 1) / kMaxSurfelsPerPage;
    std::vector<std::shared_ptr<const Page>> pages;
    for (size_t part = 0; part < parts; ++part) {
        const size_t begin = surfels.size() * part / parts, end = surfels.size() * (part + 1) / parts;
        header.key.part = static_cast<int32_t>(part);
        pages.push_back(makePage(header, std::span(surfels).subspan(begin, end - begin)));
    }
    return pages;
}

}  // namespace

uint64_t payloadChecksum(std::span<const Surfel> surfels, std::span<const Cluster> clusters) {
    Hash64 hash;
    hash.add(surfels.data(), surfels.size_bytes());
    hash.add(clusters.data(), clusters.size_bytes());
    return hash.value();
}

Vec3d positionOf(const PageHeader& page, const Surfel& surfel) {
    const Vec3d p{page.origin.x + page.unit * surfel.position[0], page.origin.y + page.unit * surfel.position[1],
                  page.origin.z + page.unit * surfel.position[2]};
    return page.key.sky ? p * (1.0 / length(p)) : p;
}

std::vector<std::shared_ptr<const Page>> paginate(const SurfelLayerView& layer, LevelId level, ThreadPool& pool) {
    WZ_ZONE_OF("paginate", layer.size());
    CellSort sort = sortIntoCells(layer, pool);
    std::vector<size_t> order(sort.cells.size());  // the largest first: threads end together
    for (size_t c = 0; c < order.size(); ++c) order[c] = c;
    std::sort(order.begin(), order.end(),
              [&](size_t a, size_t b) { return sort.cells[a].count > sort.cells[b].count; });
    std::vector<std::vector<std::shared_ptr<const Page>>> made(sort.cells.size());
    pool.forEach(order.size(), 1, [&](size_t k, int) {
        const Cell& cell = sort.cells[order[k]];
        made[order[k]] = pagesOf(layer, level, cell, std::span(sort.entries).subspan(cell.first, cell.count));
    });
    std::vector<std::shared_ptr<const Page>> pages;
    for (auto& some : made) pages.insert(pages.end(), some.begin(), some.end());
    return pages;
}

}  // namespace wz
