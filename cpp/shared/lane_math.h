// SPDX-License-Identifier: Apache-2.0
// exp2 and log2 as one polynomial each, for every lane type: the same bits wherever fused multiply-add is the same.
#pragma once

#include "shared/lanes.h"

namespace wz {

// 2^f for f in -1/2..1/2: minimax, exact at 0. Relative error 9e-8 with degree 5, 3e-6 with degree 4.
template <int kDegree, class F>
WZ_HD F exp2Fraction(F f) {
    static_assert(kDegree == 4 || kDegree == 5, "minimax polynomials of these degrees are given");
    if constexpr (kDegree == 4) {
        F p = F(9.5828531095e-3f);
        p = madd(p, f, F(5.5906424691e-2f));
        p = madd(p, f, F(2.4024098610e-1f));
        p = madd(p, f, F(6.9312419341e-1f));
        return madd(p, f, F(1.0f));
    } else {
        F p = F(1.3264728770e-3f);
        p = madd(p, f, F(9.6715131837e-3f));
        p = madd(p, f, F(5.5507337445e-2f));
        p = madd(p, f, F(2.4022242077e-1f));
        p = madd(p, f, F(6.9314697760e-1f));
        return madd(p, f, F(1.0f));
    }
}

// 2^x to 2e-7 (degree 4: 3e-6; relative) for x in -126..126; beyond it anything may come.
template <int kDegree = 5, class F>
WZ_HD F exp2Within(F x) {
    // Adding 1.5 * 2^23 leaves the nearest whole number in the low bits.
    const F shifted = x + F(12582912.0f);
    const F f = x - (shifted - F(12582912.0f));
    return fromBits(bitsOf(exp2Fraction<kDegree>(f)) + shiftLeft(bitsOf(shifted), 23), x);
}

// 2^x; x below -126 gives 2^-126, above 126 gives 2^126.
template <class F>
WZ_HD F exp2Of(F x) {
    return exp2Within(minOf(maxOf(x, F(-126.0f)), F(126.0f)));
}

// 2^x to 3e-7 (relative) for x <= 0, where it is over 2^-126; else something as small. A GPU's own instruction there, whose last
// bits are not those of the others.
WZ_HD float exp2Falloff(float x) {
#if defined(__CUDA_ARCH__)
    return exp2f(x);
#else
    return exp2Of(x);
#endif
}

// log2(x) to 2e-7 (absolute, for results under 4; else relative); x must be a positive normal number. 0 at 1, and near it relative
// to the result.
template <class F>
WZ_HD F log2Of(F x) {
    using I = IntOf<F>;
    const I offset = bitsOf(x) - I(0x3f3504f3);  // bits of sqrt(1/2): the mantissa lands in [0.707, 1.414)
    const F exponent = toLanes(shiftRight(offset, 23), x);
    const F m = fromBits((offset & I(0x007fffff)) + I(0x3f3504f3), x);
    const F f = m - F(1.0f);
    F p = F(-0.14574444294f);  // log2(1 + f) / f: minimax, 5e-8 of log2
    p = madd(p, f, F(0.23689036071f));
    p = madd(p, f, F(-0.25006905198f));
    p = madd(p, f, F(0.28670746088f));
    p = madd(p, f, F(-0.36008721590f));
    p = madd(p, f, F(0.48093944788f));
    p = madd(p, f, F(-0.72135716677f));
    p = madd(p, f, F(1.44269478321f));
    return madd(p, f, exponent);
}

inline constexpr float kLog2OfE = 1.4426950409f;
inline constexpr float kLnOf2 = 0.6931471806f;

// 1 - (1 - opacity)^thickness: opacity after scaling the optical depth. opacity in 0..1; it is taken as at most `limit`.
template <class F>
WZ_HD F scaleOpticalDepth(F opacity, F thickness, float limit) {
    const F bounded = minOf(opacity, F(limit));
    return F(1.0f) - exp2Of(thickness * log2Of(F(1.0f) - bounded));
}

// The optical depth -ln(1 - alpha) of a disc of peak opacity o, summed over the plane, is 2 pi sqrt(det S) Li2(o) with the
// dilogarithm Li2. With t = -ln(1 - o), Li2 = t P(t): minimax fits, 2e-6 for o <= 0.99 and 2e-5 for the inverse.
template <class F>
WZ_HD F dilogarithmOf(F t) {
    F p = F(-1.16717184e-6f);
    p = madd(p, t, F(3.87435589e-5f));
    p = madd(p, t, F(-3.91450910e-4f));
    p = madd(p, t, F(1.68932890e-4f));
    p = madd(p, t, F(2.76580735e-2f));
    p = madd(p, t, F(-2.49968110e-1f));
    return t * madd(p, t, F(9.99998612e-1f));
}

template <class F>
WZ_HD F inverseDilogarithmOf(F y) {
    F p = F(-9.82525294e-3f);
    p = madd(p, y, F(4.82642912e-2f));
    p = madd(p, y, F(-9.49384812e-2f));
    p = madd(p, y, F(9.24559335e-2f));
    p = madd(p, y, F(-4.85707735e-2f));
    p = madd(p, y, F(2.51696985e-2f));
    p = madd(p, y, F(-2.51020240e-1f));
    return y * madd(p, y, F(1.00001507f));
}

// That sum over 2 pi sqrt(det S), of an opacity that is taken as at most `limit`.
template <class F>
WZ_HD F opticalSumOf(F opacity, float limit) {
    return dilogarithmOf(F(-kLnOf2) * log2Of(F(1.0f) - minOf(opacity, F(limit))));
}

// Opacity of a disc drawn larger than it is, 1 / thickness times its area, such that its optical depth summed over the
// picture, `sum` where it is drawn as it is, stays. Opacities over `limit` keep their ratio to it, so that nothing jumps at thickness 1.
template <class F>
WZ_HD F spreadOpacity(F opacity, F sum, F thickness, float limit) {
    const F spread = inverseDilogarithmOf(thickness * sum);
    const F thinned = spread * maxOf(opacity * F(1.0f / limit), F(1.0f));
    return select(thickness < F(1.0f), thinned, opacity);
}

}  // namespace wz
