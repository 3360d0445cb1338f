// SPDX-License-Identifier: Apache-2.0
#include <cub/device/device_scan.cuh>

#include "cuda/check.h"
#include "cuda/passes/passes.h"

namespace wz {

size_t sumBytes(uint32_t count) {
    size_t bytes = 0;
    const uint32_t* in = nullptr;
    uint32_t* out = nullptr;
    WZ_CUDA("sum", cub::DeviceScan::ExclusiveScan(nullptr, bytes, in, out, SaturatingAdd{}, 0u, count));
    return bytes;
}

void sumBefore(const uint32_t* counts, uint32_t* offsets, uint32_t count, Room room, cudaStream_t stream) {
    WZ_CUDA("sum",
            cub::DeviceScan::ExclusiveScan(room.data, room.bytes, counts, offsets, SaturatingAdd{}, 0u, count, stream));
}

}  // namespace wz
