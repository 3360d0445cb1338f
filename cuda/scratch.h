// SPDX-License-Identifier: Apache-2.0
// The arrays between the passes: one block of device memory at the high-water mark of what frames needed.
#pragma once

#include <cstdint>

#include "cuda/frame_scratch.h"
#include "cuda/memory/device_array.h"
#include "cuda/memory/high_water.h"
#include "cuda/passes/passes.h"

namespace wz {

// Of one frame, known before it is drawn.
struct FrameNeeds {
    uint32_t slots = 0, blocks = 0, tiles = 0;
    bool detail = false;
};

class Scratch {
public:
    // Room for a frame with these needs; drawn surfels, entries and waves as past frames had them. When memory has to be
    // moved it waits for `stream`, and version() is another one afterwards. Throws DeviceError when memory runs out.
    void reserve(const FrameNeeds& needs, cudaStream_t stream);
    // What a frame counted: capacities follow at the next reserve().
    void saw(const FrameCounters& counters);
    // Whether a frame that was drawn with these capacities left something out.
    static bool overflowed(const FrameCounters& counters, const FrameScratch& with) {
        return counters.drawn > with.drawnCapacity || counters.entries > with.entryCapacity;
    }
    // Without extras unless `detail`.
    FrameScratch arrays(bool detail) const;
    uint32_t* keys[2] = {};
    uint32_t* slots[2] = {};
    void* tileKeys[2] = {};
    uint32_t* entries[2] = {};
    Room room{};
    uint32_t version() const { return version_; }
    size_t bytes() const { return memory_.size(); }
    static constexpr uint32_t kMostEntries = 1u << 30;

private:
    size_t layOut(char* base);

    HighWater slots_{1u << 16}, blocks_{1u << 9}, tiles_{1u << 10};
    HighWater drawn_{1u << 16}, entries_{1u << 18}, waves_{1u << 8};
    bool detail_ = false, wide_ = false, changed_ = true;
    FrameScratch arrays_{};
    DeviceArray<char> memory_;
    uint32_t version_ = 0;
};

}  // namespace wz
