// SPDX-License-Identifier: Apache-2.0
// Octaves of footprints in double, exact under scaling by powers of two.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace wz {

// value = mantissa * 2^exponent, mantissa in 0.5..1: std::frexp without a call for what is positive and normal.
inline double splitExponent(double value, int& exponent) {
    constexpr uint64_t kFraction = (uint64_t(1) << 52) - 1;
    const uint64_t bits = std::bit_cast<uint64_t>(value);
    const auto biased = static_cast<int>(bits >> 52);  // with the sign
    if (biased == 0 || biased >= 0x7ff) return std::frexp(value, &exponent);
    exponent = biased - 1022;
    return std::bit_cast<double>((bits & kFraction) | (uint64_t(1022) << 52));
}

// 2^exponent, exponent in -1022..1023.
inline double powerOfTwo(int exponent) { return std::bit_cast<double>(static_cast<uint64_t>(exponent + 1023) << 52); }

// floor(-log2(footprint)), exact. footprint > 0 and finite.
inline int floorOctave(double footprint) {
    int exponent;
    const double mantissa = splitExponent(footprint, exponent);
    return mantissa == 0.5 ? 1 - exponent : -exponent;
}

// -log2(footprint) - base for a whole `base`; depends on footprint * 2^base alone. -infinity for an infinite footprint.
inline float relativeOctave(double footprint, double base) {
    if (std::isinf(footprint)) return -INFINITY;
    int exponent;
    const double mantissa = splitExponent(footprint, exponent);
    return static_cast<float>((-exponent - base) - std::log2(mantissa));
}

// 2^-octave in wu per pixel.
inline double footprintOf(double octave) { return std::exp2(-octave); }

}  // namespace wz
