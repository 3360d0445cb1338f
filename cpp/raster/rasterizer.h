// SPDX-License-Identifier: Apache-2.0
// What every rasteriser backend offers: a draw list and a camera in, images out.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "raster/image.h"
#include "shared/camera.h"
#include "shared/fade.h"
#include "shared/surfel.h"

namespace wz {

enum class Compat : int32_t { Native = 0, Gsplat = 1, Inria2dgs = 2 };
enum class DistanceKind : int32_t { Radial = 0, AlongZ = 1 };

enum OutputBit : uint32_t {
    kOutputColor = 1u << 0,
    kOutputCoverage = 1u << 1,
    kOutputDepth = 1u << 2,
    kOutputDepthMedian = 1u << 3,
    kOutputNormal = 1u << 4,
    kOutputLevel = 1u << 5,
    kOutputSurfelId = 1u << 6,
};

struct RenderSettings {
    uint32_t outputs = kOutputColor | kOutputCoverage;
    FadeLaw fadeLaw = FadeLaw::Dissolve;
    Compat compat = Compat::Native;
    DistanceKind fadeDistance = DistanceKind::Radial;   // for footprints and the draw order
    DistanceKind depthKind = DistanceKind::Radial;      // for the depth outputs
    float detailBias = 0.0f;                            // octaves added to every footprint octave
    double near = 0.0;             // wu along z; 0: 1e-3 of the focus distance
    double focusDistance = 0.0;    // wu; 0: not known (the median distance of what is drawn is used; for a
                                   // world the engine takes that of the finest pages in view)
    double depthReference = 0.0;  // wu subtracted from every depth before float accumulation, added nowhere: see Frame
    bool opticalLowpass = true;  // opacity of sub-pixel discs corrected in optical depth
    std::array<float, 3> background{0, 0, 0};
    int32_t levelShare = -1;  // a level: its share of the pixel (0..1) is the level output; -1: the mean level is
    // Light that may come through a closed surface of discs and counts as none, 0 <= leak < 1: of a ray's transmittance t
    // what counts is (t - leak) / (1 - leak), not below 0. What lies behind is then hidden, and cannot shine through as
    // it changes. Negative: that of the world; 0 where there is none.
    double leak = -1;
    bool applyFade = true;  // false: every surfel at full weight (a layer on its own)
    bool cull = true;  // false: pages and runs that a view does not need are drawn too; the picture is the same
    bool tileStats = false;  // fill RenderStats::tiles
};

// A cover of the drawn page by one finer level; arrays are parallel to the page's surfels.
struct CoverDraw {
    std::span<const uint8_t> weight;  // unorm8; may be empty
    std::span<const uint16_t> next;  // octave relative to octaveBase, 1/1024
    std::span<const int8_t> color;  // 3 a surfel, 1/127; may be empty
    float readiness = 1.0f;  // of the finer level
    bool sibling = false;
    std::shared_ptr<const void>
        owner;  // vouches that the arrays stay as they are while it lives; null: this frame alone
};

// A run of surfels of one page. Runs of a draw list come in the stable order (level, page key, index).
struct PageDraw {
    std::span<const Surfel> surfels;  // the run
    uint32_t firstIndex = 0;  // of the run in its page: covers are indexed from the page's start
    Vec3d origin;
    double unit = 1.0;
    double octaveBase = 0.0;
    uint16_t level = 0;
    uint32_t pageOrdinal = 0;  // index of the page in the snapshot; surfel id = ordinal << 32 | index in page
    bool sky = false;
    float readiness = 1.0f;  // of this level
    std::vector<CoverDraw> covers;
    // Vouches that `page` stays as it is while it lives, so that a GPU may keep it; null: the run is for this frame alone.
    std::shared_ptr<const void> owner;
    std::span<const Surfel> page;  // the whole page, when there is an owner
};

// Surfels as arrays, not packed: drawn by the float path. Same meaning as SurfelLayerView.
struct LayerDraw {
    std::span<const double> positions;
    std::span<const float> orientations, extents, colors, opacities;
    std::span<const double> now, prior;  // may be empty when settings.applyFade is false
    std::span<const float> mask;  // may be empty: 1
    std::span<const uint8_t> isSky;  // may be empty: none
    uint16_t level = 0;
};

struct DrawList {
    std::vector<PageDraw> pages;
    std::vector<LayerDraw> layers;
};

// Images of one view, row-major; only those asked for are filled.
struct Frame {
    int32_t width = 0, height = 0;
    Image<float> color;  // 3 a pixel, over the background
    Image<float> coverage;
    Image<float> depth;  // expected (divided by coverage), minus depthReference; +infinity where coverage is 0
    Image<float> depthMedian;  // of the first surfel that brings transmittance to 0.5 or less; +infinity: none
    Image<float> normal;  // 3 a pixel, camera axes, facing the camera, not normalised: contribution-weighted mean
    Image<float> level;  // contribution-weighted mean level
    Image<uint64_t> surfelId;  // of the largest contribution; all ones: none
};

struct StageTime {
    std::string name;  // project, bin, sort, blend, resolve
    double ms = 0;
};

// What one tile of the frame took: surfels in its list, and the time of blending and resolving it (0 on a GPU, where tiles are not
// timed).
struct TileCost {
    uint32_t entries = 0;
    float ms = 0;
};

// tested: surfels looked at. projected: those that got a record. visible: of these, the ones whose bounds hold a pixel.
struct RenderStats {
    uint64_t tested = 0, visible = 0, projected = 0, tileEntries = 0, evaluations = 0, contributions = 0;
    std::vector<StageTime> stages;
    int32_t tileColumns = 0, tileRows = 0, tileSize_px = 0;
    std::vector<TileCost> tiles;  // row-major; empty unless settings.tileStats
    uint64_t uploadedBytes = 0;  // to a GPU, for this frame
    uint32_t redraws = 0;  // because scratch memory of a GPU did not suffice
    bool complete = true;  // false: it did not suffice, and what comes last in the draw order, or farthest, is left out
};

// One object from one thread at a time. Keeps scratch memory between frames.
class Rasterizer {
public:
    virtual ~Rasterizer() = default;
    // Camera width and height give the frame's size. Throws InputError for a camera that is not finite or empty.
    virtual RenderStats render(const DrawList& list, const Camera& camera, const RenderSettings& settings,
                               Frame& frame) = 0;
    // The same picture in other colours: the call before had the same list but for its layers' colours, the same camera and
    // the same settings. A backend may keep what it found out then.
    virtual RenderStats recolor(const DrawList& list, const Camera& camera, const RenderSettings& settings,
                                Frame& frame) {
        return render(list, camera, settings, frame);
    }
};

// threads = 0: one a hardware thread.
std::unique_ptr<Rasterizer> makeCpuRasterizer(int threads);
// With the inner loops of one instruction set: "best", "avx512", "avx2", "baseline". Throws InputError for another word and
// for a set that this machine or this build has not got.
std::unique_ptr<Rasterizer> makeCpuRasterizer(int threads, const std::string& instructions);
// The set that such a rasteriser draws with: what "best" is here. Throws InputError as makeCpuRasterizer.
std::string instructionsUsed(const std::string& instructions);

}  // namespace wz
