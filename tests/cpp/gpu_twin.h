// SPDX-License-Identifier: Apache-2.0
// A frame by the kernels of the CUDA backend, run on the CPU (simt_emulation.h), with the sorts and sums of the library that
// the GPU uses replaced by the standard one's.
#pragma once

#include "simt_emulation.h"
// the emulation comes first
#include "cuda/frame_list.h"
#include "cuda/passes/bin_kernel.h"
#include "cuda/passes/blend_kernel.h"
#include "cuda/passes/project_kernel.h"
#include "raster_scene.h"

namespace wz::test {

struct TwinCapacities {
    uint32_t drawn = 4096, entries = 65536, waves = 64;
};

// The kernels read the draw list where it is.
struct InPlace {
    const Surfel* surfels(const PageDraw& page) const { return page.surfels.data(); }
    CoverArrays cover(const CoverDraw& c) const {
        const auto orNull = [](auto span) { return span.empty() ? nullptr : span.data(); };
        return {orNull(c.weight), orNull(c.next), orNull(c.color), c.readiness, c.sibling};
    }
    template <class T>
    const T* array(std::span<const T> span) const {
        return span.data();
    }
};

// The arrays between the passes after a frame, and the frame.
class GpuTwin {
public:
    TwinCapacities capacities;
    uint32_t seed = 1;
    bool wideTiles = false;  // 32-bit tile keys also where 16 bits would do
    FrameCounters counters{};
    std::vector<SurfelRecord> records;
    std::vector<SurfelExtra> extras;
    std::vector<PixelRect> rects, sortedRects;
    std::vector<uint32_t> keys, slots, sortedSlots, entries;
    std::vector<EntrySpan> spans;
    FrameHead head{};
    const std::vector<uint32_t>& sortedEntries() const { return sortedEntries_; }

    Frame draw(const DrawList& list, const Camera& camera, const RenderSettings& settings) {
        return run(list, camera, settings, true);
    }

    // The passes up to the tile lists.
    void drawLists(const DrawList& list, const Camera& camera, const RenderSettings& settings) {
        run(list, camera, settings, false);
    }

private:
    Frame run(const DrawList& list, const Camera& camera, const RenderSettings& settings, bool blended) {
        FrameList frameList;
        frameList.build(list, camera, settings, InPlace{});
        Frame frame;
        head = frameList.head(camera, settings);
        head.runs = frameList.runs().data();
        head.images = imagesOf(frame, camera, settings.outputs);
        if (settings.outputs & kDetailOutputs)
            passes<true>(frameList.slots(), blended);
        else
            passes<false>(frameList.slots(), blended);
        return frame;
    }

    template <class T>
    static T* wanted(Image<T>& image, bool asked, size_t count) {
        image.assign(asked ? count : 0, T{});
        return asked ? image.data() : nullptr;
    }

    static FrameArrays imagesOf(Frame& f, const Camera& c, uint32_t outputs) {
        const size_t n = size_t(c.width) * size_t(c.height);
        f.width = c.width;
        f.height = c.height;
        return {c.width,
                c.height,
                wanted(f.color, outputs & kOutputColor, 3 * n),
                wanted(f.coverage, outputs & kOutputCoverage, n),
                wanted(f.depth, outputs & kOutputDepth, n),
                wanted(f.depthMedian, outputs & kOutputDepthMedian, n),
                wanted(f.normal, outputs & kOutputNormal, 3 * n),
                wanted(f.level, outputs & kOutputLevel, n),
                wanted(f.surfelId, outputs & kOutputSurfelId, n)};
    }

    template <class T>
    T* fresh(std::vector<T>& v, size_t count) {  // whatever was there must not matter
        v.resize(count);
        if (count > 0) std::memset(static_cast<void*>(v.data()), 0xcd, count * sizeof(T));
        return v.data();
    }

    template <bool kDetail>
    void passes(uint32_t slotCount, bool blended) {
        counters = {};
        FrameScratch f{};
        f.slotCapacity = slotCount;
        f.blockCapacity = head.blockCount + 2;
        f.drawnCapacity = capacities.drawn;
        f.entryCapacity = capacities.entries;
        f.waveCapacity = capacities.waves;
        f.counters = &counters;
        f.records = fresh(records, slotCount);
        f.extras = kDetail ? fresh(extras, slotCount) : nullptr;
        f.rects = fresh(rects, slotCount);
        f.blockPairs = fresh(pairs_, size_t(f.blockCapacity) * kProjectThreads);
        f.blockCounts = fresh(blockCounts_, f.blockCapacity + 1);
        f.blockOffsets = fresh(blockOffsets_, f.blockCapacity + 1);
        f.keys = fresh(keys, f.drawnCapacity);
        f.slots = fresh(slots, f.drawnCapacity);
        f.sortedRects = fresh(sortedRects, f.drawnCapacity);
        f.entryCounts = fresh(entryCounts_, f.drawnCapacity + 1);
        f.entryOffsets = fresh(entryOffsets_, f.drawnCapacity + 1);
        f.entries = fresh(entries, f.entryCapacity);
        spans.assign(head.tiles, {0, 0});
        f.spans = spans.data();
        f.firstWave = fresh(firstWave_, head.tiles);
        f.waves = fresh(waves_, f.waveCapacity);
        f.light = fresh(light_, size_t(f.waveCapacity) * kLightNumbers * kTilePixels);
        f.parts = fresh(parts_, size_t(f.waveCapacity) * kPartNumbers<kDetail> * kTilePixels);
        project<kDetail>(f);
        if (wideTiles || hasWideTiles(head.tiles))
            bin(f, wideKeys_, sortedWideKeys_);
        else
            bin(f, tileKeys_, sortedTileKeys_);
        if (blended) blend<kDetail>(f);
    }

