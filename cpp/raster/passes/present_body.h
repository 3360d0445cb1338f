// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "shared/lanes.h"

namespace wz {

// Three display colours as bytes r, g, b, 255 in memory order (little-endian); NaN is black.
WZ_HD uint32_t packedColor(const float* color) {
    uint32_t word = 0xff000000u;
    for (int k = 0; k < 3; ++k) {
        const float bounded = minOf(maxOf(color[k], 0.0f), 1.0f);
        word |= static_cast<uint32_t>(bounded * 255.0f + 0.5f) << (8 * k);
    }
    return word;
}

}  // namespace wz
