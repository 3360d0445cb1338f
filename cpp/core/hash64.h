// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace wz {

// XXH64 of a stream of bytes with seed 0 (the published algorithm, so that any reader can check a file).
class Hash64 {
public:
    Hash64();
    void add(const void* bytes, size_t count);
    uint64_t value() const;  // of all bytes added so far

private:
    uint64_t lanes_[4];
    uint8_t pending_[32];
    size_t pendingCount_ = 0;
    uint64_t total_ = 0;
};

uint64_t hash64(const void* bytes, size_t count);

}  // namespace wz
