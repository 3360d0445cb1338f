// SPDX-License-Identifier: Apache-2.0
#include "cuda/frame_slot.h"

#include <cstring>

namespace wz {
namespace {

// PageRun and CoverArrays are copied as bytes.
static_assert(std::is_trivially_copyable_v<PageRun> && std::is_trivially_copyable_v<CoverArrays> &&
              std::is_trivially_copyable_v<FrameHead>);

size_t aligned(size_t bytes) { return (bytes + 255) / 256 * 256; }

}  // namespace

RenderStats FrameRecord::stats() const {
    RenderStats s;
    s.tested = tested;
    s.visible = s.projected = counters.drawn;
    s.tileEntries = counters.entries;
    for (uint32_t i = 0; i < kTallies; ++i) {
        s.evaluations += counters.evaluations[i];
        s.contributions += counters.contributions[i];
    }
    for (size_t i = 0; i < kCudaStages.size(); ++i) s.stages.push_back({kCudaStages[i], stages_ms[i]});
    s.uploadedBytes = uploadedBytes;
    s.tileColumns = grid.columns;
    s.tileRows = grid.rows;
    s.tileSize_px = kGpuTileSize;
    s.tiles = tiles;
    s.complete = !overflowed;
    return s;
}

FrameSlot::FrameSlot() : counters_(1) {
    for (size_t i = 0; i <= kCudaStages.size(); ++i) times_.emplace_back(true);
}

FrameSlot::~FrameSlot() { dropGraph(); }

void FrameSlot::dropGraph() {
    if (graph_) cudaGraphExecDestroy(graph_);
    graph_ = nullptr;
}

const FrameHead* FrameSlot::sendList(FrameHead head, FrameList& list, cudaStream_t copy) {
    grid_.reset();
    std::vector<PageRun>& runs = list.runs();
    const size_t headBytes = aligned(sizeof(FrameHead)), runBytes = aligned(runs.size() * sizeof(PageRun));
    const size_t bytes = headBytes + runBytes + aligned(list.covers().size() * sizeof(CoverArrays));
    if (bytes > list_.size()) {
        DeviceArray<char> there(bytes + bytes / 2);
        PinnedArray<char> here(there.size());
        list_ = std::move(there);  // both or none
        sent_ = std::move(here);
    }
    const auto* covers = reinterpret_cast<const CoverArrays*>(list_.data() + headBytes + runBytes);
    for (size_t i = 0; i < runs.size(); ++i) runs[i].covers = covers + list.firstCover(i);
    head.runs = reinterpret_cast<const PageRun*>(list_.data() + headBytes);
    std::memset(sent_.data(), 0, bytes);
    std::memcpy(sent_.data(), &head, sizeof(head));
    if (!runs.empty()) std::memcpy(sent_.data() + headBytes, runs.data(), runs.size() * sizeof(PageRun));
    if (!list.covers().empty())
        std::memcpy(sent_.data() + headBytes + runBytes, list.covers().data(),
                    list.covers().size() * sizeof(CoverArrays));
    WZ_CUDA("upload", cudaMemcpyAsync(list_.data(), sent_.data(), bytes, cudaMemcpyHostToDevice, copy));
    return reinterpret_cast<const FrameHead*>(list_.data());
}

void FrameSlot::passes(const Scratch& scratch, const FrameHead* head, const GraphKey& key, bool recording,
                       cudaStream_t stream) {
    size_t stage = 0;
    const auto mark = [&] {
        WZ_CUDA("timers", cudaEventRecordWithFlags(times_[stage++].get(), stream,
                                                   recording ? cudaEventRecordExternal : cudaEventRecordDefault));
    };
    FrameScratch f = scratch.arrays(key.detail);
    const bool wide = hasWideTiles(key.tiles);
    mark();
    startFrame(f, key.tiles, stream);
    runProject(f, head, scratch.room, stream);
    mark();
    uint32_t* keys[2] = {scratch.keys[0], scratch.keys[1]};
    uint32_t* slots[2] = {scratch.slots[0], scratch.slots[1]};
    f.sortedSlots = slots[sortByDepth(keys, slots, key.sorted, scratch.room, stream)];
    mark();
    runEmit(f, head, wide, scratch.room, stream);
    void* tiles[2] = {scratch.tileKeys[0], scratch.tileKeys[1]};
    uint32_t* entries[2] = {scratch.entries[0], scratch.entries[1]};
    const int result = sortByTile(tiles, entries, f.entryCapacity, key.tiles, scratch.room, stream);
    f.sortedTileKeys = tiles[result];
    f.sortedEntries = entries[result];
    runSpans(f, head, key.tiles, wide, stream);
    mark();
    runBlend(f, head, key.tiles, stream);
    mark();
    WZ_CUDA("counters",
            cudaMemcpyAsync(counters_.data(), f.counters, sizeof(FrameCounters), cudaMemcpyDeviceToHost, stream));
    arrays_ = f;
}

void FrameSlot::record(const Scratch& scratch, const FrameHead* head, const GraphKey& key, cudaStream_t stream) {
    dropGraph();
    cudaGraph_t graph = nullptr;
    WZ_CUDA("graph", cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    try {
        passes(scratch, head, key, true, stream);
    } catch (...) {
        cudaStreamEndCapture(stream, &graph);
        if (graph) cudaGraphDestroy(graph);
        cudaGetLastError();
        throw;
    }
    WZ_CUDA("graph", cudaStreamEndCapture(stream, &graph));
    const cudaError_t made = cudaGraphInstantiate(&graph_, graph, 0);
    cudaGraphDestroy(graph);
    WZ_CUDA("graph", made);
    key_ = key;
}

bool FrameSlot::drawByGraph(const Scratch& scratch, const FrameHead* head, const GraphKey& key, cudaStream_t stream,
                            std::string& why) {
    try {
        if (!graph_ || key_ != key) record(scratch, head, key, stream);
        WZ_CUDA("graph", cudaGraphLaunch(graph_, stream));
    } catch (const DeviceError& problem) {
        dropGraph();
        why = problem.what();
        return false;
    }
    return true;
}

void FrameSlot::draw(const Scratch& scratch, const FrameHead* head, const GraphKey& key, cudaStream_t stream) {
    passes(scratch, head, key, false, stream);
}

void FrameSlot::fetchTiles(const Scratch& scratch, const TileGrid& grid, cudaStream_t stream) {
    const size_t tiles = static_cast<size_t>(grid.columns) * static_cast<size_t>(grid.rows);
    if (spans_.size() < tiles) spans_ = PinnedArray<EntrySpan>(tiles);
    WZ_CUDA("tile stats", cudaMemcpyAsync(spans_.data(), scratch.arrays(false).spans, tiles * sizeof(EntrySpan),
                                          cudaMemcpyDeviceToHost, stream));
    grid_ = grid;
}

bool FrameSlot::finish(bool wait) {
    if (!underWay()) return true;
    if (wait) {
        WZ_CUDA("frame", cudaEventSynchronize(done_.get()));
    } else {
        const cudaError_t state = cudaEventQuery(done_.get());
        if (state == cudaErrorNotReady) {
            cudaGetLastError();
            return false;
        }
        WZ_CUDA("frame", state);
    }
    record_->counters = *counters_.data();
    record_->overflowed = Scratch::overflowed(record_->counters, arrays_);
    for (size_t i = 0; i < kCudaStages.size(); ++i)  // a time that is not to be had is 0
        if (cudaEventElapsedTime(&record_->stages_ms[i], times_[i].get(), times_[i + 1].get()) != cudaSuccess)
            cudaGetLastError();
    if (grid_) {
        record_->grid = *grid_;
        for (size_t i = 0; i < static_cast<size_t>(grid_->columns) * static_cast<size_t>(grid_->rows); ++i)
            record_->tiles.push_back({spans_.data()[i].end - spans_.data()[i].begin, 0.0f});
    }
    record_->finished = true;
    return true;
}

}  // namespace wz
