// SPDX-License-Identifier: Apache-2.0
#include "cuda/scratch.h"

#include <algorithm>

namespace wz {
namespace {

constexpr size_t kAlignment = 256;  // bytes

// Lays arrays out one behind the other; with a null base it only measures.
class Layout {
public:
    explicit Layout(char* base) : base_(base) {}
    template <class T>
    T* next(uint64_t count) {
        T* at = base_ ? reinterpret_cast<T*>(base_ + used_) : nullptr;
        used_ += (count * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment;
        return at;
    }
    size_t used() const { return used_; }

private:
    char* base_;
    size_t used_ = 0;
};

}  // namespace

size_t Scratch::layOut(const Marks& marks, char* base) {
    Layout at(base);
    FrameScratch& f = arrays_;
    f.counters = at.next<FrameCounters>(1);
    f.records = at.next<SurfelRecord>(f.slotCapacity);
    f.extras = at.next<SurfelExtra>(marks.detail ? f.slotCapacity : 0);
    f.rects = at.next<PixelRect>(f.slotCapacity);
    f.blockPairs = at.next<SortPair>(uint64_t(f.blockCapacity) * kProjectThreads);
    f.blockCounts = at.next<uint32_t>(uint64_t(f.blockCapacity) + 1);
    f.blockOffsets = at.next<uint32_t>(uint64_t(f.blockCapacity) + 1);
    for (int i = 0; i < 2; ++i) {
        keys[i] = at.next<uint32_t>(f.drawnCapacity);
        slots[i] = at.next<uint32_t>(f.drawnCapacity);
    }
    f.keys = keys[0];
    f.slots = slots[0];
    f.sortedRects = at.next<PixelRect>(f.drawnCapacity);
    f.entryCounts = at.next<uint32_t>(uint64_t(f.drawnCapacity) + 1);
    f.entryOffsets = at.next<uint32_t>(uint64_t(f.drawnCapacity) + 1);
    for (int i = 0; i < 2; ++i) {
        tileKeys[i] = marks.wide ? static_cast<void*>(at.next<uint32_t>(f.entryCapacity))
                                 : static_cast<void*>(at.next<uint16_t>(f.entryCapacity));
        entries[i] = at.next<uint32_t>(f.entryCapacity);
    }
    f.tileKeys = tileKeys[0];
    f.entries = entries[0];
    f.spans = at.next<EntrySpan>(marks.tiles.capacity());
    f.firstWave = at.next<uint32_t>(marks.tiles.capacity());
    f.waves = at.next<WavePlace>(f.waveCapacity);
    f.light = at.next<float>(uint64_t(f.waveCapacity) * kLightNumbers * kTilePixels);
    f.parts = at.next<float>(uint64_t(f.waveCapacity) *
                             (marks.detail ? kPartNumbers<true> : kPartNumbers<false>)*kTilePixels);
    room.data = at.next<char>(room.bytes);
    return at.used();
}

void Scratch::allocate(const Marks& marks) {
    arrays_.slotCapacity = static_cast<uint32_t>(marks.slots.capacity());
    arrays_.blockCapacity = static_cast<uint32_t>(marks.blocks.capacity());
    arrays_.drawnCapacity = static_cast<uint32_t>(std::min(marks.drawn.capacity(), marks.slots.capacity()));
    arrays_.entryCapacity = static_cast<uint32_t>(marks.entries.capacity());
    arrays_.waveCapacity = static_cast<uint32_t>(marks.waves.capacity());
    room.bytes = std::max({depthSortBytes(arrays_.drawnCapacity), tileSortBytes(arrays_.entryCapacity, false),
                           tileSortBytes(arrays_.entryCapacity, true), sumBytes(arrays_.drawnCapacity + 1),
                           sumBytes(arrays_.blockCapacity + 1)});
    const size_t bytes = layOut(marks, nullptr);
    memory_ = {};  // the old block first: both may not fit
    memory_ = DeviceArray<char>(bytes);
    layOut(marks, memory_.data());
    ++version_;
}

void Scratch::reserve(const FrameNeeds& needs, cudaStream_t stream) {
    Marks& w = wanted_;
    const bool wide = hasWideTiles(needs.tiles);
    changed_ |= w.slots.saw(std::max(needs.slots, 1u));
    changed_ |= w.blocks.saw(std::max(needs.blocks, 1u));
    changed_ |= w.tiles.saw(needs.tiles);
    changed_ |= (needs.detail && !w.detail) || (wide && !w.wide);
    // Before anything was seen: half of what is tested is drawn, four entries a surfel.
    if (w.drawn.capacity() == 0) {
        w.drawn.reserve(needs.slots / 2 + 1);
        w.entries.reserve(4 * w.drawn.capacity());
        w.waves.reserve(1);
    }
    if (!changed_ && !foresees_) return;
    const bool must = changed_;
    w.detail = w.detail || needs.detail;
    w.wide = w.wide || wide;
    WZ_CUDA("scratch", cudaStreamSynchronize(stream));
    try {
        allocate(wanted_);
        made_ = wanted_;
        changed_ = foresees_ = false;
        mayForesee_ = true;
    } catch (const DeviceError&) {
        takeBack();
        foresees_ = mayForesee_ = false;
        if (must || changed_) throw;
    }
}

void Scratch::takeBack() {
    wanted_ = made_;
    changed_ = true;
    if (made_.slots.capacity() == 0) return;  // there was nothing
    try {
        allocate(made_);
        changed_ = false;
    } catch (const DeviceError&) {  // not even that: the next frame begins anew
        for (Marks* marks : {&wanted_, &made_})
            for (HighWater* mark :
                 {&marks->slots, &marks->blocks, &marks->tiles, &marks->drawn, &marks->entries, &marks->waves})
                mark->reset();
    }
}

void Scratch::saw(const FrameCounters& counters) {
    changed_ |= wanted_.drawn.saw(counters.drawn);
    // Of surfels that found no room the entries were not counted: they have as many as the others.
    const uint64_t fitted = std::min(counters.drawn, arrays_.drawnCapacity);
    const uint64_t all = fitted > 0 ? uint64_t(counters.entries) * counters.drawn / fitted : counters.entries;
    changed_ |= wanted_.entries.saw(std::min<uint64_t>(all, kMostEntries));
    const uint32_t waves = std::min<uint32_t>(counters.waves, 1u << 16);
    changed_ |= wanted_.waves.saw(waves);
    if (!mayForesee_) return;
    foresees_ |= wanted_.drawn.foresee(counters.drawn);
    foresees_ |= wanted_.entries.foresee(std::min<uint64_t>(all, kMostEntries));
    foresees_ |= wanted_.waves.foresee(waves);
}

uint32_t Scratch::sortedCount(uint32_t tested) {
    const uint32_t most = arrays_.drawnCapacity, step = most / 8 + 1;
    const uint64_t wanted = (uint64_t(tested) + step - 1) / step * step;
    // The last number stays while it is at most two steps too large: another one means that the graph is recorded anew.
    if (sorted_ > most || tested > sorted_ || sorted_ > wanted + 2 * step)
        sorted_ = static_cast<uint32_t>(std::min<uint64_t>(std::max<uint64_t>(wanted, step), most));
    return sorted_;
}

FrameScratch Scratch::arrays(bool detail) const {
    FrameScratch f = arrays_;
    if (!detail) f.extras = nullptr;
    return f;
}

}  // namespace wz
