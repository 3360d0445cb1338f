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

uint32_t keyOf(uint64_t entry) { return static_cast<uint32_t>(entry >> 32); }

// Finishes what is nearly sorted; an entry that has far to go shows that it was not.
void insertEach(uint64_t* entries, size_t count) {
    size_t moves = 0;
    for (size_t i = 1; i < count; ++i) {
        const uint64_t entry = entries[i];
        size_t at = i;
        for (; at > 0 && entries[at - 1] > entry; --at) entries[at] = entries[at - 1];
        entries[at] = entry;
        moves += i - at;
        if (moves > 16 * count) return std::sort(entries, entries + count);
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
    const int digits = bits <= 26 ? 2 : kMostDigits, kept = digits * kDigitBits - 1;
    const uint32_t half = 1u << kept;
    return {low, static_cast<uint32_t>(std::max(0, bits - kept)), half, lowestSky, half - 1u, digits};
}

}  // namespace

void sortTile(uint64_t* entries, size_t count, uint64_t* room) {
    if (count <= kFewEntries) return insertEach(entries, count);
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
    if (from != entries) std::memcpy(entries, from, count * sizeof(uint64_t));
    insertEach(entries, count);
}

}  // namespace wz
