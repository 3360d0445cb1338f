// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include "shared/camera.h"

namespace wz {

// Projects points into a lens camera in double: a focal of 7e13 px with a principal point as far away loses no more than
// the rounding of the point itself (about 0.01 px).
class LensProjector {
public:
    struct Hit {
        double x_px, y_px;
        double distance;  // radial, wu; +infinity for a sky direction
        bool inFront;
    };

    explicit LensProjector(const Camera& camera)
        : camera_(camera), cameraFromWorld_(transpose(rotationOf(camera.worldFromCamera))) {}

    Hit project(Vec3d p, bool sky) const {
        const Vec3d fromEye = sky ? p : p - camera_.position;
        const Vec3d v = cameraFromWorld_ * fromEye;
        const double distance = sky ? INFINITY : length(fromEye);
        if (!(v.z > 0.0)) return {0, 0, distance, false};
        return {camera_.focal_px * (v.x / v.z) + camera_.cx_px, camera_.focal_px * (v.y / v.z) + camera_.cy_px,
                distance, true};
    }

    // Footprint of this camera at a radial distance: wu per px; for sky (infinite distance) radians per px.
    double footprintAt(double distance) const { return (std::isinf(distance) ? 1.0 : distance) / camera_.focal_px; }

    const Camera& camera() const { return camera_; }

private:
    Camera camera_;
    Mat3d cameraFromWorld_;
};

}  // namespace wz
