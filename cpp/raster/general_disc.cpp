// SPDX-License-Identifier: Apache-2.0
#include "raster/general_disc.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "shared/ray_surfel.h"

namespace wz {
namespace {

struct Box {
    double x0 = INFINITY, y0 = INFINITY, x1 = -INFINITY, y1 = -INFINITY;
    void add(double x, double y) {
        x0 = std::min(x0, x);
        y0 = std::min(y0, y);
        x1 = std::max(x1, x);
        y1 = std::max(y1, y);
    }
};

// Bounds of the square's part in front of the near plane.
Box clippedBounds(const ProjectParams& p, const CameraDisc& d, double reach, double near) {
    const double sign[4][2] = {{-1, -1}, {1, -1}, {1, 1}, {-1, 1}};
    std::array<Vec3d, 4> corner;
    for (int i = 0; i < 4; ++i) corner[i] = d.centre + d.axis1 * (sign[i][0] * reach) + d.axis2 * (sign[i][1] * reach);
    Box box;
    const auto project = [&](Vec3d v) {
        box.add(p.focal_px * (v.x / v.z) + p.cx_px, p.focal_px * (v.y / v.z) + p.cy_px);
    };
    for (int i = 0; i < 4; ++i) {
        const Vec3d a = corner[i], b = corner[(i + 1) % 4];
        if (a.z >= near) project(a);
        if ((a.z >= near) == (b.z >= near)) continue;
        Vec3d cut = a + (b - a) * ((near - a.z) / (b.z - a.z));
        cut.z = near;
        project(cut);
    }
    return box;
}

bool toRect(const Box& box, const ProjectParams& p, PixelRect& rect) {
    const double slack = 0.01;
    const double x0 = std::max(0.0, std::ceil(box.x0 - 0.5 - slack)),
                 y0 = std::max(0.0, std::ceil(box.y0 - 0.5 - slack));
    const double x1 = std::min<double>(p.width, std::floor(box.x1 - 0.5 + slack) + 1);
    const double y1 = std::min<double>(p.height, std::floor(box.y1 - 0.5 + slack) + 1);
    if (!(x0 < x1) || !(y0 < y1)) return false;
    rect = {static_cast<uint16_t>(x0), static_cast<uint16_t>(y0), static_cast<uint16_t>(x1), static_cast<uint16_t>(y1)};
    return true;
}

}  // namespace

bool finishGeneralDisc(const ProjectParams& p, const CameraDisc& d, double near, SurfelRecord& record,
                       PixelRect& rect) {
    const double cutoff2 = std::min<double>(kCutoffMax * kCutoffMax, 2.0 * std::log(record.opacity / kAlphaMin));
    if (!(cutoff2 > 0)) return false;
    // zeta = adj([axis1 axis2 centre]) ray; scaled so that hit depth = near / zz.
    const Vec3d rows[3] = {cross(d.axis2, d.centre), cross(d.centre, d.axis1), cross(d.axis1, d.axis2)};
    const double scale = near / dot(d.axis1, rows[0]);
    if (!std::isfinite(scale)) return false;
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

}  // namespace wz
