// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "cuda/frame_list.h"
#include "cuda/memory/device_array.h"
#include "cuda/memory/stream.h"
#include "cuda/scratch.h"
#include "pass_results.h"

namespace wz::test {
namespace {

// Copies all that a draw list points to, span by span.
class Uploads {
public:
    template <class T>
    T* send(std::span<const T> span) {
        kept_.emplace_back(std::max<size_t>(span.size_bytes(), 32));
        if (!span.empty())
            WZ_CUDA("test", cudaMemcpy(kept_.back().data(), span.data(), span.size_bytes(), cudaMemcpyHostToDevice));
        return reinterpret_cast<T*>(kept_.back().data());
    }
    const Surfel* surfels(const PageDraw& page) { return send(page.surfels); }
    CoverArrays cover(const CoverDraw& c) {
        const auto orNull = [this](auto span) { return span.empty() ? nullptr : send(span); };
        return {orNull(c.weight), orNull(c.next), orNull(c.color), c.readiness, c.sibling};
    }
    template <class T>
    const T* array(std::span<const T> span) {
        return send(span);
    }

private:
    std::vector<DeviceArray<char>> kept_;
};

template <class T>
std::vector<T> fetch(const T* from, size_t count) {
    std::vector<T> host(count);
    if (count > 0) WZ_CUDA("test", cudaMemcpy(host.data(), from, count * sizeof(T), cudaMemcpyDeviceToHost));
    return host;
}

}  // namespace

PassResults passesByGpu(const DrawList& list, const Camera& camera, const RenderSettings& settings) {
    Uploads uploads;
    FrameList frame;
    frame.build(list, camera, settings, uploads);
    FrameHead head = frame.head(camera, settings);
    const CoverArrays* covers = uploads.send(std::span<const CoverArrays>(frame.covers()));
    for (size_t i = 0; i < frame.runs().size(); ++i) frame.runs()[i].covers = covers + frame.firstCover(i);
    head.runs = uploads.send(std::span<const PageRun>(frame.runs()));
    const FrameHead* sent = uploads.send(std::span<const FrameHead>(&head, 1));
    const Stream stream;
    Scratch scratch;
    scratch.reserve({frame.slots(), frame.blocks(), head.tiles, true}, stream.get());
    FrameCounters full{};
    full.drawn = 1 << 17;
    full.entries = 1 << 20;
    scratch.saw(full);
    scratch.reserve({frame.slots(), frame.blocks(), head.tiles, true}, stream.get());

    FrameScratch f = scratch.arrays(true);
    WZ_CUDA("test", cudaMemset(f.keys, 0xcd, f.drawnCapacity * sizeof(uint32_t)));
    // All slots are fetched below, those that are not drawn too, which no kernel writes.
    WZ_CUDA("test", cudaMemset(f.records, 0xcd, f.slotCapacity * sizeof(SurfelRecord)));
    WZ_CUDA("test", cudaMemset(f.extras, 0xcd, f.slotCapacity * sizeof(SurfelExtra)));
    WZ_CUDA("test", cudaMemset(f.rects, 0xcd, f.slotCapacity * sizeof(PixelRect)));
    startFrame(f, head.tiles, stream.get());
    runProject(f, sent, scratch.room, stream.get());
    f.sortedSlots =
        scratch.slots[sortByDepth(scratch.keys, scratch.slots, f.drawnCapacity, scratch.room, stream.get())];
    runEmit(f, sent, hasWideTiles(head.tiles), scratch.room, stream.get());
    const int result =
        sortByTile(scratch.tileKeys, scratch.entries, f.entryCapacity, head.tiles, scratch.room, stream.get());
    f.sortedTileKeys = scratch.tileKeys[result];
    f.sortedEntries = scratch.entries[result];
    runSpans(f, sent, head.tiles, hasWideTiles(head.tiles), stream.get());
    WZ_CUDA("test", cudaStreamSynchronize(stream.get()));

    PassResults r;
    r.counters = fetch(f.counters, 1)[0];
    const auto records = fetch(f.records, frame.slots());
    const auto extras = fetch(f.extras, frame.slots());
    const auto rects = fetch(f.rects, frame.slots());
    r.slots = fetch(f.sortedSlots, r.counters.drawn);
    for (uint32_t& slot : r.slots) {
        slot &= kSlotMask;
        r.records.push_back(records[slot]);
        r.extras.push_back(extras[slot]);
        r.rects.push_back(rects[slot]);
    }
    r.spans = fetch(f.spans, head.tiles);
    r.entries = fetch(f.sortedEntries, r.counters.entries);
    return r;
}

}  // namespace wz::test
