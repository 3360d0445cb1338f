// SPDX-License-Identifier: Apache-2.0
// The passes of cuda/passes/passes.h on the emulated runtime: the backend's own kernels lane by lane, and the standard library's
// sorts and sums in the place of CUB's.
#include "simt_emulation.h"
// the emulation's words come first
#include <cstring>
#include <numeric>

#include "cuda/check.h"
#include "cuda/passes/bin_kernel.h"
#include "cuda/passes/blend_kernel.h"
#include "cuda/passes/passes.h"
#include "cuda/passes/present_kernel.h"
#include "cuda/passes/project_kernel.h"
#include "emulated_device.h"

namespace wz {
namespace {

// Puts a kernel on the stream, as <<<>>> does.
template <class Kernel>
void start(const char* pass, uint32_t blocks, uint32_t threads, cudaStream_t stream, Kernel kernel) {
    WZ_CUDA(pass, emulated::enqueue(stream, "kernel", [=] {
                launch(blocks, threads, emulated::device.seed, std::function<void()>(kernel));
            }));
}

uint32_t blocksFor(uint64_t count, uint32_t perBlock) {
    return static_cast<uint32_t>((count + perBlock - 1) / perBlock);
}

size_t sortBytes(uint32_t count) { return size_t(4) * count + 16; }

// Nothing that lay in the room, or in the sort's input, may matter afterwards.
void spoil(Room room, size_t needed) {
    if (room.bytes < needed) throw DeviceError("a sort or sum has too little room");
    std::memset(room.data, 0xcd, room.bytes);
}

template <class Key>
void sortPairs(Key* keys[2], uint32_t* values[2], uint32_t count, Room room) {
    spoil(room, sortBytes(count));
    std::vector<uint32_t> order(count);
    std::iota(order.begin(), order.end(), 0u);
    std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return keys[0][a] < keys[0][b]; });
    for (uint32_t i = 0; i < count; ++i) {
        keys[1][i] = keys[0][order[i]];
        values[1][i] = values[0][order[i]];
    }
    std::memset(keys[0], 0xcd, count * sizeof(Key));
    std::memset(values[0], 0xcd, count * sizeof(uint32_t));
}

template <class Key>
int putSort(const char* pass, Key* keys[2], uint32_t* values[2], uint32_t count, Room room, cudaStream_t stream) {
    Key* const k[2] = {keys[0], keys[1]};
    uint32_t* const v[2] = {values[0], values[1]};
    WZ_CUDA(pass, emulated::enqueue(stream, "sort", [=] {
                Key* keyArrays[2] = {k[0], k[1]};
                uint32_t* valueArrays[2] = {v[0], v[1]};
                sortPairs(keyArrays, valueArrays, count, room);
            }));
    return 1;
}

}  // namespace

void startFrame(const FrameScratch& f, uint32_t tiles, cudaStream_t stream) {
    WZ_CUDA("project", cudaMemsetAsync(f.counters, 0, sizeof(FrameCounters), stream));
    WZ_CUDA("project", cudaMemsetAsync(f.spans, 0, tiles * sizeof(EntrySpan), stream));
}

void runProject(const FrameScratch& f, const FrameHead* head, Room room, cudaStream_t stream) {
    start("project", f.blockCapacity, kProjectThreads, stream,
          [=] { f.extras ? projectKernel<true>(f, head) : projectKernel<false>(f, head); });
    sumBefore(f.blockCounts, f.blockOffsets, f.blockCapacity + 1, room, stream);
    const uint32_t blocks = std::max(f.blockCapacity, blocksFor(f.drawnCapacity, kProjectThreads));
    start("project", blocks, kProjectThreads, stream, [=] { gatherKernel(f, head); });
}

size_t depthSortBytes(uint32_t count) { return sortBytes(count); }

int sortByDepth(uint32_t* keys[2], uint32_t* slots[2], uint32_t count, Room room, cudaStream_t stream) {
    return putSort("depth sort", keys, slots, count, room, stream);
}

size_t tileSortBytes(uint32_t count, bool) { return sortBytes(count); }

int sortByTile(void* tiles[2], uint32_t* entries[2], uint32_t count, uint32_t tileCount, Room room,
               cudaStream_t stream) {
    if (hasWideTiles(tileCount)) {
        uint32_t* keys[2] = {static_cast<uint32_t*>(tiles[0]), static_cast<uint32_t*>(tiles[1])};
        return putSort("tile sort", keys, entries, count, room, stream);
    }
    uint16_t* keys[2] = {static_cast<uint16_t*>(tiles[0]), static_cast<uint16_t*>(tiles[1])};
    return putSort("tile sort", keys, entries, count, room, stream);
}

size_t sumBytes(uint32_t) { return 64; }

void sumBefore(const uint32_t* counts, uint32_t* offsets, uint32_t count, Room room, cudaStream_t stream) {
    WZ_CUDA("sum", emulated::enqueue(stream, "sum", [=] {
                spoil(room, sumBytes(count));
                std::exclusive_scan(counts, counts + count, offsets, 0u, SaturatingAdd{});
            }));
}

void runEmit(const FrameScratch& f, const FrameHead* head, bool wide, Room room, cudaStream_t stream) {
    start("bin", blocksFor(uint64_t(f.drawnCapacity) + 1, kBinThreads), kBinThreads, stream, [=] { countKernel(f); });
    sumBefore(f.entryCounts, f.entryOffsets, f.drawnCapacity + 1, room, stream);
    start("bin", blocksFor(f.entryCapacity, kEntriesPerBlock), kBinThreads, stream,
          [=] { wide ? emitKernel<uint32_t>(f, head) : emitKernel<uint16_t>(f, head); });
}

void runSpans(const FrameScratch& f, const FrameHead* head, uint32_t tiles, bool wide, cudaStream_t stream) {
    start("bin", blocksFor(f.entryCapacity, kBinThreads), kBinThreads, stream,
          [=] { wide ? spanKernel<uint32_t>(f) : spanKernel<uint16_t>(f); });
    start("bin", blocksFor(tiles, kBinThreads), kBinThreads, stream, [=] { waveKernel(f, head); });
}

void runBlend(const FrameScratch& f, const FrameHead* head, uint32_t tiles, cudaStream_t stream) {
    constexpr uint32_t kThreads = kBlendWarps * kWarpSize;
    const uint32_t waves = blocksFor(2 * uint64_t(f.waveCapacity), kBlendWarps);
    start("blend", waves, kThreads, stream, [=] { waveLightKernel(f, head); });
    start("blend", waves, kThreads, stream, [=] { wavePrefixKernel(f, head); });
    start("blend", waves, kThreads, stream,
          [=] { f.extras ? waveBlendKernel<true>(f, head) : waveBlendKernel<false>(f, head); });
    start("blend", blocksFor(2 * uint64_t(tiles), kBlendWarps), kThreads, stream,
          [=] { f.extras ? blendKernel<true>(f, head) : blendKernel<false>(f, head); });
}

void runPresent(const float* color, uint32_t* rgba, int32_t width, int32_t height, bool flipped, cudaStream_t stream) {
    const uint64_t pixels = static_cast<uint64_t>(width) * static_cast<uint64_t>(height);
    start("present", blocksFor(pixels, kPresentThreads), kPresentThreads, stream,
          [=] { presentKernel(color, rgba, width, height, flipped); });
}

}  // namespace wz
