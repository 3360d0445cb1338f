// SPDX-License-Identifier: Apache-2.0
// Sixteen lanes of several numbers as rows in memory, one a lane, and back. Included by simd16.h alone.
#pragma once

namespace wz::WZ_TARGET {

#if defined(WZ_WHOLE_REGISTERS)

// Writes the lanes whose bit is set as pairs of numbers one after the other, and anything behind them, sixteen pairs in all.
WZ_LANE_OP void packPairs(void* to, uint32_t chosen, I16 first, I16 second) {
    const __m512i low = _mm512_permutex2var_epi32(
        first.v, _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23), second.v);
    const __m512i high = _mm512_permutex2var_epi32(
        first.v, _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31), second.v);
    _mm512_storeu_si512(to, _mm512_maskz_compress_epi64(static_cast<__mmask8>(chosen), low));
    _mm512_storeu_si512(static_cast<uint64_t*>(to) + __builtin_popcount(chosen & 0xffu),
                        _mm512_maskz_compress_epi64(static_cast<__mmask8>(chosen >> 8), high));
}

// Sixteen rows of eight numbers, one behind the other, become columns.
WZ_LANE_OP void loadColumns(const void* rows, I16 (&columns)[8]) {
    __m512i pairs[8],
        fours[2][4];  // two rows each; one column and the fourth behind it, of eight rows: even ones, odd ones
    for (int i = 0; i < 8; ++i) pairs[i] = _mm512_loadu_si512(static_cast<const char*>(rows) + 64 * i);
    for (int half = 0; half < 2; ++half) {
        const __m512i* p = pairs + 4 * half;
        const __m512i a = _mm512_unpacklo_epi32(p[0], p[1]), b = _mm512_unpacklo_epi32(p[2], p[3]);
        const __m512i c = _mm512_unpackhi_epi32(p[0], p[1]), d = _mm512_unpackhi_epi32(p[2], p[3]);
        fours[half][0] = _mm512_unpacklo_epi64(a, b);
        fours[half][1] = _mm512_unpackhi_epi64(a, b);
        fours[half][2] = _mm512_unpacklo_epi64(c, d);
        fours[half][3] = _mm512_unpackhi_epi64(c, d);
    }
    const __m512i near = _mm512_setr_epi32(0, 8, 1, 9, 2, 10, 3, 11, 16, 24, 17, 25, 18, 26, 19, 27);
    const __m512i far = _mm512_setr_epi32(4, 12, 5, 13, 6, 14, 7, 15, 20, 28, 21, 29, 22, 30, 23, 31);
    for (int k = 0; k < 4; ++k) {
        columns[k] = I16::of(_mm512_permutex2var_epi32(fours[0][k], near, fours[1][k]));
        columns[4 + k] = I16::of(_mm512_permutex2var_epi32(fours[0][k], far, fours[1][k]));
    }
}

// Sixteen columns of sixteen numbers become rows; row i is stored at to(i), each after those before it.
template <class To>
WZ_LANE_OP void storeRows(const F16 (&columns)[16], To to) {
    __m512 fours[4][4], rows[16];  // of four columns each: the rows k, 4 + k, 8 + k, 12 + k
    for (int q = 0; q < 4; ++q) {
        const F16* c = columns + 4 * q;
        const __m512d a = _mm512_castps_pd(_mm512_unpacklo_ps(c[0].v, c[1].v));
        const __m512d b = _mm512_castps_pd(_mm512_unpacklo_ps(c[2].v, c[3].v));
        const __m512d d = _mm512_castps_pd(_mm512_unpackhi_ps(c[0].v, c[1].v));
        const __m512d e = _mm512_castps_pd(_mm512_unpackhi_ps(c[2].v, c[3].v));
        fours[q][0] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, b));
        fours[q][1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, b));
        fours[q][2] = _mm512_castpd_ps(_mm512_unpacklo_pd(d, e));
        fours[q][3] = _mm512_castpd_ps(_mm512_unpackhi_pd(d, e));
    }
    for (int k = 0; k < 4; ++k) {
        const __m512 a = _mm512_shuffle_f32x4(fours[0][k], fours[1][k], 0x88);
        const __m512 b = _mm512_shuffle_f32x4(fours[2][k], fours[3][k], 0x88);
        const __m512 d = _mm512_shuffle_f32x4(fours[0][k], fours[1][k], 0xdd);
        const __m512 e = _mm512_shuffle_f32x4(fours[2][k], fours[3][k], 0xdd);
        rows[k] = _mm512_shuffle_f32x4(a, b, 0x88);
        rows[4 + k] = _mm512_shuffle_f32x4(d, e, 0x88);
        rows[8 + k] = _mm512_shuffle_f32x4(a, b, 0xdd);
        rows[12 + k] = _mm512_shuffle_f32x4(d, e, 0xdd);
    }
    for (int i = 0; i < 16; ++i) _mm512_storeu_ps(to(i), rows[i]);
}

