// SPDX-License-Identifier: Apache-2.0
// The inner loops of the CPU rasteriser, compiled for each instruction set and chosen at run time.
#pragma once

#include <cstddef>
#include <cstdint>

#include "raster/passes/project.h"
#include "raster/passes/resolve.h"

namespace wz {

// A surfel that reaches behind the near plane: finished in double after the loop.
struct GeneralSurfel {
    uint32_t lane;      // index in the run
    uint32_t position;  // among the run's records
};

// A run of surfels of one page or layer, all sky or none.
struct ProjectRun {
    const ProjectParams* params;
    const PageView* page;
    const Surfel* packed;           // or null: `layer` is used
    LayerArrays layer;
    const CoverArrays* covers;      // newest first
    uint32_t coverCount;
    DoubleCentres centres;          // of packed positions, or of a layer's positions less `eye`
    Vec3d eye;                      // layers only
    double octaveFootprint;         // 2^octaveBase: footprint times this has octave 0 (packed only)
    const uint8_t* skip;            // layers: surfels to leave out where != skipWhen... null: none
    uint8_t keep;                   // value of `skip` that is kept
    uint32_t count;
    uint64_t firstId;
    // Results, from the run's first slot; `extras` may be null.
    SurfelRecord* records;
    SurfelExtra* extras;
    PixelRect* rects;
    uint32_t* keys;
    GeneralSurfel* general;         // room for `count`
    uint32_t* sources;              // a record's surfel, as an index in the run; null: not wanted
    uint32_t drawn;                 // records written, general ones (yet unfinished) among them
    uint32_t generalCount;
};

// A run of slots and the tiles that it is binned into. Behind the grid's tiles lie kSpareTiles that stand for none.
struct BinTask {
    const PixelRect* rects;   // by slot
    const uint32_t* keys;     // by slot
    size_t first, count;      // the slots
    int32_t columns;          // of tiles
    size_t tiles;             // of the grid
    uint64_t* places;         // a tile: counting, its entries so far; filling, where the next one goes
    uint64_t* entries;        // key << 32 | slot
};
inline constexpr size_t kSpareTiles = 3;

struct BlendTask {
    const SurfelRecord* records;
    const SurfelExtra* extras;
    const PixelRect* rects;
    const uint64_t* entries;  // nearest first; the lower half is the slot
    uint32_t entryCount;
    const uint64_t* nextEntries;  // of the tile to come, in any order: what is fetched meanwhile
    uint32_t nextCount;
    int32_t tileX_px, tileY_px;
    float centerX_px, centerY_px;   // reference pixel of general discs
    uint32_t sums;            // DetailSum: what the outputs need
    float background[3];
    float leakRatio;  // see takeShare
    // Radial depths: stretch(p) = |ray(p)| with unit z; offset in double, see depthScaleOf.
    bool radialDepth;
    double focal_px, cx_px, cy_px, depthOrigin, depthReference;
    const FrameArrays* frame;
    uint64_t (*clock_ns)();               // here too, so that no library code is compiled for one instruction set
    uint64_t evaluations, contributions;  // results: pixels looked at, pixels that got something
    uint64_t resolve_ns;                  // result: the part of the time that resolving took
};

struct Kernels {
    const char* name;
    void (*projectRun)(ProjectRun& run);
    void (*countEntries)(const BinTask& task);
    void (*fillEntries)(const BinTask& task);
    void (*blendTile)(BlendTask& task);
};

enum class InstructionSet { Best, Avx512, Avx2, Baseline };

// nullptr when this machine or this build has not got it.
const Kernels* kernelsFor(InstructionSet set);

extern const Kernels kBaselineKernels;
#if defined(__x86_64__)
extern const Kernels kAvx2Kernels;
extern const Kernels kAvx512Kernels;
#endif

}  // namespace wz
