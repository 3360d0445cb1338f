// SPDX-License-Identifier: Apache-2.0
// Which parts of one large block of memory are taken: offsets alone, no memory and no GPU.
#pragma once

#include <cstddef>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace wz {

// Parts are multiples of kGrain; the smallest hole that fits is taken, and holes that touch become one.
class Slab {
public:
    static constexpr size_t kGrain = 256;  // bytes

    explicit Slab(size_t bytes = 0) : size_(bytes / kGrain * kGrain) {
        if (size_ > 0) addHole(0, size_);
    }
    size_t size() const { return size_; }
    size_t taken() const { return taken_; }

    // Makes it larger; what was handed out stays.
    void extend(size_t bytes) {
        const size_t before = size_, larger = bytes / kGrain * kGrain;
        if (larger <= before) return;
        size_ = larger;
        taken_ += larger - before;
        give(before, larger - before);
    }

    // The offset of `bytes` > 0 bytes; nothing when no hole is large enough.
    std::optional<size_t> take(size_t bytes) {
        const size_t wanted = (bytes + kGrain - 1) / kGrain * kGrain;
        const auto best = bySize_.lower_bound({wanted, 0});
        if (best == bySize_.end()) return std::nullopt;
        const auto [length, offset] = *best;
        removeHole(holes_.find(offset));
        if (length > wanted) addHole(offset + wanted, length - wanted);
        taken_ += wanted;
        return offset;
    }

    // Gives back what take(bytes) answered.
    void give(size_t offset, size_t bytes) {
        size_t length = (bytes + kGrain - 1) / kGrain * kGrain;
        taken_ -= length;
        const auto next = holes_.lower_bound(offset);
        if (next != holes_.begin()) {
            const auto before = std::prev(next);
            if (before->first + before->second == offset) {
                offset = before->first;
                length += before->second;
                removeHole(before);
            }
        }
        if (next != holes_.end() && next->first == offset + length) {
            length += next->second;
            removeHole(next);
        }
        addHole(offset, length);
    }

private:
    using Holes = std::map<size_t, size_t>;
    void addHole(size_t offset, size_t bytes) {
        holes_[offset] = bytes;
        bySize_.insert({bytes, offset});
    }
    void removeHole(Holes::iterator hole) {
        bySize_.erase({hole->second, hole->first});
        holes_.erase(hole);
    }

    size_t size_ = 0, taken_ = 0;
    Holes holes_;  // offset -> bytes
    std::set<std::pair<size_t, size_t>> bySize_;  // the same: bytes, offset
};

}  // namespace wz
