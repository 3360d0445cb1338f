// SPDX-License-Identifier: Apache-2.0
#include "cuda/memory/upload_ring.h"

#include <algorithm>
#include <cstring>

namespace wz {

UploadRing::UploadRing(size_t segments, size_t segmentBytes) {
    segments_.reserve(segments);
    for (size_t i = 0; i < segments; ++i) segments_.push_back({PinnedArray<char>(segmentBytes), Event(), false});
}

void UploadRing::nextSegment(cudaStream_t stream) {
    WZ_CUDA("upload", cudaEventRecord(segments_[at_].sent.get(), stream));
    segments_[at_].used = true;
    const size_t next = (at_ + 1) % segments_.size();
    if (segments_[next].used) WZ_CUDA("upload", cudaEventSynchronize(segments_[next].sent.get()));
    at_ = next;  // only now: it may be written to
    filled_ = 0;
}

void UploadRing::upload(void* to, const void* from, size_t bytes, cudaStream_t stream) {
    for (size_t done = 0; done < bytes;) {
        Segment& segment = segments_[at_];
        const size_t part = std::min(bytes - done, segment.memory.size() - filled_);
        if (part == 0) {
            nextSegment(stream);
            continue;
        }
        char* pinned = segment.memory.data() + filled_;
        std::memcpy(pinned, static_cast<const char*>(from) + done, part);
        WZ_CUDA("upload", cudaMemcpyAsync(static_cast<char*>(to) + done, pinned, part, cudaMemcpyHostToDevice, stream));
        filled_ += part;
        done += part;
        uploaded_ += part;
    }
}

}  // namespace wz
