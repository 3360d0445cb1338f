// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "shared/vec.h"

namespace wz {

// Pinhole camera, OpenCV axes: x right, y down, z forward. Pixel (column i, row j) is sampled at (i + 0.5, j + 0.5).
// A lens zoom moves the principal point far outside the picture (1e13 px at 36 octaves): everything stays double here.
struct Camera {
    Vec3d position;            // eye, wu
    Quatd worldFromCamera;     // unit
    double focal_px = 1024.0;  // > 0
    double cx_px = 0.0, cy_px = 0.0;
    int32_t width = 0, height = 0;
};

}  // namespace wz
