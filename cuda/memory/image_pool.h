// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <utility>

#include "cuda/memory/device_array.h"

namespace wz {

// Blocks for the images of frames. What frames give back is drawn into again by one of the same size; freeing and taking memory
// would wait for all work on the device, so that frames of two sizes in turn must not cost that.
class ImagePool {
public:
    static constexpr size_t kMost = 8;          // spare blocks
    static constexpr uint64_t kPatience = 240;  // frames until a spare block goes

    // `frame` counts frames. Throws DeviceError when memory runs out, spare blocks freed.
    DeviceArray<char> take(size_t bytes, uint64_t frame) {
        DeviceArray<char> found = spareOf(bytes);
        while (!spare_.empty() && frame - spare_.front().since > kPatience) freeOldest();
        if (found.size() > 0) return found;
        try {
            return made(bytes);
        } catch (const DeviceError&) {
            if (spare_.empty()) throw;
        }
        while (!spare_.empty()) freeOldest();
        return made(bytes);
    }

    void give(DeviceArray<char>&& block, uint64_t frame) {
        spare_.push_back({std::move(block), frame});
        if (spare_.size() > kMost) freeOldest();
    }
    // Frees a block that others may have looked into.
    void drop(DeviceArray<char>&& block) {
        bytes_ -= block.size();
        const DeviceArray<char> gone = std::move(block);
    }

    uint64_t bytes() const { return bytes_; }  // of all blocks, lent and spare

private:
    struct Spare {
        DeviceArray<char> block;
        uint64_t since;
    };
    DeviceArray<char> spareOf(size_t bytes) {
        for (auto it = spare_.begin(); it != spare_.end(); ++it) {
            if (it->block.size() != bytes) continue;
            DeviceArray<char> block = std::move(it->block);
            spare_.erase(it);
            return block;
        }
        return {};
    }
    DeviceArray<char> made(size_t bytes) {
        DeviceArray<char> block(bytes);
        bytes_ += bytes;
        return block;
    }
    void freeOldest() {
        bytes_ -= spare_.front().block.size();
        spare_.pop_front();
    }

    std::deque<Spare> spare_;  // given back longest ago first
    uint64_t bytes_ = 0;
};

}  // namespace wz
