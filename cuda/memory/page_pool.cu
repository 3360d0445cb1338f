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
    : slab_(bytes),
      memory_(slab_.size()),
      limit_(limit / Slab::kGrain * Slab::kGrain),
      ring_(kSegments, kSegmentBytes) {}

void PagePool::drop(const Item& item) {
    slab_.give(item.offset, item.bytes);
    reused_ = true;
}

void PagePool::forget(Items::iterator item) {
    drop(*item);
    known_.erase(item->key);
    items_.erase(item);
}

void PagePool::beginFrame(uint64_t frame, cudaEvent_t drawn) {
    frame_ = frame;
    drawn_ = drawn;
    for (const Item& item : passing_) drop(item);
    passing_.clear();
}

// Those whose owner is gone, looked for once a frame: only when room is short.
bool PagePool::dropUnowned() {
    if (sweptFrame_ == frame_) return false;
    sweptFrame_ = frame_;
    bool any = false;
    for (auto it = items_.begin(); it != items_.end();) {
        const auto item = it++;
        if (item->lastFrame == frame_ || !item->owner.expired()) continue;
        forget(item);
        ++stats_.evictions;
        any = true;
    }
    return any;
}

// The least recently drawn item, unless that is one to keep: one that this frame draws, or, while the slab may grow, one that was
// drawn a short while ago.
bool PagePool::evictOne() {
    const bool none = items_.empty() || items_.front().lastFrame == frame_;
    mustGrow_ = none;
    const bool mayGrow = slab_.size() < limit_ && frame_ >= nextGrowth_;
    if (none || (mayGrow && frame_ - items_.front().lastFrame < kKeptFrames)) return false;
    forget(items_.begin());
    ++stats_.evictions;
    return true;
}

bool PagePool::take(size_t bytes, size_t& offset) {
    while (true) {
        if (const auto found = slab_.take(bytes)) {
            offset = *found;
            return true;
        }
        if (!dropUnowned() && !evictOne()) {
            wantedBytes_ = bytes;
            return false;
        }
    }
}

void PagePool::send(const std::vector<PoolPart>& parts, char* at) {
    if (reused_ && drawn_) WZ_CUDA("upload", cudaStreamWaitEvent(stream_.get(), drawn_));
    reused_ = false;
    for (const PoolPart& part : parts) {
        ring_.upload(at, part.data, part.bytes, stream_.get());
        at += aligned16(part.bytes);
    }
    ++stats_.uploads;
}

// Takes the one item into the books.
void PagePool::keep(Items&& item) {
    const void* key = item.front().key;
    if (!key) return passing_.splice(passing_.end(), item);
    known_.emplace(key, item.begin());
    items_.splice(items_.end(), item);
}

bool PagePool::place(const std::shared_ptr<const void>& owner, const std::vector<PoolPart>& parts, char*& at) {
    if (const auto found = owner ? known_.find(owner.get()) : known_.end(); found != known_.end()) {
        const auto item = found->second;
        if (sameOwner(item->owner, owner)) {
            item->lastFrame = frame_;
            items_.splice(items_.end(), items_, item);
            at = memory_.data() + item->offset;
            return true;
        }
        forget(item);  // another object at the address of one that is gone
    }
    Items fresh;
    fresh.push_back({owner.get(), owner, 0, 0, frame_});
    Item& item = fresh.front();
    for (const PoolPart& part : parts) item.bytes += aligned16(part.bytes);
    item.bytes = std::max<size_t>(item.bytes, 16);
    if (!take(item.bytes, item.offset)) return false;
    at = memory_.data() + item.offset;
    try {
        send(parts, at);
        keep(std::move(fresh));
    } catch (...) {
        drop(item);
        throw;
    }
    return true;
}

// Takes larger memory, with what was in the old one when there is room for both, else empty. False: there is none, and nothing is
// left of the old one either.
bool PagePool::resizeTo(size_t bytes) {
    try {
        DeviceArray<char> larger(bytes);
        if (slab_.taken() > 0)
            WZ_CUDA("page pool", cudaMemcpyAsync(larger.data(), memory_.data(), slab_.size(), cudaMemcpyDeviceToDevice,
                                                 stream_.get()));
        WZ_CUDA("page pool", cudaStreamSynchronize(stream_.get()));
        memory_ = std::move(larger);
        slab_.extend(bytes);
        return true;
    } catch (const DeviceError&) {
        if (memory_.size() == 0) return false;
    }
    known_.clear();
    items_.clear();
    passing_.clear();
    slab_ = Slab();
    memory_ = {};
    return resizeTo(bytes);
}

void PagePool::grow() {
    WZ_CUDA("page pool", cudaDeviceSynchronize());
    const size_t before = slab_.size();
    const size_t wanted = std::max(2 * before, slab_.taken() + 2 * wantedBytes_ + (size_t(64) << 20));
    const size_t bytes = std::min(wanted / Slab::kGrain * Slab::kGrain, limit_);
    if (bytes > before && resizeTo(bytes)) {
        ++stats_.growths;
        return;
    }
    if (slab_.size() == 0 && before > 0) resizeTo(before);
    nextGrowth_ = frame_ + kKeptFrames;
    if (!mustGrow_ && slab_.size() > 0) return;
    const std::string most = std::to_string(std::max(before, bytes) >> 20) + " MiB";
    throw DeviceError((bytes > before ? "the GPU has no memory left for a page pool of " + most
                                      : "what this view draws does not fit into the GPU's page pool of " + most) +
                      "; raise detail_bias below 0 or draw on the CPU");
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
