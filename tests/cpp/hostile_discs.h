// SPDX-License-Identifier: Apache-2.0
// Discs that try what a rasteriser cannot take, as every backend's tests draw them.
#pragma once

#include "raster_scene.h"

namespace wz::test {

// The discs, with NaN, infinities, denormals, zeros and huge numbers put into each field of discs among them.
inline DiscArrays withHostileNumbers(DiscArrays discs, uint32_t seed) {
    const float bad[] = {NAN, INFINITY, -INFINITY, 3e38f, -3e38f, 1e-45f, 1e-39f, 0.0f, -1.0f, 1e20f};
    std::mt19937 rng(seed);
    for (float number : bad)
        for (int field = 0; field < 16; ++field) {
            const size_t i = rng() % discs.size();
            switch (field) {
                case 0:
                case 1:
                case 2: discs.positions[3 * i + static_cast<size_t>(field)] = number; break;
                case 3:
                case 4:
                case 5:
                case 6: discs.orientations[4 * i + static_cast<size_t>(field - 3)] = number; break;
                case 7:
                case 8: discs.extents[2 * i + static_cast<size_t>(field - 7)] = number; break;
                case 9: discs.opacities[i] = number; break;
                case 10: discs.now[i] = number; break;
                case 11: discs.prior[i] = number; break;
                case 12: discs.mask[i] = number; break;
                default:
                    if (!std::isfinite(number)) discs.colors[3 * i + static_cast<size_t>(field - 13)] = number;
            }
        }
    return discs;
}

// Discs of a wu and more around the eye, through the camera plane and the near plane.
inline DiscArrays crossingDiscs(uint32_t seed, int count) {
    std::mt19937 rng(seed);
    std::uniform_real_distribution<double> u(-1, 1);
    DiscArrays discs;
    for (int i = 0; i < count; ++i) {
        const float s = static_cast<float>(0.6 + 0.5 * u(rng));
        discs.add({1.5 * u(rng), 1.5 * u(rng), 0.4 + u(rng)}, randomRotation(rng), s, 0.7f * s,
                  {static_cast<float>(0.5 + 0.5 * u(rng)), 0.5f, 0.3f}, static_cast<float>(0.3 + 0.3 * u(rng)));
    }
    return discs;
}

// `count` faint small discs that all lie in the tile at the frame's corner (tile 0), at `footprint` px: nearly nothing is
// stopped, so that a list is walked to its end. Some are in transition.
inline DiscArrays needleDiscs(uint32_t seed, int count, const Camera& camera) {
    std::mt19937 rng(seed);
    std::uniform_real_distribution<double> u(0, 1);
    DiscArrays discs;
    for (int i = 0; i < count; ++i) {
        const double z = 2 + 7 * u(rng), x = 2 + 4 * u(rng), y = 2 + 4 * u(rng);
        const float s = static_cast<float>(0.4 * z / camera.focal_px);
        const Vec3d p{(x - camera.cx_px) / camera.focal_px * z, (y - camera.cy_px) / camera.focal_px * z, z};
        const double now = length(p) / camera.focal_px * std::exp2(2 * u(rng) - 0.7);
        discs.add(p, randomRotation(rng), s, s, {static_cast<float>(u(rng)), static_cast<float>(u(rng)), 0.5f},
                  static_cast<float>(0.06 + 0.05 * u(rng) * u(rng)), now, u(rng) < 0.6 ? INFINITY : now * 2.83);
    }
    return discs;
}

}  // namespace wz::test