    template <bool kDetail>
    void project(FrameScratch& f) {
        const FrameHead* h = &head;
        launch(f.blockCapacity, kProjectThreads, seed, [&] { projectKernel<kDetail>(f, h); });
        sumBefore(blockCounts_, blockOffsets_);
        launch(std::max(f.blockCapacity, (f.drawnCapacity + kProjectThreads - 1) / kProjectThreads), kProjectThreads,
               seed, [&] { gatherKernel(f, h); });
        sortBy(keys, slots, sortedKeys_, sortedSlots);
        f.sortedSlots = sortedSlots.data();
    }

    template <class TileKey>
    void bin(FrameScratch& f, std::vector<TileKey>& tileKeys, std::vector<TileKey>& sortedTileKeys) {
        const FrameHead* h = &head;
        f.tileKeys = fresh(tileKeys, f.entryCapacity);
        launch((f.drawnCapacity + kBinThreads) / kBinThreads, kBinThreads, seed, [&] { countKernel(f); });
        sumBefore(entryCounts_, entryOffsets_);
        launch((f.entryCapacity + kEntriesPerBlock - 1) / kEntriesPerBlock, kBinThreads, seed,
               [&] { emitKernel<TileKey>(f, h); });
        sortBy(tileKeys, entries, sortedTileKeys, sortedEntries_);
        f.sortedTileKeys = sortedTileKeys.data();
        f.sortedEntries = sortedEntries_.data();
        launch((f.entryCapacity + kBinThreads - 1) / kBinThreads, kBinThreads, seed, [&] { spanKernel<TileKey>(f); });
        launch((head.tiles + kBinThreads - 1) / kBinThreads, kBinThreads, seed, [&] { waveKernel(f, h); });
    }

    template <bool kDetail>
    void blend(const FrameScratch& f) {
        const FrameHead* h = &head;
        const uint32_t threads = kBlendWarps * kWarpSize;
        const auto blocksFor = [](uint32_t units) { return (2 * units + kBlendWarps - 1) / kBlendWarps; };
        launch(blocksFor(f.waveCapacity), threads, seed, [&] { waveLightKernel(f, h); });
        launch(blocksFor(f.waveCapacity), threads, seed, [&] { wavePrefixKernel(f, h); });
        launch(blocksFor(f.waveCapacity), threads, seed, [&] { waveBlendKernel<kDetail>(f, h); });
        launch(blocksFor(head.tiles), threads, seed, [&] { blendKernel<kDetail>(f, h); });
    }

    static void sumBefore(const std::vector<uint32_t>& counts, std::vector<uint32_t>& offsets) {
        uint32_t sum = 0;
        for (size_t i = 0; i < counts.size(); ++i) {
            offsets[i] = sum;
            sum = SaturatingAdd{}(sum, counts[i]);
        }
    }

    template <class Key>
    static void sortBy(const std::vector<Key>& keys, const std::vector<uint32_t>& values, std::vector<Key>& sortedKeys,
                       std::vector<uint32_t>& sortedValues) {
        std::vector<uint32_t> order(keys.size());
        for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
        std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return keys[a] < keys[b]; });
        sortedKeys.resize(keys.size());
        sortedValues.resize(keys.size());
        for (size_t i = 0; i < order.size(); ++i) {
            sortedKeys[i] = keys[order[i]];
            sortedValues[i] = values[order[i]];
        }
    }

    std::vector<SortPair> pairs_;
    std::vector<uint32_t> blockCounts_, blockOffsets_, sortedKeys_, entryCounts_, entryOffsets_, sortedEntries_,
        firstWave_;
    std::vector<uint16_t> tileKeys_, sortedTileKeys_;
    std::vector<uint32_t> wideKeys_, sortedWideKeys_;
    std::vector<WavePlace> waves_;
    std::vector<float> light_, parts_;
};

}  // namespace wz::test
