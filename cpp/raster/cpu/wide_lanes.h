// SPDX-License-Identifier: Apache-2.0
// The lanes of as many surfels as the project pass takes at a time. Its arithmetic is one long chain, in which each operation
// waits for the one before it; two registers hold two chains, of which one goes on while the other waits. F16 of AVX2 has two
// registers already, so it is taken as it is; with AVX-512 thirty-two surfels are two F16.
#pragma once

#include "raster/cpu/simd16.h"

namespace wz::WZ_TARGET {

#if defined(WZ_WHOLE_REGISTERS)

template <class Half>
struct Halves {
    Half low, high;
};
struct WideMask : Halves<M16> {};
struct Wide : Halves<F16> {
    Wide() = default;
    inline __attribute__((always_inline)) Wide(F16 a, F16 b) : Halves<F16>{a, b} {}
    inline __attribute__((always_inline)) explicit Wide(float a) : Halves<F16>{F16(a), F16(a)} {}
};
struct WideInt : Halves<I16> {
    WideInt() = default;
    inline __attribute__((always_inline)) WideInt(I16 a, I16 b) : Halves<I16>{a, b} {}
    inline __attribute__((always_inline)) explicit WideInt(int32_t a) : Halves<I16>{I16(a), I16(a)} {}
};
inline constexpr int kHalves = 2;

#define WZ_WIDE_UNARY(RESULT, TYPE, NAME) \
    WZ_LANE_OP RESULT NAME(TYPE a) { return {NAME(a.low), NAME(a.high)}; }
#define WZ_WIDE_BINARY(RESULT, TYPE, NAME) \
    WZ_LANE_OP RESULT NAME(TYPE a, TYPE b) { return {NAME(a.low, b.low), NAME(a.high, b.high)}; }
#define WZ_WIDE_TERNARY(RESULT, FIRST, TYPE, NAME)                        \
    WZ_LANE_OP RESULT NAME(FIRST a, TYPE b, TYPE c) {                     \
        return {NAME(a.low, b.low, c.low), NAME(a.high, b.high, c.high)}; \
    }
WZ_WIDE_BINARY(Wide, Wide, operator+)
WZ_WIDE_BINARY(Wide, Wide, operator-)
WZ_WIDE_BINARY(Wide, Wide, operator*)
WZ_WIDE_BINARY(Wide, Wide, operator/)
WZ_WIDE_BINARY(WideMask, Wide, operator==)
WZ_WIDE_BINARY(WideMask, Wide, operator<)
WZ_WIDE_BINARY(WideMask, Wide, operator<=)
WZ_WIDE_BINARY(WideMask, Wide, operator>)
WZ_WIDE_BINARY(WideMask, Wide, operator>=)
WZ_WIDE_BINARY(WideMask, WideMask, operator&)
WZ_WIDE_BINARY(WideMask, WideMask, operator|)
WZ_WIDE_UNARY(WideMask, WideMask, operator!)
WZ_WIDE_BINARY(WideInt, WideInt, operator+)
WZ_WIDE_BINARY(WideInt, WideInt, operator-)
WZ_WIDE_BINARY(WideInt, WideInt, operator&)
WZ_WIDE_BINARY(WideInt, WideInt, operator|)
WZ_WIDE_BINARY(WideInt, WideInt, operator^)
WZ_WIDE_TERNARY(Wide, Wide, Wide, madd)
WZ_WIDE_TERNARY(Wide, Wide, Wide, nmadd)
WZ_WIDE_TERNARY(Wide, WideMask, Wide, select)
WZ_WIDE_BINARY(Wide, Wide, minOf)
WZ_WIDE_BINARY(Wide, Wide, maxOf)
WZ_WIDE_UNARY(Wide, Wide, absOf)
WZ_WIDE_UNARY(Wide, Wide, sqrtOf)
WZ_WIDE_UNARY(Wide, Wide, floorOf)
WZ_WIDE_UNARY(Wide, Wide, ceilOf)
WZ_WIDE_UNARY(Wide, Wide, exp2Within)
WZ_WIDE_UNARY(WideInt, Wide, bitsOf)
WZ_WIDE_UNARY(WideInt, Wide, truncated)
WZ_WIDE_UNARY(WideInt, WideInt, lowWords)
WZ_WIDE_UNARY(WideInt, WideInt, highWords)
#undef WZ_WIDE_UNARY
#undef WZ_WIDE_BINARY
#undef WZ_WIDE_TERNARY
WZ_LANE_OP bool anyOf(WideMask m) { return anyOf(m.low | m.high); }
WZ_LANE_OP uint32_t bitmaskOf(WideMask m) { return bitmaskOf(m.low) | bitmaskOf(m.high) << 16; }
WZ_LANE_OP Wide fromBits(WideInt a, Wide like) { return {fromBits(a.low, like.low), fromBits(a.high, like.high)}; }
WZ_LANE_OP Wide toLanes(WideInt a, Wide like) { return {toLanes(a.low, like.low), toLanes(a.high, like.high)}; }
WZ_LANE_OP WideInt shiftLeft(WideInt a, int n) { return {shiftLeft(a.low, n), shiftLeft(a.high, n)}; }
WZ_LANE_OP WideInt shiftRight(WideInt a, int n) { return {shiftRight(a.low, n), shiftRight(a.high, n)}; }
// As many floats as there are lanes, 64-byte aligned.
WZ_LANE_OP Wide loadWide(const float* p) { return {loadLanes(p), loadLanes(p + 16)}; }
WZ_LANE_OP void storeWide(float* p, Wide a) {
    storeLanes(p, a.low);
    storeLanes(p + 16, a.high);
}
// The sixteen lanes of a half.
template <class Half>
WZ_LANE_OP Half halfOf(const Halves<Half>& a, int half) {
    return half == 0 ? a.low : a.high;
}
WZ_LANE_OP void loadBytes(const uint8_t* p, WideInt& a) {
    loadBytes(p, a.low);
    loadBytes(p + 16, a.high);
}
WZ_LANE_OP void loadSignedBytes(const int8_t* p, WideInt& a) {
    loadSignedBytes(p, a.low);
    loadSignedBytes(p + 16, a.high);
}
WZ_LANE_OP void loadWords(const uint16_t* p, WideInt& a) {
    loadWords(p, a.low);
    loadWords(p + 16, a.high);
}
// As many rows of eight numbers, one behind the other, as there are lanes become columns.
WZ_LANE_OP void loadWideColumns(const void* rows, WideInt (&columns)[8]) {
    I16 low[8], high[8];
    loadColumns(rows, low);
    loadColumns(static_cast<const char*>(rows) + 16 * 32, high);
    for (int k = 0; k < 8; ++k) columns[k] = {low[k], high[k]};
}

#else

using WideMask = M16;
using Wide = F16;
using WideInt = I16;
inline constexpr int kHalves = 1;
WZ_LANE_OP Wide loadWide(const float* p) { return loadLanes(p); }
WZ_LANE_OP void storeWide(float* p, Wide a) { storeLanes(p, a); }
template <class All>
WZ_LANE_OP All halfOf(const All& a, int) {
    return a;
}
WZ_LANE_OP void loadWideColumns(const void* rows, WideInt (&columns)[8]) { loadColumns(rows, columns); }

#endif

inline constexpr int kWideLanes = 16 * kHalves;

// As many small whole numbers as there are lanes.
WZ_LANE_OP WideInt loadBytes(const uint8_t* p) {
    WideInt a;
    loadBytes(p, a);
    return a;
}
WZ_LANE_OP WideInt loadSignedBytes(const int8_t* p) {
    WideInt a;
    loadSignedBytes(p, a);
    return a;
}
WZ_LANE_OP WideInt loadWords(const uint16_t* p) {
    WideInt a;
    loadWords(p, a);
    return a;
}

}  // namespace wz::WZ_TARGET

#if defined(WZ_WHOLE_REGISTERS)
namespace wz {
template <>
struct LaneTraits<WZ_TARGET::Wide> {
    using Mask = WZ_TARGET::WideMask;
    using Int = WZ_TARGET::WideInt;
};
}  // namespace wz
#endif
