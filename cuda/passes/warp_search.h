// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cuda/frame_scratch.h"
#include "cuda/simt.h"

namespace wz {

__device__ inline uint32_t lesser(uint32_t a, uint32_t b) { return a < b ? a : b; }

// The last i < count that `test` holds for. It must hold for 0 and for nothing behind the first that it fails. All lanes of a warp
// call this and get the answer; they look at 32 places a round, so that among two million it takes five rounds, not twenty-one.
template <class Test>
__device__ inline uint32_t searchByWarp(uint32_t count, const Test& test) {
    const uint32_t lane = threadIdx.x % kWarpSize;
    uint32_t low = 0, high = count;
    while (high - low > 1) {
        const uint32_t step = (high - low + kWarpSize) / (kWarpSize + 1), at = low + (lane + 1) * step;
        const uint32_t passed = static_cast<uint32_t>(__popc(__ballot_sync(kAllLanes, at < high && test(at))));
        low += passed * step;
        high = lesser(high, low + step);
    }
    return low;
}

}  // namespace wz
