// SPDX-License-Identifier: Apache-2.0
// What the kernels of a frame share: its parameters, its counters and the arrays between its passes.
#pragma once

#include "raster/passes/bin_body.h"
#include "raster/passes/resolve.h"

namespace wz {

inline constexpr uint32_t kProjectThreads = 128;  // surfels a block of the project pass
inline constexpr uint32_t kBinThreads = 256;
inline constexpr uint32_t kEntriesPerBlock = 1024;  // of the emit pass
inline constexpr uint32_t kWarpSize = 32;
inline constexpr uint32_t kBlendWarps = 4;  // half tiles a block of the blend passes
inline constexpr uint32_t kTilePixels = kGpuTileSize * kGpuTileSize;
inline constexpr uint32_t kNoWave = 0xffffffffu;
inline constexpr uint32_t kTallies = 64;  // counters that warps spread over

// Tile keys have 16 bits where the frame's tiles and the one behind them all fit, else 32.
inline bool hasWideTiles(uint32_t tiles) { return tiles >= 0xffffu; }

// The frame as its kernels read it, in device memory. The runs lie behind it.
struct FrameHead {
    ProjectParams project;
    ResolveParams resolve;
    FrameArrays images;
    const PageRun* runs;
    uint32_t runCount, blockCount;
    TileGrid grid;
    uint32_t tiles;
    float centerX_px, centerY_px;  // reference pixel of general discs
    float leakRatio;  // see takeShare
};

// Set to 0 before each frame; numbers go on counting past the capacities, so that the host sees what would have fitted.
struct FrameCounters {
    uint32_t drawn;    // surfels
    uint32_t entries;  // stays at the largest number
    uint32_t waves;
    uint32_t unused;
    unsigned long long evaluations[kTallies], contributions[kTallies];
};

// One wave of a long list.
struct alignas(8) WavePlace {
    uint32_t tile, wave;  // kNoWave: nothing here
};

struct alignas(8) SortPair {
    uint32_t key, slot;
};

// The arrays between the passes, sized by capacities. What does not fit is left out and counted.
struct FrameScratch {
    uint32_t slotCapacity, blockCapacity, drawnCapacity, entryCapacity, waveCapacity;
    // By slot: a surfel's place among all surfels of the draw list.
    SurfelRecord* records;
    SurfelExtra* extras;  // null where no output needs them
    PixelRect* rects;
    SortPair* blockPairs;    // of the drawn surfels, packed to the front of each block of the project pass
    uint32_t* blockCounts;   // by block, blockCapacity + 1
    uint32_t* blockOffsets;  // their sums before each
    // By draw order, drawnCapacity.
    uint32_t* keys;   // input of the depth sort
    uint32_t* slots;
    const uint32_t* sortedSlots;  // its result, marked (bin_body.h)
    PixelRect* sortedRects;
    uint32_t* entryCounts;   // drawnCapacity + 1
    uint32_t* entryOffsets;  // their saturated sums before each
    // By tile entry.
    void* tileKeys;     // uint16_t or uint32_t: input of the tile sort
    uint32_t* entries;
    const void* sortedTileKeys;  // its result
    const uint32_t* sortedEntries;
    // By tile.
    EntrySpan* spans;
    uint32_t* firstWave;  // kNoWave: the list is drawn whole
    // By wave.
    WavePlace* waves;
    float* light;  // [wave][number][pixel]: let through; after the prefix: entering
    float* parts;  // [wave][number][pixel]
    FrameCounters* counters;
};

// Numbers of a pixel that one wave leaves: what it lets through, and its sums.
inline constexpr uint32_t kLightNumbers = 3;
template <bool kDetail>
inline constexpr uint32_t kPartNumbers = kDetail ? 29 : 11;

}  // namespace wz
