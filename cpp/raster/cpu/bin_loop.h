// SPDX-License-Identifier: Apache-2.0
// The bin pass on the CPU: which tiles the rectangles of consecutive slots meet. Included once by each kernels_<set>.cpp.
#pragma once

#include "raster/cpu/kernels.h"
#include "raster/cpu/simd16.h"

namespace wz::WZ_TARGET {

// Consecutive surfels are neighbours: sixteen of them mostly lie on a few tiles, and each of these tiles is asked once.
static constexpr uint32_t kGroup = 16;
static constexpr uint32_t kMostGroupTiles = 16;

// The tiles of a rectangle as one to four cells; cells that it does not have are the spare ones behind the grid. So the
// usual surfel, on one, two or four tiles, takes no branch that depends on where it lies.
struct FourTiles {
    size_t tile[4];
};

// False for rectangles that are empty or on more than two tiles in a row or column.
static inline bool fourTilesOf(PixelRect rect, int32_t columns, size_t spare, FourTiles& out) {
    const int32_t x = rect.x0 / kTileSize, y = rect.y0 / kTileSize;
    const int32_t wide = (rect.x1 - 1) / kTileSize - x, high = (rect.y1 - 1) / kTileSize - y;
    if (static_cast<uint32_t>(wide) > 1u || static_cast<uint32_t>(high) > 1u || rect.x1 == 0 || rect.y1 == 0)
        return false;
    const size_t first = static_cast<size_t>(y * columns + x), below = first + static_cast<size_t>(columns);
    out = {{first, wide ? first + 1 : spare, high ? below : spare + 1, wide & high ? below + 1 : spare + 2}};
    return true;
}

// Calls visit(tile) for each tile of the rectangle, and for spare ones.
template <class Visit>
static inline void forEachTile(PixelRect rect, int32_t columns, size_t spare, Visit visit) {
    FourTiles four;
    if (__builtin_expect(fourTilesOf(rect, columns, spare, four), 1)) {
        for (size_t tile : four.tile) visit(tile);
        return;
    }
    const TileRange t = tilesOf(rect);
    for (int32_t y = t.y0; y < t.y1; ++y)
        for (int32_t x = t.x0; x < t.x1; ++x) visit(static_cast<size_t>(y * columns + x));
}

static inline uint64_t entryOf(const BinTask& task, size_t slot) {
    return uint64_t(task.keys[slot]) << 32 | static_cast<uint32_t>(slot);
}

template <bool kFill>
static inline void binOne(const BinTask& task, size_t slot) {
    const uint64_t entry = kFill ? entryOf(task, slot) : 0;
    forEachTile(task.rects[slot], task.columns, task.tiles, [&](size_t tile) __attribute__((always_inline)) {
        const uint64_t at = task.places[tile];
        if constexpr (kFill) task.entries[at] = entry;
        task.places[tile] = at + (!kFill || tile < task.tiles ? 1 : 0);
    });
}

#if defined(__AVX2__)
// The first and last tiles of sixteen rectangles, four numbers each: x0, y0 and what is left of x1, y1 to 65535, so that
// one comparison of unsigned numbers serves all four.
struct TileSpans {
    __m256i four[4];

    explicit TileSpans(const PixelRect* rects) {
        const __m256i less = _mm256_set1_epi64x(static_cast<int64_t>(0xffffffff00000000u));  // 0, 0, -1, -1
        for (int i = 0; i < 4; ++i) {
            const __m256i sides = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(rects + 4 * i));
            four[i] = _mm256_xor_si256(_mm256_srli_epi16(_mm256_add_epi16(sides, less), kTileShift), less);
        }
    }

    // Of all of them, in the same form.
    uint64_t bounds() const {
        const __m256i least = _mm256_min_epu16(_mm256_min_epu16(four[0], four[1]), _mm256_min_epu16(four[2], four[3]));
        const __m128i two = _mm_min_epu16(_mm256_castsi256_si128(least), _mm256_extracti128_si256(least, 1));
        const __m128i one = _mm_min_epu16(two, _mm_unpackhi_epi64(two, two));
        return static_cast<uint64_t>(_mm_cvtsi128_si64(one));
    }

