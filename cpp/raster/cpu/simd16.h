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

#include "shared/lanes.h"

#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#include "raster/cpu/simd16_avx512.h"
#else
#include "raster/cpu/simd16_split.h"
#endif

namespace wz {
template <>
struct LaneTraits<WZ_TARGET::F16> {
    using Mask = WZ_TARGET::M16;
    using Int = WZ_TARGET::I16;
};
}  // namespace wz
