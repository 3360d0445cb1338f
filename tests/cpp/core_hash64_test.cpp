// SPDX-License-Identifier: Apache-2.0
#include "core/hash64.h"

#include <doctest/doctest.h>

#include <random>
#include <vector>

using namespace wz;

TEST_CASE("hash64 agrees with published XXH64 values") {
    CHECK(hash64("", 0) == 0xEF46DB3751D8E999u);
    CHECK(hash64("a", 1) == 0xD24EC4F1A98C6E5Bu);
    CHECK(hash64("abc", 3) == 0x44BC2CF5AD770999u);
    std::vector<uint8_t> bytes(1000);
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i % 251);
    CHECK(hash64(bytes.data(), 100) == 0x6AC1E58032166597u);  // 0, 1, .. 99
    CHECK(hash64(bytes.data(), 1000) == 0xF306F04AA88B54D3u);
}

TEST_CASE("hash64 of a stream does not depend on how it is cut") {
    std::mt19937 random(3);
    std::vector<uint8_t> bytes(1000);
    for (auto& b : bytes) b = static_cast<uint8_t>(random());
    for (size_t n : {0u, 1u, 7u, 31u, 32u, 33u, 100u, 1000u}) {
        Hash64 stream;
        for (size_t at = 0; at < n;) {
            const size_t step = std::min<size_t>(n - at, 1 + random() % 40);
            stream.add(bytes.data() + at, step);
            at += step;
        }
        CHECK(stream.value() == hash64(bytes.data(), n));
    }
}

TEST_CASE("hash64 changes with every flipped bit") {
    std::vector<uint8_t> bytes(77, 5);
    const uint64_t whole = hash64(bytes.data(), bytes.size());
    for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        bytes[bit / 8] = static_cast<uint8_t>(bytes[bit / 8] ^ (1u << bit % 8));
        CHECK(hash64(bytes.data(), bytes.size()) != whole);
        bytes[bit / 8] = static_cast<uint8_t>(bytes[bit / 8] ^ (1u << bit % 8));
    }
}