#else

// A square of numbers: rows become columns. Of parts of eight lanes first the four squares of 4x4, then their places.
#if defined(WZ_TWO_PARTS)
#define WZ_PLACE(I) ((I) < 4 ? (I) : (I) + 4)
#define WZ_SHUFFLE(A, B, C, D)                                                                         \
    __builtin_shufflevector(a, b, WZ_PLACE(A), WZ_PLACE(B), WZ_PLACE(C), WZ_PLACE(D), WZ_PLACE(A) + 4, \
                            WZ_PLACE(B) + 4, WZ_PLACE(C) + 4, WZ_PLACE(D) + 4)
#else
#define WZ_SHUFFLE(A, B, C, D) __builtin_shufflevector(a, b, A, B, C, D)
#endif
template <class Part>
WZ_LANE_OP Part zipLow(Part a, Part b) {
    return WZ_SHUFFLE(0, 4, 1, 5);
}
template <class Part>
WZ_LANE_OP Part zipHigh(Part a, Part b) {
    return WZ_SHUFFLE(2, 6, 3, 7);
}
template <class Part>
WZ_LANE_OP Part joinLow(Part a, Part b) {
    return WZ_SHUFFLE(0, 1, 4, 5);
}
template <class Part>
WZ_LANE_OP Part joinHigh(Part a, Part b) {
    return WZ_SHUFFLE(2, 3, 6, 7);
}
#undef WZ_SHUFFLE
#undef WZ_PLACE
template <class Part>
WZ_LANE_OP void transpose(Part (&m)[kPartLanes]) {
#pragma GCC unroll 2
    for (int i = 0; i < kPartLanes; i += 4) {
        const Part a = zipLow(m[i], m[i + 1]), b = zipLow(m[i + 2], m[i + 3]);
        const Part c = zipHigh(m[i], m[i + 1]), d = zipHigh(m[i + 2], m[i + 3]);
        m[i] = joinLow(a, b);
        m[i + 1] = joinHigh(a, b);
        m[i + 2] = joinLow(c, d);
        m[i + 3] = joinHigh(c, d);
    }
#if defined(WZ_TWO_PARTS)
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
        const Part a = m[i], b = m[4 + i];
        m[i] = __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11);
        m[4 + i] = __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
    }
#endif
}

// As many rows of eight numbers from row `row` on, and as many of their numbers from `first` on, as a part has lanes.
WZ_LANE_OP void loadSquare(const void* rows, int row, int first, PartI (&m)[kPartLanes]) {
#pragma GCC unroll 8
    for (int i = 0; i < kPartLanes; ++i)
        __builtin_memcpy(&m[i], static_cast<const char*>(rows) + 32 * (row + i) + 4 * first, kPartBytes);
    transpose(m);
}

