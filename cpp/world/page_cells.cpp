// SPDX-License-Identifier: Apache-2.0
#include "world/page_cells.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "core/errors.h"
#include "world/octave.h"

namespace wz {
namespace {

constexpr size_t kChunk = 16384;

struct CellHash {
    size_t operator()(const CellKey& key) const {
        uint64_t h = static_cast<uint64_t>(key.x) * 0x9E3779B97F4A7C15u;
        h = (h ^ (h >> 29) ^ static_cast<uint64_t>(key.y)) * 0xBF58476D1CE4E5B9u;
        h = (h ^ (h >> 32) ^ static_cast<uint64_t>(key.z)) * 0x94D049BB133111EBu;
        return h ^ (h >> 31) ^ (static_cast<uint64_t>(static_cast<uint16_t>(key.depth)) << 1) ^ (key.sky ? 1u : 0u);
    }
};

// The cells met in one run of the input.
struct Chunk {
    std::vector<CellKey> keys;
    std::vector<int> octaveFloors;
    std::vector<uint32_t> counts;
    std::vector<size_t> cursors;  // where the next surfel of each cell goes in the grouped order
};

// 16 bits spread to every third bit.
uint64_t spread(uint64_t v) {
    v = (v | v << 16) & 0x0000FF0000FFu;
    v = (v | v << 8) & 0x00F00F00F00Fu;
    v = (v | v << 4) & 0x0C30C30C30C3u;
    return (v | v << 2) & 0x249249249249u;
}

uint16_t gather(uint64_t v) {
    v &= 0x249249249249u;
    v = (v | v >> 2) & 0x0C30C30C30C3u;
    v = (v | v >> 4) & 0x00F00F00F00Fu;
    v = (v | v >> 8) & 0x0000FF0000FFu;
    return static_cast<uint16_t>(v | v >> 16);
}

Vec3d positionIn(const SurfelLayerView& layer, size_t i) {
    const double* p = &layer.positions[3 * i];
    if (!layer.isSky[i]) return {p[0], p[1], p[2]};
    const double n = 1.0 / std::sqrt(p[0] * p[0] + p[1] * p[1] + p[2] * p[2]);
    return {p[0] * n, p[1] * n, p[2] * n};
}

// Checked footprints lie within 2^-900..2^900: so do the edges of their cells, and to scale by them is to multiply.
CellKey cellOf(Vec3d p, bool sky, double now, int octave) {
    const int depth = octave - kCellOctaves;
    const double perEdge = powerOfTwo(depth);
    const auto cell = [&](double v) {
        const double c = v * perEdge;
        if (!(std::fabs(c) < 0x1p62))
            throw InputError("positions within 2^62 cells of the origin expected; a coordinate of " +
                             std::to_string(v) + " at a footprint of " + std::to_string(now) + " is farther");
        const auto towardsZero = static_cast<int64_t>(c);
        return towardsZero - (static_cast<double>(towardsZero) > c);
    };
    return {sky, static_cast<int16_t>(depth), cell(p.x), cell(p.y), cell(p.z)};
}

uint64_t mortonOf(Vec3d p, const CellKey& key) {
    const double edge = powerOfTwo(-key.depth), perStep = powerOfTwo(key.depth + kPageStepOctaves);
    const auto steps = [&](double v, int64_t corner) {
        // The difference is exact: the corner is a multiple of the edge and lies within one edge of v.
        const double offset = v - static_cast<double>(corner) * edge;
        return static_cast<uint64_t>(std::clamp(offset * perStep + 0.5, 0.0, 65535.0));
    };
    return spread(steps(p.x, key.x)) | spread(steps(p.y, key.y)) << 1 | spread(steps(p.z, key.z)) << 2;
}

void findCells(const SurfelLayerView& layer, size_t begin, size_t end, Chunk& chunk,
               std::vector<uint32_t>& cellOfSurfel) {
    std::unordered_map<CellKey, uint32_t, CellHash> known;
    uint32_t last = 0;
    for (size_t i = begin; i < end; ++i) {
        int octave = floorOctave(layer.now[i]);
        const CellKey key = cellOf(positionIn(layer, i), layer.isSky[i] != 0, layer.now[i], octave);
        if (chunk.keys.empty() || chunk.keys[last] != key) {
            const auto [found, isNew] = known.try_emplace(key, static_cast<uint32_t>(chunk.keys.size()));
            last = found->second;
            if (isNew) {
                chunk.keys.push_back(key);
                chunk.counts.push_back(0);
                chunk.octaveFloors.push_back(octave);
            }
        }
        if (std::isfinite(layer.prior[i])) octave = std::min(octave, floorOctave(layer.prior[i]));
        chunk.octaveFloors[last] = std::min(chunk.octaveFloors[last], octave);
        ++chunk.counts[last];
        cellOfSurfel[i] = last;
    }
}

// All cells of all chunks in key order, and in each chunk where its surfels of each cell go.
std::vector<Cell> mergeCells(std::vector<Chunk>& chunks) {
    std::unordered_map<CellKey, size_t, CellHash> places;
    std::vector<Cell> cells;
    for (const Chunk& chunk : chunks)
        for (size_t c = 0; c < chunk.keys.size(); ++c) {
            const auto [found, isNew] = places.try_emplace(chunk.keys[c], cells.size());
            if (isNew) cells.push_back({chunk.keys[c], 0, 0, chunk.octaveFloors[c]});
            Cell& cell = cells[found->second];
            cell.count += chunk.counts[c];
            cell.octaveFloor = std::min(cell.octaveFloor, chunk.octaveFloors[c]);
        }
    std::sort(cells.begin(), cells.end(), [](const Cell& a, const Cell& b) { return a.key < b.key; });
    std::vector<size_t> cursors;
    size_t at = 0;
    for (size_t c = 0; c < cells.size(); ++c) {
        places[cells[c].key] = c;
        cells[c].first = at;
        cursors.push_back(at);
        at += cells[c].count;
    }
    for (Chunk& chunk : chunks)
        for (size_t c = 0; c < chunk.keys.size(); ++c) {
            size_t& cursor = cursors[places[chunk.keys[c]]];
            chunk.cursors.push_back(cursor);
            cursor += chunk.counts[c];
        }
    return cells;
}

}  // namespace

void mortonDecode(uint64_t morton, uint16_t position[3]) {
    for (int axis = 0; axis < 3; ++axis) position[axis] = gather(morton >> axis);
}

CellSort sortIntoCells(const SurfelLayerView& layer, ThreadPool& pool) {
    const size_t count = layer.size();
    std::vector<Chunk> chunks((count + kChunk - 1) / kChunk);
    std::vector<uint32_t> cellOfSurfel(count);
    const auto endOf = [&](size_t c) { return std::min(count, (c + 1) * kChunk); };
    pool.forEach(chunks.size(), 1,
                 [&](size_t c, int) { findCells(layer, c * kChunk, endOf(c), chunks[c], cellOfSurfel); });
    CellSort sort;
    sort.cells = mergeCells(chunks);
    sort.entries.resize(count);
    pool.forEach(chunks.size(), 1, [&](size_t c, int) {
        Chunk& chunk = chunks[c];
        for (size_t i = c * kChunk; i < endOf(c); ++i) {
            const uint32_t cell = cellOfSurfel[i];
            sort.entries[chunk.cursors[cell]++] = {mortonOf(positionIn(layer, i), chunk.keys[cell]),
                                                   static_cast<uint32_t>(i)};
        }
    });
    return sort;
}

}  // namespace wz
