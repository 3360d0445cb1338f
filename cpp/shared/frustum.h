// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "shared/camera.h"

namespace wz {

// The four side planes of a view and the plane of the eye, in world axes relative to the eye: a point p (wu, minus the
// eye) is inside when dot(normal[i], p) >= 0 for all i. Unit normals, double: exact to 36 octaves with an off-axis lens.
struct Frustum {
    Vec3d normal[5];
};

WZ_HD Vec3d unit(Vec3d v) { return v * (1.0 / length(v)); }

WZ_HD Frustum frustumOf(const Camera& camera) {
    const Mat3d worldFromCamera = rotationOf(camera.worldFromCamera);
    const double f = camera.focal_px;
    const Vec3d inCamera[5] = {{f, 0.0, camera.cx_px},
                               {-f, 0.0, camera.width - camera.cx_px},
                               {0.0, f, camera.cy_px},
                               {0.0, -f, camera.height - camera.cy_px},
                               {0.0, 0.0, 1.0}};
    Frustum frustum;
    for (int i = 0; i < 5; ++i) frustum.normal[i] = worldFromCamera * unit(inCamera[i]);
    return frustum;
}

// Whether a box (centre relative to the eye, half sizes, wu) grown by `margin` wu may reach into the view.
WZ_HD bool boxMeets(const Frustum& frustum, Vec3d centre, Vec3d half, double margin) {
    for (int i = 0; i < 5; ++i) {
        const Vec3d n = frustum.normal[i];
        const double reach = std::fabs(n.x) * half.x + std::fabs(n.y) * half.y + std::fabs(n.z) * half.z + margin;
        if (dot(n, centre) + reach < 0.0) return false;
    }
    return true;
}

// Nearest and farthest distance from the eye to a box given relative to it.
WZ_HD void distancesToBox(Vec3d centre, Vec3d half, double& nearest, double& farthest) {
    const Vec3d a{std::fabs(centre.x), std::fabs(centre.y), std::fabs(centre.z)};
    const Vec3d gap{a.x > half.x ? a.x - half.x : 0.0, a.y > half.y ? a.y - half.y : 0.0,
                    a.z > half.z ? a.z - half.z : 0.0};
    nearest = length(gap);
    farthest = length(a + half);
}

}  // namespace wz
