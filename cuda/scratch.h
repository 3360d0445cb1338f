// SPDX-License-Identifier: Apache-2.0
// The arrays between the passes: one block of device memory at the high-water mark of what frames needed.
#pragma once

#include <cstdint>

#include "cuda/frame_scratch.h"
#include "cuda/memory/device_array.h"
#include "cuda/memory/high_water.h"
#include "cuda/passes/passes.h"

namespace wz {

inline constexpr uint32_t kScratchGrain = 1u << 16;

// Of one frame, known before it is drawn.
struct FrameNeeds {
    uint32_t slots = 0, blocks = 0, tiles = 0;
    bool detail = false;
};

class Scratch {
public:
    // grain: capacities grow in steps of so many surfels.
    explicit Scratch(uint32_t grain = kScratchGrain) : wanted_(grain), made_(grain) {}
    // Room for a frame with these needs; drawn surfels, entries and waves as past frames had them, and some more. When memory has to be
    // moved it waits for `stream`, and version() is another one afterwards. Throws DeviceError when memory runs out: then
    // what there was before is there again, and smaller frames can be drawn.
    void reserve(const FrameNeeds& needs, cudaStream_t stream);
    // What a frame counted: capacities follow at the next reserve().
    void saw(const FrameCounters& counters);
    // Whether a frame that was drawn with these capacities left something out.
    static bool overflowed(const FrameCounters& counters, const FrameScratch& with) {
        return counters.drawn > with.drawnCapacity || counters.entries > with.entryCapacity;
    }
    // How many surfels the depth sort takes of a frame that looks at so many: no more are drawn, and frames of about the same
    // size have the same number.
    uint32_t sortedCount(uint32_t tested);
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
    struct Marks {
        explicit Marks(uint32_t grain)
            : slots(grain),
              blocks(grain / 128 + 1),
              tiles(grain / 64 + 1),
              drawn(grain),
              entries(4 * uint64_t(grain)),
              waves(grain / 256 + 1) {}
        HighWater slots, blocks, tiles, drawn, entries, waves;
        bool detail = false, wide = false;
    };
    void allocate(const Marks& marks);
    void takeBack();
    size_t layOut(const Marks& marks, char* base);

    Marks wanted_, made_;  // made_: what memory_ was taken for; no capacity when there is none
    uint32_t sorted_ = 0;
    bool changed_ = true;  // wanted_ asks for other capacities than made_
    bool foresees_ = false;  // it does, but this frame can do without
    bool mayForesee_ = true;  // memory was to be had when it was last asked for
    FrameScratch arrays_{};
    DeviceArray<char> memory_;
    uint32_t version_ = 0;
};

}  // namespace wz
