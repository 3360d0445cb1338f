// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "cuda/memory/device_array.h"
#include "cuda/memory/stream.h"

namespace wz {

// Copies from ordinary memory to the device on a stream, through page-locked segments used in turn: the caller's memory
// is free as soon as upload() returns, and the host waits only when all segments are still on their way.
class UploadRing {
public:
    UploadRing(size_t segments, size_t segmentBytes);
    void upload(void* to, const void* from, size_t bytes, cudaStream_t stream);
    uint64_t uploadedBytes() const { return uploaded_; }

private:
    struct Segment {
        PinnedArray<char> memory;
        Event sent;
        bool used = false;
    };
    void nextSegment(cudaStream_t stream);

    std::vector<Segment> segments_;
    size_t at_ = 0, filled_ = 0;
    uint64_t uploaded_ = 0;
};

}  // namespace wz
