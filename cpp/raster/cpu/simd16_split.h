// SPDX-License-Identifier: Apache-2.0
// Sixteen lanes as two or four registers of the compiler's vector extension: AVX2 with FMA, or whatever the baseline has
// (SSE2, NEON, scalar code). Masks are all-ones lanes. Included by simd16.h alone.
#pragma once

namespace wz::WZ_TARGET {

#define WZ_LANE_OP static inline __attribute__((always_inline))

#if defined(__AVX2__)
inline constexpr int kPartBytes = 32;
#else
inline constexpr int kPartBytes = 16;
#endif
inline constexpr int kParts = 64 / kPartBytes;
inline constexpr int kPartLanes = kPartBytes / 4;

typedef float PartF __attribute__((vector_size(kPartBytes)));
typedef int32_t PartI __attribute__((vector_size(kPartBytes)));
typedef float PartInMemory __attribute__((vector_size(kPartBytes), may_alias));

struct M16 {
    PartI m[kParts];
};
struct F16 {
    PartF v[kParts];
    F16() = default;
    inline __attribute__((always_inline)) explicit F16(float a) {
        for (int i = 0; i < kParts; ++i) v[i] = PartF{} + a;
    }
};
struct I16 {
    PartI v[kParts];
    I16() = default;
    inline __attribute__((always_inline)) explicit I16(int32_t a) {
        for (int i = 0; i < kParts; ++i) v[i] = PartI{} + a;
    }
};

#define WZ_EACH_PART(TYPE, EXPRESSION)                    \
    TYPE r;                                               \
    _Pragma("GCC unroll 4") for (int i = 0; i < kParts; ++i) EXPRESSION; \
    return r

WZ_LANE_OP F16 operator+(F16 a, F16 b) { WZ_EACH_PART(F16, r.v[i] = a.v[i] + b.v[i]); }
WZ_LANE_OP F16 operator-(F16 a, F16 b) { WZ_EACH_PART(F16, r.v[i] = a.v[i] - b.v[i]); }
WZ_LANE_OP F16 operator*(F16 a, F16 b) { WZ_EACH_PART(F16, r.v[i] = a.v[i] * b.v[i]); }
WZ_LANE_OP F16 operator/(F16 a, F16 b) { WZ_EACH_PART(F16, r.v[i] = a.v[i] / b.v[i]); }
WZ_LANE_OP M16 operator<(F16 a, F16 b) { WZ_EACH_PART(M16, r.m[i] = a.v[i] < b.v[i]); }
WZ_LANE_OP M16 operator<=(F16 a, F16 b) { WZ_EACH_PART(M16, r.m[i] = a.v[i] <= b.v[i]); }
WZ_LANE_OP M16 operator>(F16 a, F16 b) { WZ_EACH_PART(M16, r.m[i] = a.v[i] > b.v[i]); }
WZ_LANE_OP M16 operator>=(F16 a, F16 b) { WZ_EACH_PART(M16, r.m[i] = a.v[i] >= b.v[i]); }
WZ_LANE_OP M16 operator&(M16 a, M16 b) { WZ_EACH_PART(M16, r.m[i] = a.m[i] & b.m[i]); }
WZ_LANE_OP M16 operator|(M16 a, M16 b) { WZ_EACH_PART(M16, r.m[i] = a.m[i] | b.m[i]); }
WZ_LANE_OP M16 operator!(M16 a) { WZ_EACH_PART(M16, r.m[i] = ~a.m[i]); }
WZ_LANE_OP I16 operator+(I16 a, I16 b) { WZ_EACH_PART(I16, r.v[i] = a.v[i] + b.v[i]); }
WZ_LANE_OP I16 operator-(I16 a, I16 b) { WZ_EACH_PART(I16, r.v[i] = a.v[i] - b.v[i]); }
WZ_LANE_OP I16 operator&(I16 a, I16 b) { WZ_EACH_PART(I16, r.v[i] = a.v[i] & b.v[i]); }

#if defined(__AVX2__) && defined(__FMA__)
WZ_LANE_OP F16 madd(F16 a, F16 b, F16 c) { WZ_EACH_PART(F16, r.v[i] = _mm256_fmadd_ps(a.v[i], b.v[i], c.v[i])); }
WZ_LANE_OP F16 minOf(F16 a, F16 b) { WZ_EACH_PART(F16, r.v[i] = _mm256_min_ps(a.v[i], b.v[i])); }
WZ_LANE_OP F16 maxOf(F16 a, F16 b) { WZ_EACH_PART(F16, r.v[i] = _mm256_max_ps(a.v[i], b.v[i])); }
WZ_LANE_OP F16 sqrtOf(F16 a) { WZ_EACH_PART(F16, r.v[i] = _mm256_sqrt_ps(a.v[i])); }
WZ_LANE_OP F16 floorOf(F16 a) { WZ_EACH_PART(F16, r.v[i] = _mm256_floor_ps(a.v[i])); }
WZ_LANE_OP F16 ceilOf(F16 a) { WZ_EACH_PART(F16, r.v[i] = _mm256_ceil_ps(a.v[i])); }
WZ_LANE_OP F16 select(M16 m, F16 a, F16 b) {
    WZ_EACH_PART(F16, r.v[i] = _mm256_blendv_ps(b.v[i], a.v[i], (PartF)m.m[i]));
}
WZ_LANE_OP uint32_t bitmaskOf(M16 a) {
    return static_cast<uint32_t>(_mm256_movemask_ps((PartF)a.m[0]) | (_mm256_movemask_ps((PartF)a.m[1]) << 8));
}
#else
// Without a fused multiply-add in the instruction set the product is rounded too: a call for each lane costs far more.
WZ_LANE_OP F16 madd(F16 a, F16 b, F16 c) { WZ_EACH_PART(F16, r.v[i] = a.v[i] * b.v[i] + c.v[i]); }
WZ_LANE_OP F16 minOf(F16 a, F16 b) { WZ_EACH_PART(F16, r.v[i] = a.v[i] < b.v[i] ? a.v[i] : b.v[i]); }
WZ_LANE_OP F16 maxOf(F16 a, F16 b) { WZ_EACH_PART(F16, r.v[i] = a.v[i] > b.v[i] ? a.v[i] : b.v[i]); }
WZ_LANE_OP F16 eachLane(F16 a, float (*f)(float)) {
    WZ_EACH_PART(F16, for (int k = 0; k < kPartLanes; ++k) r.v[i][k] = f(a.v[i][k]));
}
#if defined(__SSE2__)
WZ_LANE_OP F16 sqrtOf(F16 a) { WZ_EACH_PART(F16, r.v[i] = _mm_sqrt_ps(a.v[i])); }
#else
WZ_LANE_OP F16 sqrtOf(F16 a) { return eachLane(a, [](float x) { return __builtin_sqrtf(x); }); }
#endif
WZ_LANE_OP F16 floorOf(F16 a) { return eachLane(a, [](float x) { return __builtin_floorf(x); }); }
WZ_LANE_OP F16 ceilOf(F16 a) { return eachLane(a, [](float x) { return __builtin_ceilf(x); }); }
WZ_LANE_OP F16 select(M16 m, F16 a, F16 b) { WZ_EACH_PART(F16, r.v[i] = m.m[i] ? a.v[i] : b.v[i]); }
WZ_LANE_OP uint32_t bitmaskOf(M16 a) {
    uint32_t bits = 0;
    for (int i = 0; i < kParts; ++i) {
#if defined(__SSE2__)
        bits |= static_cast<uint32_t>(_mm_movemask_ps((PartF)a.m[i])) << (i * kPartLanes);
#else
        for (int k = 0; k < kPartLanes; ++k) bits |= static_cast<uint32_t>(a.m[i][k] & 1) << (i * kPartLanes + k);
#endif
    }
    return bits;
}
#endif
WZ_LANE_OP F16 absOf(F16 a) { WZ_EACH_PART(F16, r.v[i] = (PartF)((PartI)a.v[i] & 0x7fffffff)); }
WZ_LANE_OP bool anyOf(M16 m) { return bitmaskOf(m) != 0; }
WZ_LANE_OP M16 maskFromBits(uint32_t bits) {
    WZ_EACH_PART(M16, for (int k = 0; k < kPartLanes; ++k) r.m[i][k] = (bits >> (i * kPartLanes + k)) & 1u ? -1 : 0);
}
WZ_LANE_OP I16 bitsOf(F16 a) { WZ_EACH_PART(I16, r.v[i] = (PartI)a.v[i]); }
WZ_LANE_OP F16 fromBits(I16 a, F16) { WZ_EACH_PART(F16, r.v[i] = (PartF)a.v[i]); }
WZ_LANE_OP I16 shiftLeft(I16 a, int n) { WZ_EACH_PART(I16, r.v[i] = a.v[i] << n); }
WZ_LANE_OP I16 shiftRight(I16 a, int n) { WZ_EACH_PART(I16, r.v[i] = a.v[i] >> n); }
WZ_LANE_OP F16 toLanes(I16 a, F16) { WZ_EACH_PART(F16, r.v[i] = __builtin_convertvector(a.v[i], PartF)); }
// Sixteen floats, 64-byte aligned.
WZ_LANE_OP F16 loadLanes(const float* p) { WZ_EACH_PART(F16, r.v[i] = *reinterpret_cast<const PartInMemory*>(p + i * kPartLanes)); }
WZ_LANE_OP void storeLanes(float* p, F16 a) {
    for (int i = 0; i < kParts; ++i) *reinterpret_cast<PartInMemory*>(p + i * kPartLanes) = a.v[i];
}
#undef WZ_EACH_PART

}  // namespace wz::WZ_TARGET
