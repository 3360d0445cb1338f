// SPDX-License-Identifier: Apache-2.0
// Which parts of one large block of memory are taken: offsets alone, no memory and no GPU.
#pragma once

#include <cstddef>
#include <iterator>
#include <map>
#include <optional>

namespace wz {

// Parts are multiples of kGrain; the smallest hole that fits is taken, and holes that touch become one.
class Slab {
public:
    static constexpr size_t kGrain = 256;  // bytes

    explicit Slab(size_t bytes = 0) : size_(bytes / kGrain * kGrain) {
        if (size_ > 0) holes_[0] = size_;
    }
    size_t size() const { return size_; }
    size_t taken() const { return taken_; }

    // The offset of `bytes` > 0 bytes; nothing when no hole is large enough.
    std::optional<size_t> take(size_t bytes) {
        const size_t wanted = (bytes + kGrain - 1) / kGrain * kGrain;
        auto best = holes_.end();
        for (auto it = holes_.begin(); it != holes_.end(); ++it)
            if (it->second >= wanted && (best == holes_.end() || it->second < best->second)) best = it;
        if (best == holes_.end()) return std::nullopt;
        const size_t offset = best->first, left = best->second - wanted;
        holes_.erase(best);
        if (left > 0) holes_[offset + wanted] = left;
        taken_ += wanted;
        return offset;
    }

    // Gives back what take(bytes) answered.
    void give(size_t offset, size_t bytes) {
        const size_t length = (bytes + kGrain - 1) / kGrain * kGrain;
        taken_ -= length;
        auto hole = holes_.emplace(offset, length).first;
        if (const auto next = std::next(hole); next != holes_.end() && hole->first + hole->second == next->first) {
            hole->second += next->second;
            holes_.erase(next);
        }
        if (hole == holes_.begin()) return;
        const auto before = std::prev(hole);
        if (before->first + before->second != hole->first) return;
        before->second += hole->second;
        holes_.erase(hole);
    }

private:
    size_t size_ = 0, taken_ = 0;
    std::map<size_t, size_t> holes_;  // offset -> bytes
};

}  // namespace wz
