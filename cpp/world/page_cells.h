// SPDX-License-Identifier: Apache-2.0
// First half of paginating: which cell each surfel belongs to, and the surfels of each cell together.
#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "core/thread_pool.h"
#include "world/level.h"

namespace wz {

struct CellKey {
    bool sky = false;
    int16_t depth = 0;
    int64_t x = 0, y = 0, z = 0;
    friend auto operator<=>(const CellKey&, const CellKey&) = default;
};

// A surfel on its way into a page: the Morton code of its quantised position and where it stands in the layer.
struct CellEntry {
    uint64_t morton = 0;
    uint32_t index = 0;
};

struct Cell {
    CellKey key;
    size_t first = 0, count = 0;  // its run in CellSort::entries
    int octaveFloor = 0;          // of the least finite octave (now or prior) in it
};

struct CellSort {
    std::vector<Cell> cells;         // by key, ascending
    std::vector<CellEntry> entries;  // grouped by cell, in input order inside a cell
};

CellSort sortIntoCells(const SurfelLayerView& layer, ThreadPool& pool);

// Position steps (0..65535 an axis) from a Morton code: bit 3k is x, 3k+1 is y, 3k+2 is z.
void mortonDecode(uint64_t morton, uint16_t position[3]);

}  // namespace wz
