// SPDX-License-Identifier: Apache-2.0
// The passes of a frame, each put on a stream. Grids are as large as the capacities; how much there is to do is known on
// the device alone. `head` and all pointers of `f` are device memory. Each throws DeviceError naming the pass.
#pragma once

#include <cuda_runtime.h>

#include "cuda/frame_scratch.h"

namespace wz {

// Scratch memory of the library's sorts and sums.
struct Room {
    void* data;
    size_t bytes;
};

void startFrame(const FrameScratch& f, uint32_t tiles, cudaStream_t stream);  // sets counters and spans to 0
// Surfels -> records, and the depth sort's input.
void runProject(const FrameScratch& f, const FrameHead* head, Room room, cudaStream_t stream);

// Stable sorts. The result is in one of the two arrays of each pair, which the return value says: 0 or 1.
size_t depthSortBytes(uint32_t count);
int sortByDepth(uint32_t* keys[2], uint32_t* slots[2], uint32_t count, Room room, cudaStream_t stream);

size_t tileSortBytes(uint32_t count, bool wide);
int sortByTile(void* tiles[2], uint32_t* entries[2], uint32_t count, uint32_t tileCount, Room room,
               cudaStream_t stream);

// Sums before each of `count` numbers, staying at the largest number.
size_t sumBytes(uint32_t count);
void sumBefore(const uint32_t* counts, uint32_t* offsets, uint32_t count, Room room, cudaStream_t stream);

// Entries of tiles in draw order, ready for the tile sort.
void runEmit(const FrameScratch& f, const FrameHead* head, bool wide, Room room, cudaStream_t stream);
// Where each tile's entries lie, and the waves of long lists.
void runSpans(const FrameScratch& f, const FrameHead* head, uint32_t tiles, bool wide, cudaStream_t stream);

// Blend and resolve.
void runBlend(const FrameScratch& f, const FrameHead* head, uint32_t tiles, cudaStream_t stream);

// Color (3 floats a pixel) -> 8 bits a channel, alpha 255; rows from the top, or from the bottom when `flipped`.
void runPresent(const float* color, uint32_t* rgba, int32_t width, int32_t height, bool flipped, cudaStream_t stream);

}  // namespace wz
