// SPDX-License-Identifier: Apache-2.0
// A Gaussian disc seen through a pinhole: where the ray of a pixel meets it, and how far it reaches on the screen.
//
// Everything is relative to the surfel's own mean, in pixels and in units of its own depth, so nothing over- or
// underflows at footprints of 1e-13 and focals of 1e13. With the tangents t_1, t_2 in camera axes, the extents s_1, s_2,
// the mean (X, Y, Z) and the focal f,
//   [a b; c d] = f s_j (t_jx - (X/Z) t_jz, t_jy - (Y/Z) t_jz) / Z     pixels per standard deviation
//   (e, g)     = s_j t_jz / Z                                         depth per standard deviation
// a disc coordinate (u, v) in standard deviations is seen at the pixel offset ([a b; c d] (u, v)) / (1 + e u + g v).
// Its inverse is zeta(p) = (zx, zy, zz): with D = ad - bc,
//   zx = (d px - b py) / D,  zy = (a py - c px) / D,  zz = 1 - e zx - g zy,  (u, v) = (zx, zy) / zz,  hit depth = Z / zz.
// (adj(M) of the matrix M = K [s_1 t_1 | s_2 t_2 | mu], divided by f^2 Z D and moved to the mean.)
//
// Edge-on discs: D goes to 0 and with it the width on the screen. D is kept above kThinnestAspect of the squared
// lengths, which draws nothing wider than 1e-6 of the length; the low-pass then shows a dot around the mean, which the
// correction in optical depth fades out with the vanishing area. An edge-on disc is invisible.
// Discs that reach behind the near plane have no bounded ellipse; they take the general form (see GeneralDisc).
#pragma once

#include "shared/config.h"
#include "shared/lane_math.h"

