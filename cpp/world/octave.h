// SPDX-License-Identifier: Apache-2.0
// Octaves of footprints in double, exact under scaling by powers of two.
#pragma once

#include <cmath>

namespace wz {

// floor(-log2(footprint)), exact. footprint > 0 and finite.
inline int floorOctave(double footprint) {
    int exponent;
    const double mantissa = std::frexp(footprint, &exponent);  // 0.5..1
    return mantissa == 0.5 ? 1 - exponent : -exponent;
}

// -log2(footprint) - base for a whole `base`; depends on footprint * 2^base alone. -infinity for an infinite footprint.
inline float relativeOctave(double footprint, double base) {
    if (std::isinf(footprint)) return -INFINITY;
    int exponent;
    const double mantissa = std::frexp(footprint, &exponent);
    return static_cast<float>((-exponent - base) - std::log2(mantissa));
}

// 2^-octave in wu per pixel.
inline double footprintOf(double octave) { return std::exp2(-octave); }

}  // namespace wz
