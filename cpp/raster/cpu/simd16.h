// SPDX-License-Identifier: Apache-2.0
// Sixteen lanes: one 4x4 block of pixels, or sixteen surfels. Compiled once for each instruction set: the including file
// defines WZ_TARGET (a namespace) and is compiled with the flags of that set. Everything here lies in that namespace, so
// that no function compiled for one set can be linked into another.
#pragma once

#if !defined(WZ_TARGET)
#error "define WZ_TARGET before including simd16.h"
#endif

#if defined(__x86_64__)
#include <immintrin.h>
#endif
#include <cstdint>

#include "shared/lane_math.h"

namespace wz::WZ_TARGET {

#define WZ_LANE_OP static inline __attribute__((always_inline))

typedef float Floats4 __attribute__((vector_size(16)));
typedef double Doubles4 __attribute__((vector_size(32)));

WZ_LANE_OP void storeFloats(float* p, Floats4 a) { __builtin_memcpy(p, &a, sizeof(a)); }
WZ_LANE_OP void takeRoots(Doubles4& a) {
#if defined(__AVX__)
    a = (Doubles4)_mm256_sqrt_pd((__m256d)a);
#else
    for (int i = 0; i < 4; ++i) a[i] = __builtin_sqrt(a[i]);
#endif
}

}  // namespace wz::WZ_TARGET

#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#define WZ_WHOLE_REGISTERS 1
#include "raster/cpu/simd16_avx512.h"
#else
#include "raster/cpu/simd16_split.h"
#endif
#include "raster/cpu/simd16_rows.h"

namespace wz {
template <>
struct LaneTraits<WZ_TARGET::F16> {
    using Mask = WZ_TARGET::M16;
    using Int = WZ_TARGET::I16;
};
}  // namespace wz

#if defined(WZ_WHOLE_REGISTERS)
namespace wz::WZ_TARGET {

// exp2Within of lane_math.h, to the bit, with instructions that only this set has.
template <int kDegree = 5>
WZ_LANE_OP F16 exp2Within(F16 x) {
    const __m512 n = _mm512_roundscale_ps(x.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    const F16 f = F16::of(_mm512_sub_ps(x.v, n));
    return F16::of(_mm512_scalef_ps(exp2Fraction<kDegree>(f).v, n));
}

}  // namespace wz::WZ_TARGET
#endif
