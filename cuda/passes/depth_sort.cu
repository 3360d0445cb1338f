// SPDX-License-Identifier: Apache-2.0
#include <cub/device/device_radix_sort.cuh>

#include "cuda/check.h"
#include "cuda/passes/passes.h"

namespace wz {

size_t depthSortBytes(uint32_t count) {
    size_t bytes = 0;
    cub::DoubleBuffer<uint32_t> keys, slots;
    WZ_CUDA("depth sort", cub::DeviceRadixSort::SortPairs(nullptr, bytes, keys, slots, count));
    return bytes;
}

int sortByDepth(uint32_t* keys[2], uint32_t* slots[2], uint32_t count, Room room, cudaStream_t stream) {
    cub::DoubleBuffer<uint32_t> key(keys[0], keys[1]), slot(slots[0], slots[1]);
    WZ_CUDA("depth sort", cub::DeviceRadixSort::SortPairs(room.data, room.bytes, key, slot, count, 0, 32, stream));
    return slot.selector;
}

}  // namespace wz
