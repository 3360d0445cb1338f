// SPDX-License-Identifier: Apache-2.0
// Sixteen lanes as one AVX-512 register, masks as bit masks. Included by simd16.h alone.
#pragma once

namespace wz::WZ_TARGET {

struct M16 {
    __mmask16 m;
};
struct F16 {
    __m512 v;
    F16() = default;
    WZ_LANE_OP F16 of(__m512 a) {
        F16 r;
        r.v = a;
        return r;
    }
    inline __attribute__((always_inline)) explicit F16(float a) : v(_mm512_set1_ps(a)) {}
};
struct I16 {
    __m512i v;
    I16() = default;
    WZ_LANE_OP I16 of(__m512i a) {
        I16 r;
        r.v = a;
        return r;
    }
    inline __attribute__((always_inline)) explicit I16(int32_t a) : v(_mm512_set1_epi32(a)) {}
};

WZ_LANE_OP F16 operator+(F16 a, F16 b) { return F16::of(_mm512_add_ps(a.v, b.v)); }
WZ_LANE_OP F16 operator-(F16 a, F16 b) { return F16::of(_mm512_sub_ps(a.v, b.v)); }
WZ_LANE_OP F16 operator*(F16 a, F16 b) { return F16::of(_mm512_mul_ps(a.v, b.v)); }
WZ_LANE_OP F16 operator/(F16 a, F16 b) { return F16::of(_mm512_div_ps(a.v, b.v)); }
WZ_LANE_OP M16 operator==(F16 a, F16 b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_EQ_OQ)}; }
WZ_LANE_OP M16 operator<(F16 a, F16 b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ)}; }
WZ_LANE_OP M16 operator<=(F16 a, F16 b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LE_OQ)}; }
WZ_LANE_OP M16 operator>(F16 a, F16 b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_GT_OQ)}; }
WZ_LANE_OP M16 operator>=(F16 a, F16 b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_GE_OQ)}; }
WZ_LANE_OP M16 operator&(M16 a, M16 b) { return {_kand_mask16(a.m, b.m)}; }
WZ_LANE_OP M16 operator|(M16 a, M16 b) { return {_kor_mask16(a.m, b.m)}; }
WZ_LANE_OP M16 operator!(M16 a) { return {_knot_mask16(a.m)}; }
WZ_LANE_OP I16 operator+(I16 a, I16 b) { return I16::of(_mm512_add_epi32(a.v, b.v)); }
WZ_LANE_OP I16 operator-(I16 a, I16 b) { return I16::of(_mm512_sub_epi32(a.v, b.v)); }
WZ_LANE_OP I16 operator&(I16 a, I16 b) { return I16::of(_mm512_and_si512(a.v, b.v)); }
WZ_LANE_OP I16 operator|(I16 a, I16 b) { return I16::of(_mm512_or_si512(a.v, b.v)); }
WZ_LANE_OP I16 operator^(I16 a, I16 b) { return I16::of(_mm512_xor_si512(a.v, b.v)); }

WZ_LANE_OP F16 madd(F16 a, F16 b, F16 c) { return F16::of(_mm512_fmadd_ps(a.v, b.v, c.v)); }
WZ_LANE_OP F16 nmadd(F16 a, F16 b, F16 c) { return F16::of(_mm512_fnmadd_ps(a.v, b.v, c.v)); }
WZ_LANE_OP F16 minOf(F16 a, F16 b) { return F16::of(_mm512_min_ps(a.v, b.v)); }
WZ_LANE_OP F16 maxOf(F16 a, F16 b) { return F16::of(_mm512_max_ps(a.v, b.v)); }
WZ_LANE_OP F16 absOf(F16 a) { return F16::of(_mm512_abs_ps(a.v)); }
WZ_LANE_OP F16 sqrtOf(F16 a) { return F16::of(_mm512_sqrt_ps(a.v)); }
WZ_LANE_OP F16 floorOf(F16 a) { return F16::of(_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC)); }
WZ_LANE_OP F16 ceilOf(F16 a) { return F16::of(_mm512_roundscale_ps(a.v, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC)); }
WZ_LANE_OP F16 select(M16 m, F16 a, F16 b) { return F16::of(_mm512_mask_blend_ps(m.m, b.v, a.v)); }
WZ_LANE_OP bool anyOf(M16 m) { return !_kortestz_mask16_u8(m.m, m.m); }
WZ_LANE_OP uint32_t bitmaskOf(M16 m) { return m.m; }
WZ_LANE_OP I16 bitsOf(F16 a) { return I16::of(_mm512_castps_si512(a.v)); }
WZ_LANE_OP F16 fromBits(I16 a, F16) { return F16::of(_mm512_castsi512_ps(a.v)); }
WZ_LANE_OP I16 shiftLeft(I16 a, int n) { return I16::of(_mm512_slli_epi32(a.v, static_cast<unsigned>(n))); }
WZ_LANE_OP I16 shiftRight(I16 a, int n) { return I16::of(_mm512_srai_epi32(a.v, static_cast<unsigned>(n))); }
WZ_LANE_OP F16 toLanes(I16 a, F16) { return F16::of(_mm512_cvtepi32_ps(a.v)); }
WZ_LANE_OP I16 truncated(F16 a) { return I16::of(_mm512_cvttps_epi32(a.v)); }
WZ_LANE_OP I16 lowWords(I16 a) { return I16::of(_mm512_and_si512(a.v, _mm512_set1_epi32(0xffff))); }
WZ_LANE_OP I16 highWords(I16 a) { return I16::of(_mm512_srli_epi32(a.v, 16)); }
// Sixteen floats, 64-byte aligned.
WZ_LANE_OP F16 loadLanes(const float* p) { return F16::of(_mm512_load_ps(p)); }
WZ_LANE_OP void storeLanes(float* p, F16 a) { _mm512_store_ps(p, a.v); }