namespace wz {

template <class F>
struct ScreenDisc {
    F a, b, c, d;  // px
    F e, g;  // of the depth
    F wide2, high2;  // a^2 + b^2, c^2 + d^2
    F slope2;  // e^2 + g^2
    F det;  // a d - b c, kept away from 0
};

template <class F>
struct CameraTangents {
    F x1, y1, z1, x2, y2, z2;  // unit, camera axes
};

// tx, ty = X/Z, Y/Z; px1, px2 = f s_j / Z; depth1, depth2 = s_j / Z.
template <class F>
WZ_HD ScreenDisc<F> screenDiscOf(const CameraTangents<F>& t, F tx, F ty, F px1, F px2, F depth1, F depth2) {
    ScreenDisc<F> o;
    o.a = px1 * nmadd(tx, t.z1, t.x1);
    o.c = px1 * nmadd(ty, t.z1, t.y1);
    o.b = px2 * nmadd(tx, t.z2, t.x2);
    o.d = px2 * nmadd(ty, t.z2, t.y2);
    o.e = depth1 * t.z1;
    o.g = depth2 * t.z2;
    o.wide2 = madd(o.a, o.a, o.b * o.b);
    o.high2 = madd(o.c, o.c, o.d * o.d);
    o.slope2 = madd(o.e, o.e, o.g * o.g);
    const F det = nmadd(o.b, o.c, o.a * o.d);
    const F smallest = maxOf(F(kThinnestAspect) * (o.wide2 + o.high2), F(1e-30f));
    const F sized = maxOf(absOf(det), smallest);
    o.det = select(det < F(0.0f), F(0.0f) - sized, sized);
    return o;
}

// The screen covariance to first order, S.
template <class F>
struct ScreenSpread {
    F largest;  // its larger eigenvalue, px^2
    F thickness;  // sqrt(det S / det S') <= 1: S' is S with its eigenvalues raised to what the low-pass makes of them, so this
    // is the disc's area over that of what is drawn in its place (see spreadOpacity)
};

template <class F>
WZ_HD ScreenSpread<F> screenSpreadOf(const ScreenDisc<F>& o) {
    const F half = F(0.5f) * (o.wide2 + o.high2);
    const F det2 = o.det * o.det;
    const F large = half + sqrtOf(maxOf(nmadd(o.det, o.det, half * half), F(0.0f)));
    // With V the variance of the low-pass, det2 / large the smaller eigenvalue and L = max(large, V) the square of the thickness
    // is det2 / (L max(det2 / large, V)), which is the lesser of large / L and det2 / (L V).
    const F kept = minOf(large, det2 * F(1.0f / kLowpassVariance));
    return {large, minOf(sqrtOf(kept / maxOf(large, F(kLowpassVariance))), F(1.0f))};
}

// How far from the mean (px) the disc out to `cutoff2` (squared standard deviations) and its low-pass dot reach to each side.
// Exact for cutoff2 (e^2 + g^2) < 1: the disc is in front of the camera plane. From the tangents x = const to
// the conic:  x^2 (1 - C (e^2 + g^2)) + 2 x C (a e + b g) - C (a^2 + b^2) = 0.
template <class F>
struct DiscBounds {
    F left, right, top, bottom;
};

template <class F>
WZ_HD DiscBounds<F> boundsOf(const ScreenDisc<F>& o, F cutoff2) {
    const F scale = cutoff2 / nmadd(cutoff2, o.slope2, F(1.0f));
    const F dot = sqrtOf(F(kLowpassVariance) * cutoff2);
    const F mx = scale * madd(o.a, o.e, o.b * o.g), my = scale * madd(o.c, o.e, o.d * o.g);
    const F rx = sqrtOf(madd(mx, mx, scale * o.wide2)), ry = sqrtOf(madd(my, my, scale * o.high2));
    const F slackX = madd(rx, F(kBoundsSlackRelative), F(kBoundsSlack_px));
    const F slackY = madd(ry, F(kBoundsSlackRelative), F(kBoundsSlack_px));
    return {maxOf(rx + mx, dot) + slackX, maxOf(rx - mx, dot) + slackX, maxOf(ry + my, dot) + slackY,
            maxOf(ry - my, dot) + slackY};
}

// What a pixel needs of a disc in front of the near plane: two linear forms and the slope of 1 - zz.
template <class F>
struct RayForm {
    F ux, uy;  // zx = ux px + uy py
    F vx, vy;  // zy = vx px + vy py
    F hx, hy;  // zz = 1 - (hx px + hy py)
};

template <class F>
WZ_HD RayForm<F> rayFormOf(const ScreenDisc<F>& o) {
    const F inverse = F(1.0f) / o.det, minus = F(0.0f) - inverse;
    RayForm<F> r;
    r.ux = o.d * inverse;
    r.uy = o.b * minus;
    r.vx = o.c * minus;
    r.vy = o.a * inverse;
    r.hx = madd(o.e, r.ux, o.g * r.vx);
    r.hy = madd(o.e, r.uy, o.g * r.vy);
    return r;
}

// (zx^2 + zy^2) / 2 as one form: xx px^2 + xy px py + yy py^2. Its terms cancel where the disc is long and slanting on the
// screen: inside the bounds of a cutoff C each is at most `slanting` C / 2.
template <class F>
struct QuadraticForm {
    F xx, xy, yy;
    F slanting;  // product of the variances along x and y over the determinant of the screen covariance, >= 1
};

template <class F>
WZ_HD QuadraticForm<F> quadraticFormOf(const RayForm<F>& r, F det) {
    QuadraticForm<F> q;
    q.xx = F(0.5f) * madd(r.ux, r.ux, r.vx * r.vx);
    q.xy = madd(r.ux, r.uy, r.vx * r.vy);
    q.yy = F(0.5f) * madd(r.uy, r.uy, r.vy * r.vy);
    q.slanting = F(4.0f) * (q.xx * det) * (q.yy * det);
    return q;
}

// The general form for discs that reach behind the near plane: the three affine forms around a reference pixel of the
// frame, scaled so that hit depth = near / zz. In front of the near plane is 0 < zz <= 1. No low-pass: the mean of such
// a disc may have no place on the screen, and it is never small.
struct GeneralDisc {
    float zx0, zxX, zxY;
    float zy0, zyX, zyY;
    float zz0, zzX, zzY;
};

}  // namespace wz