// Sixteen rows of eight numbers, one behind the other, become columns.
WZ_LANE_OP void loadColumns(const void* rows, I16 (&columns)[8]) {
#pragma GCC unroll 2
    for (int first = 0; first < 8; first += kPartLanes) {
        PartI p0[kPartLanes], p1[kPartLanes];
        loadSquare(rows, 0, first, p0);
        loadSquare(rows, kPartLanes, first, p1);
#if !defined(WZ_TWO_PARTS)
        PartI p2[kPartLanes], p3[kPartLanes];
        loadSquare(rows, 2 * kPartLanes, first, p2);
        loadSquare(rows, 3 * kPartLanes, first, p3);
#endif
#pragma GCC unroll 8
        for (int i = 0; i < kPartLanes; ++i) {
            I16& column = columns[first + i];
            column.p0 = p0[i];
            column.p1 = p1[i];
#if !defined(WZ_TWO_PARTS)
            column.p2 = p2[i];
            column.p3 = p3[i];
#endif
        }
    }
}

// Sixteen columns of sixteen numbers become rows; row i is stored at to(i), each after those before it.
template <class To>
WZ_LANE_OP void storeRows(const F16 (&columns)[16], To to) {
    const auto store = [&](int row, PartF Parts<PartF>::* part) __attribute__((always_inline)) {
#pragma GCC unroll 4
        for (int first = 0; first < 16; first += kPartLanes) {
            PartF m[kPartLanes];
#pragma GCC unroll 8
            for (int i = 0; i < kPartLanes; ++i) m[i] = columns[first + i].*part;
            transpose(m);
#pragma GCC unroll 8
            for (int i = 0; i < kPartLanes; ++i) __builtin_memcpy(to(row + i) + first, &m[i], kPartBytes);
        }
    };
    store(0, &F16::p0);
    store(kPartLanes, &F16::p1);
#if !defined(WZ_TWO_PARTS)
    store(2 * kPartLanes, &F16::p2);
    store(3 * kPartLanes, &F16::p3);
#endif
}

#if defined(WZ_TWO_PARTS)
// Writes the lanes whose bit is set as pairs of numbers one after the other, and anything behind them, sixteen pairs in all.
WZ_LANE_OP void packPairs(void* to, uint32_t chosen, I16 first, I16 second) {
    const auto pack = [](char* at, uint32_t set, PartI a, PartI b) __attribute__((always_inline)) {
        const __m128i lanes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(&kPackTable.lanes[set]));
        const __m256i order = _mm256_cvtepu8_epi32(lanes);
        PartI x = (PartI)_mm256_permutevar8x32_epi32((__m256i)a, order);
        PartI y = (PartI)_mm256_permutevar8x32_epi32((__m256i)b, order);
        const __m256i low = (__m256i)zipLow(x, y), high = (__m256i)zipHigh(x, y);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(at), _mm256_permute2x128_si256(low, high, 0x20));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(at + 32), _mm256_permute2x128_si256(low, high, 0x31));
    };
    const uint32_t low = chosen & 0xffu, high = chosen >> 8 & 0xffu;
    pack(static_cast<char*>(to), low, first.p0, second.p0);
    pack(static_cast<char*>(to) + 8 * __builtin_popcount(low), high, first.p1, second.p1);
}
#else
WZ_LANE_OP void packPairs(void* to, uint32_t chosen, I16 first, I16 second) {
    uint32_t lanes[2][16];
    __builtin_memcpy(lanes[0], &first, sizeof(lanes[0]));
    __builtin_memcpy(lanes[1], &second, sizeof(lanes[1]));
    char* at = static_cast<char*>(to);
    for (; chosen; chosen &= chosen - 1, at += 8) {
        __builtin_memcpy(at, &lanes[0][__builtin_ctz(chosen)], 4);
        __builtin_memcpy(at + 4, &lanes[1][__builtin_ctz(chosen)], 4);
    }
}
#endif

#endif  // WZ_WHOLE_REGISTERS

}  // namespace wz::WZ_TARGET
