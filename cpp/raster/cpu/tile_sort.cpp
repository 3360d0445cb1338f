// SPDX-License-Identifier: Apache-2.0
#include "raster/cpu/tile_sort.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace wz {
namespace {

constexpr size_t kFewEntries = 32;
constexpr uint32_t kFirstSkyKey = 0xffff0000u;  // see orderedKey: one key a level, far from all others
constexpr int kDigitBits = 8, kMostDigits = 3;
constexpr uint32_t kDigits = 1u << kDigitBits;
constexpr int kMostBits = 26;  // that two digits do for
constexpr int kPlaceBits = 16;
constexpr size_t kMostPlaces = size_t(1) << kPlaceBits;
constexpr size_t kLongTile = 1024;  // from here on eight bits a digit, below it seven

uint32_t keyOf(uint64_t entry) { return static_cast<uint32_t>(entry >> 32); }

// Copies what is nearly sorted, in order; an entry that has far to go shows that it was not. `from` may be `to`.
void insertEach(const uint64_t* from, uint64_t* to, size_t count) {
    size_t moves = 0;
    uint64_t last = 0;
    for (size_t i = 0; i < count; ++i) {
        const uint64_t entry = from[i];
        if (entry >= last) {
            to[i] = last = entry;
            continue;
        }
        size_t at = i;
        for (; at > 0 && to[at - 1] > entry; --at) to[at] = to[at - 1];
        to[at] = entry;
        moves += i - at;
        if (moves <= 16 * count) continue;
        if (from != to) std::copy(from + i + 1, from + count, to + i + 1);
        return std::sort(to, to + count);
    }
}

// Keys as whole numbers from 0 to about 2^bits: their order, but for what the shift drops.
struct Coarse {
    uint32_t lowest, shift;
    uint32_t sky, lowestSky, mostSky;  // sky lies in the upper half
    int digits;

    uint32_t operator()(uint64_t entry) const {
        const uint32_t key = keyOf(entry);
        return key < kFirstSkyKey ? (key - lowest) >> shift : sky + std::min(key - lowestSky, mostSky);
    }
};

Coarse coarseOf(const uint64_t* entries, size_t count) {
    uint32_t low = kFirstSkyKey, high = 0, lowestSky = ~0u;
    for (size_t i = 0; i < count; ++i) {
        const uint32_t key = keyOf(entries[i]);
        const bool sky = key >= kFirstSkyKey;
        low = std::min(low, key);
        high = std::max(high, sky ? 0u : key);
        lowestSky = std::min(lowestSky, sky ? key : ~0u);
    }
    const int bits = high > low ? 32 - std::countl_zero(high - low) : 1;
    // Two digits do while neighbours differ by more than what is dropped; three when the keys spread far: around the
    // order's origin they hold every octave of a distance.
    const int digits = bits <= kMostBits ? 2 : kMostDigits, kept = digits * kDigitBits - 1;
    const uint32_t half = 1u << kept;
    return {low, static_cast<uint32_t>(std::max(0, bits - kept)), half, lowestSky, half - 1u, digits};
}

// A tile of keys that lie close together, none of the sky: whole numbers of two digits are sorted with the entries' places,
// four bytes an entry, and the entries follow in one go. `room` holds 2 count entries.
template <int kBits>
void sortPlaces(uint64_t* entries, size_t count, uint64_t* room, uint32_t lowest, int bits) {
    constexpr uint32_t kMost = (1u << kBits) - 1u;
    const int shift = std::max(0, bits - 2 * kBits);
    uint32_t *from = reinterpret_cast<uint32_t*>(room), *to = from + count;
    uint64_t* sorted = room + count;
    uint32_t starts[2][kMost + 1] = {};
    for (size_t i = 0; i < count; ++i) {
        const uint32_t number = (keyOf(entries[i]) - lowest) >> shift;
        from[i] = number << kPlaceBits | static_cast<uint32_t>(i);
        ++starts[0][number & kMost];
        ++starts[1][number >> kBits];
    }
    uint32_t sums[2] = {};
    for (uint32_t n = 0; n <= kMost; ++n)
        for (int d = 0; d < 2; ++d) sums[d] += std::exchange(starts[d][n], sums[d]);
    for (size_t i = 0; i < count; ++i) to[starts[0][from[i] >> kPlaceBits & kMost]++] = from[i];
    for (size_t i = 0; i < count; ++i)
        sorted[starts[1][to[i] >> (kPlaceBits + kBits)]++] = entries[to[i] & (kMostPlaces - 1u)];
    insertEach(sorted, entries, count);
}

// Sorts a tile by places if it can be: false where it holds sky, is too long or its keys spread too far.
bool sortedByPlaces(uint64_t* entries, size_t count, uint64_t* room) {
    if (count > kMostPlaces) return false;
    uint64_t low = entries[0], high = entries[0];
    for (size_t i = 1; i < count; ++i) {
        low = std::min(low, entries[i]);
        high = std::max(high, entries[i]);
    }
    const int bits = 32 - std::countl_zero(keyOf(high) - keyOf(low));
    if (keyOf(high) >= kFirstSkyKey || bits > kMostBits) return false;
    if (count < kLongTile)
        sortPlaces<kDigitBits - 1>(entries, count, room, keyOf(low), bits);
    else
        sortPlaces<kDigitBits>(entries, count, room, keyOf(low), bits);
    return true;
}

}  // namespace

void sortTile(uint64_t* entries, size_t count, uint64_t* room) {
    if (count <= kFewEntries) return insertEach(entries, entries, count);
    if (sortedByPlaces(entries, count, room)) return;
    const Coarse coarse = coarseOf(entries, count);
    uint32_t starts[kMostDigits][kDigits];
    std::memset(starts, 0, sizeof(starts));
    for (size_t i = 0; i < count; ++i) {
        const uint32_t number = coarse(entries[i]);
        for (int d = 0; d < coarse.digits; ++d) ++starts[d][number >> (d * kDigitBits) & (kDigits - 1)];
    }
    uint64_t *from = entries, *to = room;
    for (int d = 0; d < coarse.digits; ++d) {
        uint32_t sum = 0;
        for (uint32_t& n : starts[d]) sum += std::exchange(n, sum);
        for (size_t i = 0; i < count; ++i)
            to[starts[d][coarse(from[i]) >> (d * kDigitBits) & (kDigits - 1)]++] = from[i];
        std::swap(from, to);
    }
    insertEach(from, entries, count);
}

}  // namespace wz
