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

size_t Scratch::layOut(char* base) {
    Layout at(base);
    FrameScratch& f = arrays_;
    f.counters = at.next<FrameCounters>(1);
    f.records = at.next<SurfelRecord>(f.slotCapacity);
    f.extras = at.next<SurfelExtra>(detail_ ? f.slotCapacity : 0);
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
        tileKeys[i] = wide_ ? static_cast<void*>(at.next<uint32_t>(f.entryCapacity))
                            : static_cast<void*>(at.next<uint16_t>(f.entryCapacity));
        entries[i] = at.next<uint32_t>(f.entryCapacity);
    }
    f.tileKeys = tileKeys[0];
    f.entries = entries[0];
    f.spans = at.next<EntrySpan>(tiles_.capacity());
    f.firstWave = at.next<uint32_t>(tiles_.capacity());
    f.waves = at.next<WavePlace>(f.waveCapacity);
    f.light = at.next<float>(uint64_t(f.waveCapacity) * kLightNumbers * kTilePixels);
    f.parts =
        at.next<float>(uint64_t(f.waveCapacity) * (detail_ ? kPartNumbers<true> : kPartNumbers<false>)*kTilePixels);
    room.data = at.next<char>(room.bytes);
    return at.used();
}

void Scratch::reserve(const FrameNeeds& needs, cudaStream_t stream) {
    const bool wide = hasWideTiles(needs.tiles);
    changed_ |= slots_.saw(std::max(needs.slots, 1u));
    changed_ |= blocks_.saw(std::max(needs.blocks, 1u));
    changed_ |= tiles_.saw(needs.tiles);
    changed_ |= (needs.detail && !detail_) || (wide && !wide_);
    // Before anything was seen: half of what is tested is drawn, four entries a surfel.
    if (drawn_.capacity() == 0) {
        drawn_.reserve(needs.slots / 2 + 1);
        entries_.reserve(4 * drawn_.capacity());
        waves_.reserve(1);
    }
    if (!changed_) return;
    detail_ = detail_ || needs.detail;
    wide_ = wide_ || wide;
    arrays_.slotCapacity = static_cast<uint32_t>(slots_.capacity());
    arrays_.blockCapacity = static_cast<uint32_t>(blocks_.capacity());
    arrays_.drawnCapacity = static_cast<uint32_t>(std::min(drawn_.capacity(), slots_.capacity()));
    arrays_.entryCapacity = static_cast<uint32_t>(entries_.capacity());
    arrays_.waveCapacity = static_cast<uint32_t>(waves_.capacity());
    room.bytes = std::max({depthSortBytes(arrays_.drawnCapacity), tileSortBytes(arrays_.entryCapacity, false),
                           tileSortBytes(arrays_.entryCapacity, true), sumBytes(arrays_.drawnCapacity + 1),
                           sumBytes(arrays_.blockCapacity + 1)});
    const size_t bytes = layOut(nullptr);
    WZ_CUDA("scratch", cudaStreamSynchronize(stream));
    memory_ = {};  // the old block first: both may not fit
    memory_ = DeviceArray<char>(bytes);
    layOut(memory_.data());
    ++version_;
    changed_ = false;
}

void Scratch::saw(const FrameCounters& counters) {
    changed_ |= drawn_.saw(counters.drawn);
    changed_ |= entries_.saw(std::min(counters.entries, kMostEntries));
    changed_ |= waves_.saw(std::min<uint32_t>(counters.waves, 1u << 16));
}

FrameScratch Scratch::arrays(bool detail) const {
    FrameScratch f = arrays_;
    if (!detail) f.extras = nullptr;
    return f;
}

}  // namespace wz
