// SPDX-License-Identifier: Apache-2.0
// Discs that reach behind the near plane: rare, large, and done one at a time in double.
#pragma once

#include "raster/passes/project.h"
#include "shared/ray_surfel.h"

namespace wz {

// A disc in camera axes, wu: centre and the two tangents times their extents.
struct CameraDisc {
    Vec3d centre, axis1, axis2;
};

// The smaller, the larger; the first where either is NaN.
WZ_HD double lesserOf(double a, double b) { return b < a ? b : a; }
WZ_HD double greaterOf(double a, double b) { return a < b ? b : a; }

struct ScreenBox {
    double x0 = INFINITY, y0 = INFINITY, x1 = -INFINITY, y1 = -INFINITY;  // px
};

WZ_HD void addToBox(ScreenBox& box, const ProjectParams& p, Vec3d v) {
    const double x = p.focal_px * (v.x / v.z) + p.cx_px, y = p.focal_px * (v.y / v.z) + p.cy_px;
    box.x0 = lesserOf(box.x0, x);
    box.y0 = lesserOf(box.y0, y);
    box.x1 = greaterOf(box.x1, x);
    box.y1 = greaterOf(box.y1, y);
}

// Corner i of the disc's square out to `reach` standard deviations, in the order around it.
WZ_HD Vec3d cornerOf(const CameraDisc& d, double reach, int i) {
    const double s1 = i == 1 || i == 2 ? reach : -reach, s2 = i >= 2 ? reach : -reach;
    return d.centre + d.axis1 * s1 + d.axis2 * s2;
}

// Bounds of the square's part in front of the near plane.
WZ_HD ScreenBox clippedBounds(const ProjectParams& p, const CameraDisc& d, double reach, double near) {
    ScreenBox box;
    for (int i = 0; i < 4; ++i) {
        const Vec3d a = cornerOf(d, reach, i), b = cornerOf(d, reach, (i + 1) & 3);
        if (a.z >= near) addToBox(box, p, a);
        if ((a.z >= near) == (b.z >= near)) continue;
        Vec3d cut = a + (b - a) * ((near - a.z) / (b.z - a.z));
        cut.z = near;
        addToBox(box, p, cut);
    }
    return box;
}

WZ_HD bool toRect(const ScreenBox& box, const ProjectParams& p, PixelRect& rect) {
    const double slack = 0.01;
    const double x0 = greaterOf(0.0, std::ceil(box.x0 - 0.5 - slack));
    const double y0 = greaterOf(0.0, std::ceil(box.y0 - 0.5 - slack));
    const double x1 = lesserOf(p.width, std::floor(box.x1 - 0.5 + slack) + 1);
    const double y1 = lesserOf(p.height, std::floor(box.y1 - 0.5 + slack) + 1);
    if (!(x0 < x1) || !(y0 < y1)) return false;
    rect = {static_cast<uint16_t>(x0), static_cast<uint16_t>(y0), static_cast<uint16_t>(x1), static_cast<uint16_t>(y1)};
    return true;
}

// Fills in the ray form, the cutoff and the bounds of a record whose opacity is set. The disc is bounded by its square
// out to the cutoff, clipped at the near plane. Returns false when nothing of it is on the screen (or its plane holds
// the eye: such a disc is edge-on everywhere).
WZ_HD bool finishGeneralDisc(const ProjectParams& p, const CameraDisc& d, double near, SurfelRecord& record,
                             PixelRect& rect) {
    const double cutoff2 = lesserOf(kCutoffMax * kCutoffMax, 2.0 * std::log(record.opacity / kAlphaMin));
    if (!(cutoff2 > 0)) return false;
    // zeta = adj([axis1 axis2 centre]) ray; scaled so that hit depth = near / zz.
    const Vec3d rows[3] = {cross(d.axis2, d.centre), cross(d.centre, d.axis1), cross(d.axis1, d.axis2)};
    const double scale = near / dot(d.axis1, rows[0]);
    if (!(scale - scale == 0.0)) return false;  // not finite
    const double rx = (0.5 * p.width - p.cx_px) / p.focal_px, ry = (0.5 * p.height - p.cy_px) / p.focal_px;
    float form[3][3];
    for (int i = 0; i < 3; ++i) {
        const Vec3d row = rows[i] * scale;
        const double values[3] = {row.x * rx + row.y * ry + row.z, row.x / p.focal_px, row.y / p.focal_px};
        for (int k = 0; k < 3; ++k) {
            if (!(std::fabs(values[k]) < kLargestSane)) return false;
            form[i][k] = static_cast<float>(values[k]);
        }
    }
    if (!toRect(clippedBounds(p, d, std::sqrt(cutoff2), near), p, rect)) return false;
    record.x = form[0][0];
    record.ux = form[0][1];
    record.uy = form[0][2];
    record.y = form[1][0];
    record.vx = form[1][1];
    record.vy = form[1][2];
    record.spare = form[2][0];
    record.hx = form[2][1];
    record.hy = form[2][2];
    record.cutoff2 = static_cast<float>(cutoff2);
    return true;
}

// p: position as the map takes it; extents in wu.
WZ_HD CameraDisc cameraDiscAt(const ProjectParams& params, const DoubleCentres& map, Vec3d p, Quatd rotation,
                              double extent1, double extent2) {
    const Mat3d world = rotationOf(rotation);
    const Mat3d& camera = params.cameraFromWorld;
    const Mat3d axes{map.axisX, map.axisY, map.axisZ};
    return {map.base + axes * p, (camera * Vec3d{world.r0.x, world.r1.x, world.r2.x}) * extent1,
            (camera * Vec3d{world.r0.y, world.r1.y, world.r2.y}) * extent2};
}

WZ_HD CameraDisc cameraDiscOf(const ProjectParams& params, const DoubleCentres& map, const Surfel& packed) {
    const PageSurfel s = unpackSurfel(packed);
    return cameraDiscAt(params, map, {s.position.x, s.position.y, s.position.z},
                        {s.rotation.w, s.rotation.x, s.rotation.y, s.rotation.z}, s.extent[0] * map.unit,
                        s.extent[1] * map.unit);
}

// Surfel j of a layer. eye: what positions are relative to; sky positions count as directions.
WZ_HD CameraDisc cameraDiscOf(const ProjectParams& params, const DoubleCentres& map, const LayerArrays& a, size_t j,
                              Vec3d eye, bool sky) {
    Vec3d p{a.positions[3 * j], a.positions[3 * j + 1], a.positions[3 * j + 2]};
    if (sky) p = p * (1.0 / length(p));
    const float* q = a.orientations + 4 * j;
    return cameraDiscAt(params, map, p - eye, {q[0], q[1], q[2], q[3]}, a.extents[2 * j], a.extents[2 * j + 1]);
}

}  // namespace wz
