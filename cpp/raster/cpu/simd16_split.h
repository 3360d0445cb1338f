// SPDX-License-Identifier: Apache-2.0
// Sixteen lanes as two or four registers of the compiler's vector extension: AVX2 with FMA, or whatever the baseline has
// (SSE2, NEON, scalar code). Masks are all-ones lanes. Included by simd16.h alone.
//
// The parts are members, not an array: arrays stay in memory, members in registers.
#pragma once

namespace wz::WZ_TARGET {

#if defined(__AVX2__) && defined(__FMA__)
#define WZ_TWO_PARTS 1
inline constexpr int kPartBytes = 32;
#else
inline constexpr int kPartBytes = 16;
#endif
inline constexpr int kPartLanes = kPartBytes / 4;

typedef float PartF __attribute__((vector_size(kPartBytes)));
typedef int32_t PartI __attribute__((vector_size(kPartBytes)));
typedef uint32_t PartU __attribute__((vector_size(kPartBytes)));
typedef float PartInMemory __attribute__((vector_size(kPartBytes), may_alias));

// Not zero plus the number: that is an addition, and makes a negative zero positive.
WZ_LANE_OP PartF spread(float a) {
#if defined(WZ_TWO_PARTS)
    return PartF{a, a, a, a, a, a, a, a};
#else
    return PartF{a, a, a, a};
#endif
}

template <class Part>
struct Parts {
    Part p0, p1;
#if !defined(WZ_TWO_PARTS)
    Part p2, p3;
#endif
};
struct M16 : Parts<PartI> {};
struct F16 : Parts<PartF> {
    F16() = default;
    inline __attribute__((always_inline)) explicit F16(float a) {
        p0 = p1 = spread(a);
#if !defined(WZ_TWO_PARTS)
        p2 = p3 = p0;
#endif
    }
};
struct I16 : Parts<PartI> {
    I16() = default;
    inline __attribute__((always_inline)) explicit I16(int32_t a) {
        p0 = p1 = PartI{} + a;
#if !defined(WZ_TWO_PARTS)
        p2 = p3 = p0;
#endif
    }
};

// R of op applied to the parts of each argument.
template <class R, class Op, class... V>
WZ_LANE_OP R each(Op op, const V&... v) {
    R r;
    r.p0 = op(v.p0...);
    r.p1 = op(v.p1...);
#if !defined(WZ_TWO_PARTS)
    r.p2 = op(v.p2...);
    r.p3 = op(v.p3...);
#endif
    return r;
}
#define WZ_BINARY(RESULT, TYPE, OP)                                                                      \
    WZ_LANE_OP RESULT operator OP(TYPE a, TYPE b) {                                                      \
        return each<RESULT>([](auto x, auto y) __attribute__((always_inline)) { return x OP y; }, a, b); \
    }
WZ_BINARY(F16, F16, +)
WZ_BINARY(F16, F16, -)
WZ_BINARY(F16, F16, *)
WZ_BINARY(F16, F16, /)
WZ_BINARY(M16, F16, ==)
WZ_BINARY(M16, F16, <)
WZ_BINARY(M16, F16, <=)
WZ_BINARY(M16, F16, >)
WZ_BINARY(M16, F16, >=)
WZ_BINARY(M16, M16, &)
WZ_BINARY(M16, M16, |)
WZ_BINARY(I16, I16, &)
WZ_BINARY(I16, I16, |)
WZ_BINARY(I16, I16, ^)
#undef WZ_BINARY

#define WZ_PART(ARGS, EXPRESSION) [=] ARGS __attribute__((always_inline)) { return EXPRESSION; }
// Lanes that are rejected later may hold anything: sums wrap.
WZ_LANE_OP I16 operator+(I16 a, I16 b) {
    return each<I16>(WZ_PART((PartI x, PartI y), (PartI)((PartU)x + (PartU)y)), a, b);
}
WZ_LANE_OP I16 operator-(I16 a, I16 b) {
    return each<I16>(WZ_PART((PartI x, PartI y), (PartI)((PartU)x - (PartU)y)), a, b);
}
WZ_LANE_OP M16 operator!(M16 a) { return each<M16>(WZ_PART((PartI x), ~x), a); }
WZ_LANE_OP F16 absOf(F16 a) { return each<F16>(WZ_PART((PartF x), (PartF)((PartI)x & 0x7fffffff)), a); }
WZ_LANE_OP I16 bitsOf(F16 a) { return each<I16>(WZ_PART((PartF x), (PartI)x), a); }
WZ_LANE_OP F16 fromBits(I16 a, F16) { return each<F16>(WZ_PART((PartI x), (PartF)x), a); }
WZ_LANE_OP I16 shiftLeft(I16 a, int n) { return each<I16>(WZ_PART((PartI x), x << n), a); }
WZ_LANE_OP I16 shiftRight(I16 a, int n) { return each<I16>(WZ_PART((PartI x), x >> n), a); }
WZ_LANE_OP F16 toLanes(I16 a, F16) { return each<F16>(WZ_PART((PartI x), __builtin_convertvector(x, PartF)), a); }
WZ_LANE_OP I16 truncated(F16 a) { return each<I16>(WZ_PART((PartF x), __builtin_convertvector(x, PartI)), a); }
WZ_LANE_OP I16 lowWords(I16 a) { return each<I16>(WZ_PART((PartI x), x & 0xffff), a); }
WZ_LANE_OP I16 highWords(I16 a) { return each<I16>(WZ_PART((PartI x), (PartI)((PartU)x >> 16)), a); }

#if defined(WZ_TWO_PARTS)
WZ_LANE_OP F16 madd(F16 a, F16 b, F16 c) {
    return each<F16>(WZ_PART((PartF x, PartF y, PartF z), (PartF)_mm256_fmadd_ps(x, y, z)), a, b, c);
}
WZ_LANE_OP F16 nmadd(F16 a, F16 b, F16 c) {
    return each<F16>(WZ_PART((PartF x, PartF y, PartF z), (PartF)_mm256_fnmadd_ps(x, y, z)), a, b, c);
}
WZ_LANE_OP F16 minOf(F16 a, F16 b) { return each<F16>(WZ_PART((PartF x, PartF y), (PartF)_mm256_min_ps(x, y)), a, b); }
WZ_LANE_OP F16 maxOf(F16 a, F16 b) { return each<F16>(WZ_PART((PartF x, PartF y), (PartF)_mm256_max_ps(x, y)), a, b); }
WZ_LANE_OP F16 sqrtOf(F16 a) { return each<F16>(WZ_PART((PartF x), (PartF)_mm256_sqrt_ps(x)), a); }
WZ_LANE_OP F16 floorOf(F16 a) { return each<F16>(WZ_PART((PartF x), (PartF)_mm256_floor_ps(x)), a); }
WZ_LANE_OP F16 ceilOf(F16 a) { return each<F16>(WZ_PART((PartF x), (PartF)_mm256_ceil_ps(x)), a); }
WZ_LANE_OP F16 select(M16 m, F16 a, F16 b) {
    return each<F16>(WZ_PART((PartI k, PartF x, PartF y), (PartF)_mm256_blendv_ps(y, x, (PartF)k)), m, a, b);
}
WZ_LANE_OP uint32_t bitmaskOf(M16 a) {
    return static_cast<uint32_t>(_mm256_movemask_ps((PartF)a.p0) | (_mm256_movemask_ps((PartF)a.p1) << 8));
}
WZ_LANE_OP bool anyOf(M16 m) {
    const __m256i all = (__m256i)(m.p0 | m.p1);
    return !_mm256_testz_si256(all, all);
}
// Sixteen floats, 64-byte aligned.
WZ_LANE_OP F16 loadLanes(const float* p) {
    F16 r;
    r.p0 = *reinterpret_cast<const PartInMemory*>(p);
    r.p1 = *reinterpret_cast<const PartInMemory*>(p + kPartLanes);
    return r;
}
WZ_LANE_OP void storeLanes(float* p, F16 a) {
    *reinterpret_cast<PartInMemory*>(p) = a.p0;
    *reinterpret_cast<PartInMemory*>(p + kPartLanes) = a.p1;
}
// Lanes 4 row .. 4 row + 3.
WZ_LANE_OP Floats4 rowOf(F16 a, int row) {
    const PartF part = row < 2 ? a.p0 : a.p1;
    return row % 2 ? __builtin_shufflevector(part, part, 4, 5, 6, 7) : __builtin_shufflevector(part, part, 0, 1, 2, 3);
}
WZ_LANE_OP F16 ofRows(const Floats4 (&rows)[4]) {
    F16 r;
    r.p0 = __builtin_shufflevector(rows[0], rows[1], 0, 1, 2, 3, 4, 5, 6, 7);
    r.p1 = __builtin_shufflevector(rows[2], rows[3], 0, 1, 2, 3, 4, 5, 6, 7);
    return r;
}
// Lanes 0..7 are a, lanes 8..15 b.
WZ_LANE_OP F16 halvesOf(float a, float b) {
    F16 r;
    r.p0 = spread(a);
    r.p1 = spread(b);
    return r;
}
// Of lanes 0..7 four a row of pixels (part 0 or 1) in each row; of lanes 8..15 four a column in each column.
WZ_LANE_OP F16 columnsOf(F16 a, int part) {
    alignas(32) static constexpr int32_t kIndex[2][8] = {{0, 1, 2, 3, 0, 1, 2, 3}, {4, 5, 6, 7, 4, 5, 6, 7}};
    F16 r;
    r.p0 = r.p1 = (PartF)_mm256_permutevar8x32_ps(a.p0, *reinterpret_cast<const __m256i*>(kIndex[part]));
    return r;
}
WZ_LANE_OP F16 rowsOf(F16 a, int part) {
    alignas(32) static constexpr int32_t kIndex[4][8] = {
        {0, 0, 0, 0, 1, 1, 1, 1}, {2, 2, 2, 2, 3, 3, 3, 3}, {4, 4, 4, 4, 5, 5, 5, 5}, {6, 6, 6, 6, 7, 7, 7, 7}};
    F16 r;
    r.p0 = (PartF)_mm256_permutevar8x32_ps(a.p1, *reinterpret_cast<const __m256i*>(kIndex[2 * part]));
    r.p1 = (PartF)_mm256_permutevar8x32_ps(a.p1, *reinterpret_cast<const __m256i*>(kIndex[2 * part + 1]));
    return r;
}
#else
// Without a fused multiply-add in the instruction set the product is rounded too: a call for each lane costs far more.
WZ_LANE_OP F16 madd(F16 a, F16 b, F16 c) { return each<F16>(WZ_PART((PartF x, PartF y, PartF z), x * y + z), a, b, c); }
WZ_LANE_OP F16 nmadd(F16 a, F16 b, F16 c) {
    return each<F16>(WZ_PART((PartF x, PartF y, PartF z), z - x * y), a, b, c);
}
WZ_LANE_OP F16 select(M16 m, F16 a, F16 b) {
    return each<F16>(WZ_PART((PartI k, PartF x, PartF y), (PartF)((k & (PartI)x) | (~k & (PartI)y))), m, a, b);
}
WZ_LANE_OP F16 minOf(F16 a, F16 b) { return select(a < b, a, b); }
WZ_LANE_OP F16 maxOf(F16 a, F16 b) { return select(a > b, a, b); }
template <class Op>
WZ_LANE_OP F16 eachLane(F16 a, Op op) {
    return each<F16>(WZ_PART((PartF x), (PartF{op(x[0]), op(x[1]), op(x[2]), op(x[3])})), a);
}
#if defined(__SSE2__)
WZ_LANE_OP F16 sqrtOf(F16 a) { return each<F16>(WZ_PART((PartF x), (PartF)_mm_sqrt_ps(x)), a); }
#else
WZ_LANE_OP F16 sqrtOf(F16 a) {
    return eachLane(a, [](float x) { return __builtin_sqrtf(x); });
}
#endif
WZ_LANE_OP F16 floorOf(F16 a) {
    return eachLane(a, [](float x) { return __builtin_floorf(x); });
}
WZ_LANE_OP F16 ceilOf(F16 a) {
    return eachLane(a, [](float x) { return __builtin_ceilf(x); });
}
WZ_LANE_OP uint32_t bitmaskOf(PartI m) {
#if defined(__SSE2__)
    return static_cast<uint32_t>(_mm_movemask_ps((PartF)m));
#else
    return static_cast<uint32_t>((m[0] & 1) | (m[1] & 2) | (m[2] & 4) | (m[3] & 8));
#endif
}
WZ_LANE_OP uint32_t bitmaskOf(M16 a) {
    return bitmaskOf(a.p0) | bitmaskOf(a.p1) << 4 | bitmaskOf(a.p2) << 8 | bitmaskOf(a.p3) << 12;
}
WZ_LANE_OP bool anyOf(M16 m) { return bitmaskOf(m.p0 | m.p1 | m.p2 | m.p3) != 0; }
WZ_LANE_OP F16 loadLanes(const float* p) {
    F16 r;
    r.p0 = *reinterpret_cast<const PartInMemory*>(p);
    r.p1 = *reinterpret_cast<const PartInMemory*>(p + kPartLanes);
    r.p2 = *reinterpret_cast<const PartInMemory*>(p + 2 * kPartLanes);
    r.p3 = *reinterpret_cast<const PartInMemory*>(p + 3 * kPartLanes);
    return r;
}
WZ_LANE_OP void storeLanes(float* p, F16 a) {
    *reinterpret_cast<PartInMemory*>(p) = a.p0;
    *reinterpret_cast<PartInMemory*>(p + kPartLanes) = a.p1;
    *reinterpret_cast<PartInMemory*>(p + 2 * kPartLanes) = a.p2;
    *reinterpret_cast<PartInMemory*>(p + 3 * kPartLanes) = a.p3;
}
// Lanes 4 row .. 4 row + 3.
WZ_LANE_OP Floats4 rowOf(F16 a, int row) { return row == 0 ? a.p0 : row == 1 ? a.p1 : row == 2 ? a.p2 : a.p3; }
WZ_LANE_OP F16 ofRows(const Floats4 (&rows)[4]) {
    F16 r;
    r.p0 = rows[0];
    r.p1 = rows[1];
    r.p2 = rows[2];
    r.p3 = rows[3];
    return r;
}
WZ_LANE_OP F16 halvesOf(float a, float b) {
    F16 r;
    r.p0 = r.p1 = spread(a);
    r.p2 = r.p3 = spread(b);
    return r;
}
WZ_LANE_OP F16 columnsOf(F16 a, int part) {
    F16 r;
    r.p0 = r.p1 = r.p2 = r.p3 = part ? a.p1 : a.p0;
    return r;
}
WZ_LANE_OP F16 rowsOf(F16 a, int part) {
    const PartF rows = part ? a.p3 : a.p2;
    F16 r;
    r.p0 = spread(rows[0]);
    r.p1 = spread(rows[1]);
    r.p2 = spread(rows[2]);
    r.p3 = spread(rows[3]);
    return r;
}
#endif
#undef WZ_PART

WZ_LANE_OP I16 loadInts(const uint32_t* p) {
    I16 r;
    __builtin_memcpy(&r.p0, p, kPartBytes);
    __builtin_memcpy(&r.p1, p + kPartLanes, kPartBytes);
#if !defined(WZ_TWO_PARTS)
    __builtin_memcpy(&r.p2, p + 2 * kPartLanes, kPartBytes);
    __builtin_memcpy(&r.p3, p + 3 * kPartLanes, kPartBytes);
#endif
    return r;
}
template <class T>
WZ_LANE_OP void loadNarrow(const T* p, I16& a) {
    typedef T Narrow __attribute__((vector_size(kPartLanes * sizeof(T))));
    const auto part = [&](int i) __attribute__((always_inline)) {
        Narrow n;
        __builtin_memcpy(&n, p + i * kPartLanes, sizeof(n));
        return __builtin_convertvector(n, PartI);
    };
    a.p0 = part(0);
    a.p1 = part(1);
#if !defined(WZ_TWO_PARTS)
    a.p2 = part(2);
    a.p3 = part(3);
#endif
}
WZ_LANE_OP void loadBytes(const uint8_t* p, I16& a) { loadNarrow(p, a); }
WZ_LANE_OP void loadSignedBytes(const int8_t* p, I16& a) { loadNarrow(p, a); }
WZ_LANE_OP void loadWords(const uint16_t* p, I16& a) { loadNarrow(p, a); }
// Bits of the lanes in which this bit is set.
WZ_LANE_OP uint32_t lanesWith(I16 a, uint32_t bit) {
    I16 top = shiftLeft(a, 31 - static_cast<int>(bit));
#if !defined(WZ_TWO_PARTS)
    top = shiftRight(top, 31);
#endif
    M16 set;
    static_cast<Parts<PartI>&>(set) = top;
    return bitmaskOf(set);
}
// Bits of the lanes in which a < b; no difference may exceed 31 bits.
WZ_LANE_OP uint32_t lanesBelow(I16 a, I16 b) { return lanesWith(a - b, 31); }

#if defined(WZ_TWO_PARTS)
// For each set of eight lanes their numbers, one after the other.
struct PackTable {
    uint64_t lanes[256];
    constexpr PackTable() : lanes() {
        for (uint32_t set = 0; set < 256; ++set)
            for (uint32_t lane = 0, n = 0; lane < 8; ++lane)
                if (set >> lane & 1u) lanes[set] |= uint64_t(lane) << 8 * n++;
    }
};
static constexpr PackTable kPackTable;

// Writes the lanes whose bit is set one after the other, and anything behind them, sixteen numbers in all.
WZ_LANE_OP void packLanes(uint32_t* to, uint32_t chosen, I16 a) {
    const uint32_t low = chosen & 0xffu, high = chosen >> 8 & 0xffu;
    const auto packed = [](uint32_t set, PartI part) __attribute__((always_inline)) {
        const __m128i order = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(&kPackTable.lanes[set]));
        return _mm256_permutevar8x32_epi32((__m256i)part, _mm256_cvtepu8_epi32(order));
    };
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), packed(low, a.p0));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + __builtin_popcount(low)), packed(high, a.p1));
}
#else
WZ_LANE_OP void packLanes(uint32_t* to, uint32_t chosen, I16 a) {
    uint32_t lanes[16];
    __builtin_memcpy(lanes, &a, sizeof(lanes));
    for (; chosen; chosen &= chosen - 1) *to++ = lanes[__builtin_ctz(chosen)];
}
#endif

}  // namespace wz::WZ_TARGET