WZ_LANE_OP I16 loadInts(const uint32_t* p) { return I16::of(_mm512_loadu_si512(p)); }
WZ_LANE_OP __m128i sixteenBytes(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
WZ_LANE_OP void loadBytes(const uint8_t* p, I16& a) { a.v = _mm512_cvtepu8_epi32(sixteenBytes(p)); }
WZ_LANE_OP void loadSignedBytes(const int8_t* p, I16& a) { a.v = _mm512_cvtepi8_epi32(sixteenBytes(p)); }
WZ_LANE_OP void loadWords(const uint16_t* p, I16& a) {
    a.v = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
// Bits of the lanes in which this bit is set.
WZ_LANE_OP uint32_t lanesWith(I16 a, uint32_t bit) {
    return _mm512_test_epi32_mask(a.v, _mm512_set1_epi32(static_cast<int32_t>(1u << bit)));
}
// Bits of the lanes in which a < b; no difference may exceed 31 bits.
WZ_LANE_OP uint32_t lanesBelow(I16 a, I16 b) { return _mm512_cmplt_epi32_mask(a.v, b.v); }
// Writes the lanes whose bit is set one after the other, and anything behind them, sixteen numbers in all.
WZ_LANE_OP void packLanes(uint32_t* to, uint32_t chosen, I16 a) {
    _mm512_storeu_si512(to, _mm512_maskz_compress_epi32(static_cast<__mmask16>(chosen), a.v));
}

// Lanes 4 row .. 4 row + 3.
WZ_LANE_OP Floats4 rowOf(F16 a, int row) {
    const __m256 half = row < 2 ? _mm512_castps512_ps256(a.v) : _mm512_extractf32x8_ps(a.v, 1);
    return (Floats4)(row % 2 ? _mm256_extractf128_ps(half, 1) : _mm256_castps256_ps128(half));
}

WZ_LANE_OP F16 ofRows(const Floats4 (&rows)[4]) {
    const __m256 low = _mm256_set_m128((__m128)rows[1], (__m128)rows[0]);
    const __m256 high = _mm256_set_m128((__m128)rows[3], (__m128)rows[2]);
    return F16::of(_mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1));
}

// Lanes 0..7 are a, lanes 8..15 b.
WZ_LANE_OP F16 halvesOf(float a, float b) {
    return F16::of(_mm512_mask_blend_ps(0xff00, _mm512_set1_ps(a), _mm512_set1_ps(b)));
}
// Of lanes 0..7 four a row of pixels (part 0 or 1) in each row; of lanes 8..15 four a column in each column.
WZ_LANE_OP F16 columnsOf(F16 a, int part) {
    alignas(64) static constexpr int32_t kIndex[2][16] = {{0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3},
                                                          {4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7}};
    return F16::of(_mm512_permutexvar_ps(_mm512_load_si512(kIndex[part]), a.v));
}
WZ_LANE_OP F16 rowsOf(F16 a, int part) {
    alignas(64) static constexpr int32_t kIndex[2][16] = {
        {8, 8, 8, 8, 9, 9, 9, 9, 10, 10, 10, 10, 11, 11, 11, 11},
        {12, 12, 12, 12, 13, 13, 13, 13, 14, 14, 14, 14, 15, 15, 15, 15}};
    return F16::of(_mm512_permutexvar_ps(_mm512_load_si512(kIndex[part]), a.v));
}

}  // namespace wz::WZ_TARGET
