// SPDX-License-Identifier: Apache-2.0
// One frame: select pages, load what is not yet in memory, draw.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cull/select_pages.h"
#include "engine/backends.h"
#include "world/snapshot.h"

namespace wz {

struct FrameStats {
    SelectStats select;
    RenderStats render;
    double selectMs = 0, loadMs = 0, listMs = 0, totalMs = 0;
    uint64_t pagesLoaded = 0, bytesRead = 0;  // what this frame had to wait for, covers included
    uint64_t missingPages = 0;  // corrupt: skipped, their coarser cover is drawn
};

// One object from one thread at a time.
class Engine {
public:
    // Of the CPU's rasteriser: threads, 0 for one a hardware thread; instructions "best", "avx512", "avx2" or "baseline".
    // Throws InputError for another word and for a set that this machine or this build has not got, DeviceError for a GPU
    // that is not there.
    explicit Engine(int threads = 0, const std::string& instructions = "best", Backend backend = Backend::Cpu);
    ~Engine();

    // Draws the world as it is in `snapshot`. `readiness` by level id, 0..1; levels beyond its end are ready.
    FrameStats render(const Snapshot& snapshot, const Camera& camera, const RenderSettings& settings,
                      std::span<const float> readiness, Frame& frame);
    // Draws arrays that are in no world.
    // recolored: the last frame was of this layer, camera and settings but for the layer's colours.
    FrameStats renderLayer(const LayerDraw& layer, const Camera& camera, const RenderSettings& settings, bool recolored,
                           Frame& frame);

    // The GPU's rasteriser; null where this engine draws on the CPU.
    DeviceRasterizer* device() const { return device_; }
    // As render(), into device memory, without waiting for it: `stats` then knows the selection alone. Throws InputError
    // where this engine draws on the CPU.
    std::shared_ptr<DeviceFrame> renderOnDevice(const Snapshot& snapshot, const Camera& camera,
                                                const RenderSettings& settings, std::span<const float> readiness,
                                                FrameStats& stats);

private:
    struct Scratch;
    RenderSettings prepare(const Snapshot& snapshot, const Camera& camera, const RenderSettings& settings,
                           std::span<const float> readiness, FrameStats& stats);

    std::unique_ptr<Rasterizer> rasterizer_;
    DeviceRasterizer* device_;
    std::unique_ptr<Scratch> scratch_;
};

}  // namespace wz
