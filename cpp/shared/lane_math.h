// SPDX-License-Identifier: Apache-2.0
// exp2 and log2 as one polynomial each, for every lane type: the same bits wherever fused multiply-add is the same.
#pragma once

#include "shared/lanes.h"

namespace wz {

// 2^x to 2e-7 (relative); x below -126 gives 2^-126, above 126 gives 2^126.
template <class F>
WZ_HD F exp2Of(F x) {
    const F clamped = minOf(maxOf(x, F(-126.0f)), F(126.0f));
    // Adding 1.5 * 2^23 leaves the nearest whole number in the low bits.
    const F shifted = clamped + F(12582912.0f);
    const F whole = shifted - F(12582912.0f);
    const F f = clamped - whole;
    F p = F(1.535336188319500e-4f);
    p = madd(p, f, F(1.339887440266574e-3f));
    p = madd(p, f, F(9.618437357674640e-3f));
    p = madd(p, f, F(5.550332471162809e-2f));
    p = madd(p, f, F(2.402264791363012e-1f));
    p = madd(p, f, F(6.931472028550421e-1f));
    p = madd(p, f, F(1.0f));
    return fromBits(bitsOf(p) + shiftLeft(bitsOf(shifted), 23), x);
}

// log2(x) to 3e-7 (absolute, for results under 2; else relative); x must be a positive normal number.
template <class F>
WZ_HD F log2Of(F x) {
    using I = IntOf<F>;
    const I offset = bitsOf(x) - I(0x3f3504f3);  // bits of sqrt(1/2): the mantissa lands in [0.707, 1.414)
    const F exponent = toLanes(shiftRight(offset, 23), x);
    const F m = fromBits((offset & I(0x007fffff)) + I(0x3f3504f3), x);
    const F s = (m - F(1.0f)) / (m + F(1.0f));
    const F s2 = s * s;
    F p = F(0.3205988979f);  // 2 / (9 ln 2)
    p = madd(p, s2, F(0.4121985831f));
    p = madd(p, s2, F(0.5770780164f));
    p = madd(p, s2, F(0.9617966939f));
    p = madd(p, s2, F(2.8853900818f));
    return madd(p, s, exponent);
}

inline constexpr float kLog2OfE = 1.4426950409f;
inline constexpr float kLnOf2 = 0.6931471806f;

// 1 - (1 - opacity)^thickness: opacity after scaling the optical depth. opacity in 0..1; it is taken as at most `limit`.
template <class F>
WZ_HD F scaleOpticalDepth(F opacity, F thickness, float limit) {
    const F bounded = minOf(opacity, F(limit));
    return F(1.0f) - exp2Of(thickness * log2Of(F(1.0f) - bounded));
}

}  // namespace wz
