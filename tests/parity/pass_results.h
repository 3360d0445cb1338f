// SPDX-License-Identifier: Apache-2.0
// What the passes up to the tile lists leave, by the GPU and by the kernels' twin on the CPU. Each is made in a file of its
// own: the one knows CUDA, the other the emulation.
#pragma once

#include "cuda/frame_scratch.h"
#include "raster/rasterizer.h"

namespace wz::test {

struct PassResults {
    FrameCounters counters{};
    // By draw order.
    std::vector<SurfelRecord> records;
    std::vector<SurfelExtra> extras;
    std::vector<PixelRect> rects;
    std::vector<uint32_t> slots;
    // By tile.
    std::vector<EntrySpan> spans;
    std::vector<uint32_t> entries;
};

PassResults passesByTwin(const DrawList& list, const Camera& camera, const RenderSettings& settings);
PassResults passesByGpu(const DrawList& list, const Camera& camera, const RenderSettings& settings);

}  // namespace wz::test
