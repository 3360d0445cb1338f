// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace wz {

// How large an array must be, from what past frames needed: it grows with a quarter to spare as soon as one did not fit, and
// shrinks to that when for kPatience frames less than three quarters were used. Sorts and sums go over the whole of it.
class HighWater {
public:
    static constexpr uint32_t kPatience = 240;  // frames

    explicit HighWater(uint64_t grain) : grain_(grain) {}
    uint64_t capacity() const { return capacity_; }
    // True when the capacity is another one afterwards.
    bool reserve(uint64_t needed) {
        if (needed <= capacity_) return false;
        capacity_ = withSpare(needed);
        most_ = 0;
        frames_ = 0;
        return true;
    }
    // Grows while an eighth is still free, for needs that are counted when it is too late: what grows slowly always fits.
    bool foresee(uint64_t needed) { return reserve(needed + capacity_ / 8); }
    // Nothing is there any more.
    void reset() { *this = HighWater(grain_); }
    // A frame needed so much.
    bool saw(uint64_t needed) {
        if (reserve(needed)) return true;
        most_ = std::max(most_, needed);
        if (++frames_ < kPatience) return false;
        const uint64_t wanted = withSpare(most_);
        const bool shrinks = most_ < capacity_ / 4 * 3 && wanted < capacity_;
        if (shrinks) capacity_ = wanted;
        most_ = 0;
        frames_ = 0;
        return shrinks;
    }

private:
    uint64_t withSpare(uint64_t n) const { return std::max<uint64_t>(1, (n + n / 4 + grain_ - 1) / grain_) * grain_; }

    uint64_t grain_, capacity_ = 0, most_ = 0;
    uint32_t frames_ = 0;
};

}  // namespace wz