    // Bits of the rectangles that meet the tile, given in the same form.
    uint32_t meeting(uint64_t tile) const {
        const __m256i there = _mm256_set1_epi64x(static_cast<int64_t>(tile)), zero = _mm256_setzero_si256();
        uint32_t bits = 0;
        for (int i = 0; i < 4; ++i) {
            const __m256i beyond = _mm256_subs_epu16(four[i], there);
            bits |= static_cast<uint32_t>(_mm256_movemask_pd((__m256d)_mm256_cmpeq_epi64(beyond, zero))) << 4 * i;
        }
        return bits;
    }
};

// Writes those of sixteen entries whose bit is set, one after the other, and nothing behind them.
static inline void storeChosen(uint64_t* to, uint32_t bits, const uint64_t* entries) {
#if defined(__AVX512F__)
    for (int half = 0; half < 2; ++half) {
        const uint32_t chosen = bits >> 8 * half & 0xffu, count = static_cast<uint32_t>(__builtin_popcount(chosen));
        const __m512i packed =
            _mm512_maskz_compress_epi64(static_cast<__mmask8>(chosen), _mm512_load_si512(entries + 8 * half));
        _mm512_mask_storeu_epi64(to, static_cast<__mmask8>((1u << count) - 1u), packed);
        to += count;
    }
#else
    for (; bits; bits &= bits - 1) *to++ = entries[__builtin_ctz(bits)];
#endif
}

// False where the sixteen rectangles from `slot` on lie on many tiles, or one of them is empty: nothing was done then.
template <bool kFill>
static inline bool binGroup(const BinTask& task, size_t slot) {
    const TileSpans spans(task.rects + slot);
    const uint64_t bounds = spans.bounds();
    const uint32_t x0 = bounds & 0xffffu, y0 = bounds >> 16 & 0xffffu;
    const uint32_t x1 = ~(bounds >> 32) & 0xffffu, y1 = ~(bounds >> 48) & 0xffffu;  // the last ones
    if ((x1 - x0 + 1) * (y1 - y0 + 1) > kMostGroupTiles) return false;
    alignas(64) uint64_t made[kGroup];
    if constexpr (kFill)
        for (uint32_t i = 0; i < kGroup; ++i) made[i] = entryOf(task, slot + i);
    for (uint32_t y = y0; y <= y1; ++y)
        for (uint32_t x = x0; x <= x1; ++x) {
            const uint64_t form = uint64_t(x | y << 16) | uint64_t((~x & 0xffffu) | (~y & 0xffffu) << 16) << 32;
            const uint32_t bits = spans.meeting(form);
            uint64_t& place = task.places[static_cast<size_t>(y) * static_cast<size_t>(task.columns) + x];
            if constexpr (kFill) {
                uint64_t* to = task.entries + place;
                place += static_cast<uint32_t>(__builtin_popcount(bits));
                storeChosen(to, bits, made);
            } else {
                place += static_cast<uint32_t>(__builtin_popcount(bits));
            }
        }
    return true;
}
#else
template <bool kFill>
static inline bool binGroup(const BinTask&, size_t) {
    return false;
}
#endif

template <bool kFill>
static void binSlots(const BinTask& task) {
    size_t slot = task.first;
    const size_t end = task.first + task.count;
    while (slot < end) {
        const size_t next = end - slot < kGroup ? end : slot + kGroup;
        if (next - slot < kGroup || !binGroup<kFill>(task, slot))
            for (size_t i = slot; i < next; ++i) binOne<kFill>(task, i);
        slot = next;
    }
}

static void countEntries(const BinTask& task) { binSlots<false>(task); }
static void fillEntries(const BinTask& task) { binSlots<true>(task); }

}  // namespace wz::WZ_TARGET
