// SPDX-License-Identifier: Apache-2.0
#include "cuda/memory/page_pool.h"

#include <algorithm>
#include <string>

namespace wz {
namespace {

constexpr size_t kSegments = 8, kSegmentBytes = size_t(4) << 20;

size_t aligned16(size_t bytes) { return (bytes + 15) / 16 * 16; }

bool sameOwner(const std::weak_ptr<const void>& a, const std::shared_ptr<const void>& b) {
    return !a.owner_before(b) && !b.owner_before(a);
}

}  // namespace

PagePool::PagePool(size_t bytes, size_t limit)
    : slab_(bytes), memory_(slab_.size()), limit_(limit), ring_(kSegments, kSegmentBytes) {}

void PagePool::drop(const Item& item) {
    slab_.give(item.offset, item.bytes);
    reused_ = true;
}

void PagePool::beginFrame(uint64_t frame, cudaEvent_t drawn) {
    frame_ = frame;
    drawn_ = drawn;
    for (const Item& item : passing_) drop(item);
    passing_.clear();
}

// The least useful item that this frame does not draw: one whose owner is gone, else the least recently drawn.
bool PagePool::evictOne() {
    auto worst = items_.end();
    for (auto it = items_.begin(); it != items_.end(); ++it) {
        if (it->second.lastFrame == frame_) continue;
        if (it->second.owner.expired()) {
            worst = it;
            break;
        }
        if (worst == items_.end() || it->second.lastFrame < worst->second.lastFrame) worst = it;
    }
    if (worst == items_.end()) return false;
    drop(worst->second);
    items_.erase(worst);
    ++stats_.evictions;
    return true;
}

bool PagePool::take(size_t bytes, size_t& offset) {
    while (true) {
        if (const auto found = slab_.take(bytes)) {
            offset = *found;
            return true;
        }
        if (!evictOne()) {
            wantedBytes_ = bytes;
            return false;
        }
    }
}

bool PagePool::place(const std::shared_ptr<const void>& owner, const std::vector<PoolPart>& parts, char*& at) {
    const void* key = owner.get();
    if (owner) {
        const auto known = items_.find(key);
        if (known != items_.end() && sameOwner(known->second.owner, owner)) {
            known->second.lastFrame = frame_;
            at = memory_.data() + known->second.offset;
            return true;
        }
        if (known != items_.end()) {  // another object at the address of one that is gone
            drop(known->second);
            items_.erase(known);
        }
    }
    Item item{owner, 0, 0, frame_};
    for (const PoolPart& part : parts) item.bytes += aligned16(part.bytes);
    item.bytes = std::max<size_t>(item.bytes, 16);
    if (!take(item.bytes, item.offset)) return false;
    if (reused_ && drawn_) WZ_CUDA("upload", cudaStreamWaitEvent(stream_.get(), drawn_));
    reused_ = false;
    at = memory_.data() + item.offset;
    size_t offset = 0;
    for (const PoolPart& part : parts) {
        ring_.upload(at + offset, part.data, part.bytes, stream_.get());
        offset += aligned16(part.bytes);
    }
    ++stats_.uploads;
    if (owner)
        items_.emplace(key, item);
    else
        passing_.push_back(item);
    return true;
}

void PagePool::grow() {
    WZ_CUDA("page pool", cudaDeviceSynchronize());
    const size_t wanted = std::max(2 * slab_.size(), slab_.taken() + 2 * wantedBytes_ + (size_t(64) << 20));
    const size_t bytes = std::min(wanted, limit_);
    if (bytes <= slab_.size() || bytes < wantedBytes_)
        throw DeviceError("what this view draws does not fit into the GPU's page pool of " +
                          std::to_string(limit_ >> 20) + " MiB; raise detail_bias below 0 or draw on the CPU");
    items_.clear();
    passing_.clear();
    memory_ = {};
    slab_ = Slab();
    memory_ = DeviceArray<char>(bytes);
    slab_ = Slab(bytes);
    ++stats_.growths;
}

void PagePool::finishUploads(cudaStream_t stream) {
    WZ_CUDA("upload", cudaEventRecord(uploaded_.get(), stream_.get()));
    WZ_CUDA("upload", cudaStreamWaitEvent(stream, uploaded_.get()));
}

PoolStats PagePool::stats() const {
    PoolStats s = stats_;
    s.bytes = slab_.size();
    s.takenBytes = slab_.taken();
    s.uploadedBytes = ring_.uploadedBytes();
    return s;
}

}  // namespace wz
