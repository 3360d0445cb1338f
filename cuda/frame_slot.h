// SPDX-License-Identifier: Apache-2.0
// One of the frames that may be under way: its parameters, its graph, its timers and what it counted.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cuda/frame_list.h"
#include "cuda/gpu_lane.h"
#include "cuda/memory/device_array.h"
#include "cuda/memory/stream.h"
#include "cuda/scratch.h"

namespace wz {

inline constexpr std::array<const char*, 4> kCudaStages = {"project", "sort", "bin", "blend"};

// What a frame left when it was finished; the frame's owners read it after the slot went to another one.
struct FrameRecord {
    bool finished = false, overflowed = false;
    FrameCounters counters{};
    std::array<float, kCudaStages.size()> stages_ms{};
    uint64_t tested = 0, uploadedBytes = 0;
    TileGrid grid{};  // of `tiles`
    std::vector<TileCost> tiles;
    RenderStats stats() const;
};

// What a graph was recorded for.
struct GraphKey {
    uint32_t version = 0, tiles = 0;
    uint32_t sorted = 0;  // surfels that the depth sort takes
    const void* head = nullptr;
    bool detail = false;
    friend bool operator==(const GraphKey&, const GraphKey&) = default;
};

class FrameSlot {
public:
    FrameSlot();
    FrameSlot(FrameSlot&&) = delete;
    ~FrameSlot();

    // Copies head, runs and covers to the device on `copy`; returns where the head lies.
    const FrameHead* sendList(FrameHead head, FrameList& list, cudaStream_t copy);
    // Starts the frame's passes and the counters' way back as one graph, recorded where there is none for `key`. False when that cannot
    // be done, with the reason; then nothing was started.
    bool drawByGraph(const Scratch& scratch, const FrameHead* head, const GraphKey& key, cudaStream_t stream,
                     std::string& why);
    // The tiles' lists come back with this frame too.
    void fetchTiles(const Scratch& scratch, const TileGrid& grid, cudaStream_t stream);
    void end(cudaStream_t stream) { WZ_CUDA("frame", cudaEventRecord(done_.get(), stream)); }
    // The passes, started one by one.
    void draw(const Scratch& scratch, const FrameHead* head, const GraphKey& key, cudaStream_t stream);

    cudaEvent_t done() const { return done_.get(); }
    bool underWay() const { return record_ && !record_->finished; }
    // Whether the frame is finished; `wait` waits for that. Fills in its record once.
    bool finish(bool wait);
    // The frame is under way. anchor: what its times count from; null: nobody looks.
    void begin(std::shared_ptr<FrameRecord> record, std::shared_ptr<const GpuAnchor> anchor) {
        record_ = std::move(record);
        anchor_ = std::move(anchor);
    }
    const FrameRecord* record() const { return record_.get(); }
    // Puts a finished frame's times on the lane.
    void show(GpuLane& lane) const {
        if (anchor_) lane.record(*anchor_, times_, kCudaStages);
    }

private:
    void passes(const Scratch& scratch, const FrameHead* head, const GraphKey& key, bool recording,
                cudaStream_t stream);
    void record(const Scratch& scratch, const FrameHead* head, const GraphKey& key, cudaStream_t stream);
    void dropGraph();

    std::vector<Event> times_;  // one more than stages
    Event done_;
    PinnedArray<FrameCounters> counters_;
    PinnedArray<EntrySpan> spans_;
    std::optional<TileGrid> grid_;  // of spans_, when this frame fetches them
    PinnedArray<char> sent_;
    DeviceArray<char> list_;
    cudaGraphExec_t graph_ = nullptr;
    GraphKey key_;
    FrameScratch arrays_{};
    std::shared_ptr<FrameRecord> record_;
    std::shared_ptr<const GpuAnchor> anchor_;
};

}  // namespace wz
