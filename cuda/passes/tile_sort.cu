// SPDX-License-Identifier: Apache-2.0
#include <cub/device/device_radix_sort.cuh>

#include "cuda/check.h"
#include "cuda/passes/passes.h"

namespace wz {
namespace {

template <class TileKey>
size_t bytesFor(uint32_t count) {
    size_t bytes = 0;
    cub::DoubleBuffer<TileKey> tiles;
    cub::DoubleBuffer<uint32_t> entries;
    WZ_CUDA("tile sort", cub::DeviceRadixSort::SortPairs(nullptr, bytes, tiles, entries, count));
    return bytes;
}

// Keys go up to tileCount: no tile.
template <class TileKey>
int sortTiles(void* tiles[2], uint32_t* entries[2], uint32_t count, uint32_t tileCount, Room room,
              cudaStream_t stream) {
    int bits = 1;
    while (tileCount >> bits != 0) ++bits;
    cub::DoubleBuffer<TileKey> tile(static_cast<TileKey*>(tiles[0]), static_cast<TileKey*>(tiles[1]));
    cub::DoubleBuffer<uint32_t> entry(entries[0], entries[1]);
    WZ_CUDA("tile sort", cub::DeviceRadixSort::SortPairs(room.data, room.bytes, tile, entry, count, 0, bits, stream));
    return entry.selector;
}

}  // namespace

size_t tileSortBytes(uint32_t count, bool wide) { return wide ? bytesFor<uint32_t>(count) : bytesFor<uint16_t>(count); }

int sortByTile(void* tiles[2], uint32_t* entries[2], uint32_t count, uint32_t tileCount, Room room,
               cudaStream_t stream) {
    return hasWideTiles(tileCount) ? sortTiles<uint32_t>(tiles, entries, count, tileCount, room, stream)
                                   : sortTiles<uint16_t>(tiles, entries, count, tileCount, room, stream);
}

}  // namespace wz
