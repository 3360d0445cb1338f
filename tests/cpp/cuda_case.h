// SPDX-License-Identifier: Apache-2.0
// What the tests of the CUDA backend on the emulated runtime share.
#pragma once

#include <doctest/doctest.h>

#include "core/errors.h"
#include "cuda/cuda_rasterizer.h"
#include "emulated_device.h"
#include "frame_parity.h"
#include "raster_scene.h"

namespace wz::test {

// A fresh emulated GPU; when it goes, all that was made on it must be gone.
class EmulatedGpu {
public:
    EmulatedGpu() { emulated::reset(); }
    ~EmulatedGpu() {
        emulated::reset();
        CHECK(emulated::alive() == 0);
    }
};

// Small steps of memory, so that frames are drawn quickly here.
inline CudaOptions smallOptions(bool graph = true) {
    CudaOptions options;
    options.poolBytes = 1 << 18;
    options.scratchGrain = 256;
    options.useGraph = graph;
    return options;
}

DrawList listOf(DiscArrays&&) = delete;  // the list points into the arrays
inline DrawList listOf(const DiscArrays& discs) {
    DrawList list;
    list.layers.push_back(discs.draw());
    return list;
}

inline Frame drawnBy(Rasterizer& gpu, const DrawList& list, const Camera& camera, const RenderSettings& settings) {
    Frame frame;
    gpu.render(list, camera, settings, frame);
    return frame;
}

}  // namespace wz::test
