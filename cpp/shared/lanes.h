// SPDX-License-Identifier: Apache-2.0
// The lane operations in which pass bodies are written. A body is a template over a lane type F: float here (a CUDA
// thread, a test), a vector of 16 on the CPU. Comparisons give MaskOf<F>; masks combine with & | !.
#pragma once

#include <cmath>
#include <cstdint>

#include "shared/vec.h"

namespace wz {

template <class F>
struct LaneTraits;

template <>
struct LaneTraits<float> {
    using Mask = bool;
    using Int = int32_t;
};

template <class F>
using MaskOf = typename LaneTraits<F>::Mask;
template <class F>
using IntOf = typename LaneTraits<F>::Int;

// a * b + c, rounded once.
WZ_HD float madd(float a, float b, float c) {
#if defined(__CUDA_ARCH__)
    return __fmaf_rn(a, b, c);
#else
    return std::fma(a, b, c);
#endif
}
// c - a * b, rounded once.
WZ_HD float nmadd(float a, float b, float c) { return madd(-a, b, c); }
// When either is NaN the second comes back, as x86 vectors have it.
WZ_HD float minOf(float a, float b) { return a < b ? a : b; }
WZ_HD float maxOf(float a, float b) { return a > b ? a : b; }
WZ_HD float absOf(float a) { return std::fabs(a); }
WZ_HD float sqrtOf(float a) { return std::sqrt(a); }
WZ_HD float floorOf(float a) { return std::floor(a); }
WZ_HD float ceilOf(float a) { return std::ceil(a); }
WZ_HD float select(bool m, float a, float b) { return m ? a : b; }
WZ_HD bool anyOf(bool m) { return m; }
WZ_HD int32_t bitsOf(float a) {
#if defined(__CUDA_ARCH__)
    return __float_as_int(a);
#else
    return __builtin_bit_cast(int32_t, a);
#endif
}
WZ_HD float fromBits(int32_t a, float) {
#if defined(__CUDA_ARCH__)
    return __int_as_float(a);
#else
    return __builtin_bit_cast(float, a);
#endif
}
WZ_HD int32_t shiftLeft(int32_t a, int n) { return static_cast<int32_t>(static_cast<uint32_t>(a) << n); }
WZ_HD int32_t shiftRight(int32_t a, int n) { return a >> n; }
WZ_HD float toLanes(int32_t a, float) { return static_cast<float>(a); }

}  // namespace wz
