// SPDX-License-Identifier: Apache-2.0
#include "core/hash64.h"

#include <algorithm>
#include <bit>

namespace wz {
namespace {

static_assert(std::endian::native == std::endian::little, "files and hashes are little-endian");

constexpr uint64_t kP1 = 0x9E3779B185EBCA87u, kP2 = 0xC2B2AE3D27D4EB4Fu, kP3 = 0x165667B19E3779F9u;
constexpr uint64_t kP4 = 0x85EBCA77C2B2AE63u, kP5 = 0x27D4EB2F165667C5u;

template <class T>
T read(const uint8_t* from) {
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

uint64_t mix(uint64_t lane, uint64_t word) { return std::rotl(lane + word * kP2, 31) * kP1; }

uint64_t fold(uint64_t hash, uint64_t lane) { return (hash ^ mix(0, lane)) * kP1 + kP4; }

void consume(uint64_t lanes[4], const uint8_t* stripe) {
    for (int i = 0; i < 4; ++i) lanes[i] = mix(lanes[i], read<uint64_t>(stripe + 8 * i));
}

}  // namespace

Hash64::Hash64() : lanes_{kP1 + kP2, kP2, 0, 0 - kP1} {}

void Hash64::add(const void* bytes, size_t count) {
    if (count == 0) return;
    const auto* at = static_cast<const uint8_t*>(bytes);
    total_ += count;
    if (pendingCount_ > 0) {
        const size_t taken = std::min(count, sizeof pending_ - pendingCount_);
        std::memcpy(pending_ + pendingCount_, at, taken);
        pendingCount_ += taken;
        at += taken;
        count -= taken;
        if (pendingCount_ < sizeof pending_) return;
        consume(lanes_, pending_);
        pendingCount_ = 0;
    }
    for (; count >= 32; at += 32, count -= 32) consume(lanes_, at);
    if (count > 0) std::memcpy(pending_, at, count);
    pendingCount_ = count;
}

uint64_t Hash64::value() const {
    uint64_t hash = kP5;
    if (total_ >= 32) {
        hash = std::rotl(lanes_[0], 1) + std::rotl(lanes_[1], 7) + std::rotl(lanes_[2], 12) + std::rotl(lanes_[3], 18);
        for (uint64_t lane : lanes_) hash = fold(hash, lane);
    }
    hash += total_;
    size_t at = 0;
    for (; at + 8 <= pendingCount_; at += 8)
        hash = std::rotl(hash ^ mix(0, read<uint64_t>(pending_ + at)), 27) * kP1 + kP4;
    if (at + 4 <= pendingCount_) {
        hash = std::rotl(hash ^ (read<uint32_t>(pending_ + at) * kP1), 23) * kP2 + kP3;
        at += 4;
    }
    for (; at < pendingCount_; ++at) hash = std::rotl(hash ^ (pending_[at] * kP5), 11) * kP1;
    hash = (hash ^ (hash >> 33)) * kP2;
    hash = (hash ^ (hash >> 29)) * kP3;
    return hash ^ (hash >> 32);
}

uint64_t hash64(const void* bytes, size_t count) {
    Hash64 hash;
    hash.add(bytes, count);
    return hash.value();
}

}  // namespace wz
