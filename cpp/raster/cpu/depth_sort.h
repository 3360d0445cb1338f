// SPDX-License-Identifier: Apache-2.0
// The sort pass: slots by key, stable. The result does not depend on the number of threads.
#pragma once

#include <cstdint>

#include "core/thread_pool.h"
#include "raster/cpu/scratch.h"

namespace wz {

struct KeyedSlot {
    uint32_t key, slot;
};

class DepthSort {
public:
    // Room for `count` pairs, to be filled in draw order before sort().
    KeyedSlot* input(size_t count) { return pairs_[0].ensure(count); }
    // The pairs by ascending key, equal keys in input order; valid until the next call.
    const KeyedSlot* sort(size_t count, ThreadPool& pool);

private:
    Scratch<KeyedSlot> pairs_[2];
    Scratch<uint32_t> counts_;
};

}  // namespace wz
