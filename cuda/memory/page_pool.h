// SPDX-License-Identifier: Apache-2.0
// Surfels and covers in device memory: one slab, uploaded when first drawn, dropped when room is needed, least recently
// drawn first.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <unordered_map>
#include <vector>

#include "cuda/memory/device_array.h"
#include "cuda/memory/slab.h"
#include "cuda/memory/upload_ring.h"

namespace wz {

struct PoolStats {
    uint64_t bytes = 0, takenBytes = 0;  // of the slab
    uint64_t uploadedBytes = 0;  // since the pool was made
    uint64_t uploads = 0, evictions = 0, growths = 0;
};

// One part of what an item holds, in order.
struct PoolPart {
    const void* data;
    size_t bytes;
};

class PagePool {
public:
    // Rather than drop what was drawn so recently, the slab grows.
    static constexpr uint64_t kKeptFrames = 240;

    // The slab starts at `bytes` and may grow to `limit`.
    PagePool(size_t bytes, size_t limit);

    // Frames are numbered from 1. Frees what the last frame brought without an owner. `drawn` ends the kernels of all frames
    // before: memory that is taken anew is written only after it.
    void beginFrame(uint64_t frame, cudaEvent_t drawn);

    // The device address of an item, its parts one behind the other at multiples of 16 bytes. `owner` vouches that they
    // stay as they are while it lives, and names the item; without one they are copied for this frame alone. False: there is
    // no room beside what this frame draws; call grow() and start the frame anew.
    bool place(const std::shared_ptr<const void>& owner, const std::vector<PoolPart>& parts, char*& at);

    // Makes the slab about twice as large; what it holds stays where memory suffices for both for a moment. Waits for the
    // device. Where it cannot be larger it throws DeviceError if this frame alone does not fit, and else gives up growing for
    // a while: room is then made by dropping.
    void grow();

    // Makes `stream` wait for this frame's uploads.
    void finishUploads(cudaStream_t stream);

    PoolStats stats() const;
    cudaStream_t copyStream() const { return stream_.get(); }
    UploadRing& ring() { return ring_; }

private:
    struct Item {
        const void* key = nullptr;
        std::weak_ptr<const void> owner;
        size_t offset = 0, bytes = 0;
        uint64_t lastFrame = 0;
    };

    using Items = std::list<Item>;
    bool take(size_t bytes, size_t& offset);
    bool dropUnowned();
    bool evictOne();
    void forget(Items::iterator item);
    void drop(const Item& item);
    void send(const std::vector<PoolPart>& parts, char* at);
    void keep(Items&& item);
    bool resizeTo(size_t bytes);

    Slab slab_;
    DeviceArray<char> memory_;
    size_t limit_, wantedBytes_ = 0;
    Stream stream_;
    UploadRing ring_;
    Event uploaded_;
    cudaEvent_t drawn_ = nullptr;
    bool reused_ = false;  // memory was freed since the copy stream last waited for the kernels
    bool mustGrow_ = false;  // what this frame draws fills the slab
    uint64_t frame_ = 0, sweptFrame_ = 0, nextGrowth_ = 0;
    Items items_;  // least recently drawn first
    std::unordered_map<const void*, Items::iterator> known_;  // by the owner's address
    Items passing_;  // without an owner
    PoolStats stats_;
};

}  // namespace wz
