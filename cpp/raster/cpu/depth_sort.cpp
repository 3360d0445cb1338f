// SPDX-License-Identifier: Apache-2.0
#include "raster/cpu/depth_sort.h"

#include <algorithm>
#include <cstring>
#include <functional>

namespace wz {
namespace {

constexpr int kDigitBits = 11;
constexpr uint32_t kDigits = 1u << kDigitBits;

struct Segment {
    size_t begin, end;
};

Segment segmentOf(size_t count, size_t segments, size_t i) {
    return {count * i / segments, count * (i + 1) / segments};
}

}  // namespace

const KeyedSlot* DepthSort::sort(size_t count, ThreadPool& pool) {
    const size_t segments = static_cast<size_t>(pool.threads());
    KeyedSlot* from = pairs_[0].data();
    KeyedSlot* to = pairs_[1].ensure(count);
    uint32_t* counts = counts_.ensure(segments * kDigits);
    for (int shift = 0; shift < 32; shift += kDigitBits) {
        const auto tally = [&](size_t s, int) {
            uint32_t* mine = counts + s * kDigits;
            std::memset(mine, 0, kDigits * sizeof(uint32_t));
            const Segment g = segmentOf(count, segments, s);
            for (size_t i = g.begin; i < g.end; ++i) ++mine[(from[i].key >> shift) & (kDigits - 1)];
        };
        pool.forEach(segments, 1, std::ref(tally));
        uint32_t sum = 0;
        bool moves = true;
        for (uint32_t d = 0; d < kDigits; ++d) {
            const uint32_t before = sum;
            for (size_t s = 0; s < segments; ++s) {
                const uint32_t n = counts[s * kDigits + d];
                counts[s * kDigits + d] = sum;
                sum += n;
            }
            if (sum - before == count) moves = false;  // all share this digit
        }
        if (!moves) continue;
        const auto scatter = [&](size_t s, int) {
            uint32_t* next = counts + s * kDigits;
            const Segment g = segmentOf(count, segments, s);
            for (size_t i = g.begin; i < g.end; ++i) to[next[(from[i].key >> shift) & (kDigits - 1)]++] = from[i];
        };
        pool.forEach(segments, 1, std::ref(scatter));
        std::swap(from, to);
    }
    return from;
}

}  // namespace wz
