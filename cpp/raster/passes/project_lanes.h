// SPDX-License-Identifier: Apache-2.0
// The arithmetic of the project pass, one surfel a lane: decode, centre, fade, disc, bounds. No memory access and no branches but on
// uniform settings, so that one text serves scalars, vectors and CUDA threads.
#pragma once

#include "raster/passes/general_disc_body.h"
#include "raster/passes/project.h"
#include "shared/fade_lanes.h"
#include "shared/ray_surfel.h"

namespace wz {

// A surfel's stored numbers, as floats.
template <class F>
struct StoredLanes {
    F position[3], rotation[3], extent[2], color[3], opacity, now, prior, mask;
};

// A surfel's attributes; extents in page units (layers: wu), octaves relative to the page's base.
template <class F>
struct DiscLanes {
    F qw, qx, qy, qz;  // world from disc, of unit length
    F extent1, extent2;
    F opacity, now, prior, mask;
};

template <class F>
struct ColorLanes {
    F red, green, blue;
};

// A surfel's centre as the camera sees it.
template <class F>
struct CentreLanes {
    F x, y;  // px
    F tx, ty;  // X/Z, Y/Z
    F unitOverDepth;  // unit / Z
    F pixelsPerUnit;  // f unit / Z
    F depth, depthRelative, key;
    F distance;  // footprint, or distance over Z0: see octaveOf
};

template <class F>
struct ProjectedLanes {
    F x, y;
    RayForm<F> ray;  // of a flat disc ux, uy, vx, vy are what a flat SurfelRecord has in their places
    F cutoff2, opacity, weight;
    ColorLanes<F> colors;  // to be filled in
    F fadedOpacity;  // before the low-pass
    F x0, y0, x1, y1;  // pixel rectangle inside the frame
    F nx, ny, nz;
    F depth, depthRelative, key;
    MaskOf<F> drawn;  // complete
    MaskOf<F> general;  // reaches behind the near plane: to be finished by the general form
    MaskOf<F> dot, flat;  // kRecordDot, kRecordFlat
    FadeLanes<F> fade;
};

template <class F>
WZ_HD DiscLanes<F> decodeLanes(const StoredLanes<F>& in) {
    DiscLanes<F> out;
    const F half(32768.0f);
    const MaskOf<F> low = in.rotation[0] >= half, high = in.rotation[1] >= half;
    F s[3];
    F sum(0.0f);
    for (int i = 0; i < 3; ++i) {
        const F zeroAt = select(in.rotation[i] >= half, F(32768.0f + 16383.0f), F(16383.0f));
        s[i] = (in.rotation[i] - zeroAt) * F(0.70710678f / 16383.0f);
        sum = madd(s[i], s[i], sum);
    }
    const F big = sqrtOf(maxOf(F(1.0f) - sum, F(0.0f)));
    // The dropped component is w, x, y or z for (high, low) = 00, 01, 10, 11.
    out.qw = select(low | high, s[0], big);
    out.qx = select(high, s[1], select(low, big, s[0]));
    out.qy = select(high, select(low, s[2], big), s[1]);
    out.qz = select(high & low, big, s[2]);
    out.extent1 = exp2Within(in.extent[0] * F(1.0f / kExtentStepsPerOctave));
    out.extent2 = exp2Within(in.extent[1] * F(1.0f / kExtentStepsPerOctave));
    const F unorm(1.0f / 65535.0f);
    out.opacity = in.opacity * unorm;
    out.now = in.now * F(1.0f / kBandStepsPerOctave);
    out.prior = select(in.prior > F(0.0f), in.prior * F(1.0f / kBandStepsPerOctave), F(kNoParentOctave));
    out.mask = in.mask * unorm;
    return out;
}

template <class F>
WZ_HD ColorLanes<F> decodeColors(const F in[3]) {
    const F step((kColorHigh - kColorLow) / 65535.0f), lowest(kColorLow);
    return {madd(in[0], step, lowest), madd(in[1], step, lowest), madd(in[2], step, lowest)};
}

// What a cover carries back of colours: `change`, -127..127, of what one whole ready level does.
template <class F>
WZ_HD void addChange(ColorLanes<F>& c, const F change[3], float readiness) {
    const F scale(readiness * (1.0f / 127.0f));
    c.red = madd(change[0], scale, c.red);
    c.green = madd(change[1], scale, c.green);
    c.blue = madd(change[2], scale, c.blue);
}

// Centres of a page that is projected in float. ox, oy, oz: offset from the reference point, camera axes, page units.
template <class F>
WZ_HD CentreLanes<F> centreLanes(const PageView& page, bool alongZ, F ox, F oy, F oz) {
    CentreLanes<F> c;
    const F unit(page.unitOverDepth);
    const F dx = ox * unit, dy = oy * unit, dz = oz * unit;
    const F ratio = F(1.0f) + dz;  // Z / Z0
    const F inverse = F(1.0f) / ratio;
    const F tx0(page.tx0), ty0(page.ty0);
    c.tx = (tx0 + dx) * inverse;
    c.ty = (ty0 + dy) * inverse;
    c.pixelsPerUnit = F(page.pixelsPerUnit) * inverse;
    c.unitOverDepth = unit * inverse;
    c.x = madd(c.pixelsPerUnit, nmadd(tx0, oz, ox), F(page.u0));
    c.y = madd(c.pixelsPerUnit, nmadd(ty0, oz, oy), F(page.v0));
    c.depth = F(page.depth) * ratio;
    c.depthRelative = madd(F(page.depth), dz, F(page.depthRelative));
    F reach = ratio;
    F beyond = dz;  // distance less that of the reference point, over Z0
    if (!alongZ) {
        reach = ratio * sqrtOf(madd(c.tx, c.tx, madd(c.ty, c.ty, F(1.0f))));
        const F along = madd(tx0, dx, madd(ty0, dy, dz));
        const F square = madd(dx, dx, madd(dy, dy, dz * dz));
        beyond = madd(F(2.0f), along, square) / (reach + F(page.radius));
    }
    c.key = madd(F(page.depth), beyond, F(page.key));
    c.distance = reach;
    return c;
}

struct CentreNumbers {
    float x, y, tx, ty, unitOverDepth, pixelsPerUnit, depth, depthRelative, key;
    float footprint;  // times octaveFootprint
};

// A centre in double, rounded at the end. At the camera plane it is moved off it by 1e-12 of its distance.
// octaveFootprint: the reciprocal of the footprint whose octave is 0.
WZ_HD CentreNumbers centreInDouble(const ProjectParams& params, const DoubleCentres& map, double px, double py,
                                   double pz, double octaveFootprint) {
    const double x = map.base.x + map.axisX.x * px + map.axisX.y * py + map.axisX.z * pz;
    const double y = map.base.y + map.axisY.x * px + map.axisY.y * py + map.axisY.z * pz;
    double z = map.base.z + map.axisZ.x * px + map.axisZ.y * py + map.axisZ.z * pz;
    const double radius = sqrt(x * x + y * y + z * z);
    const double off = 1e-12 * radius;
    z = z < off && z > -off ? off : z;
    const double distance = params.fadeAlongZ ? (z > 0 ? z : -z) : radius;
    const double inverse = 1.0 / z;
    CentreNumbers c;
    c.x = static_cast<float>(params.focal_px * (x * inverse) + params.cx_px);
    c.y = static_cast<float>(params.focal_px * (y * inverse) + params.cy_px);
    c.tx = static_cast<float>(x * inverse);
    c.ty = static_cast<float>(y * inverse);
    c.unitOverDepth = static_cast<float>(map.unit * inverse);
    c.pixelsPerUnit = static_cast<float>(params.focal_px * (map.unit * inverse));
    c.depth = static_cast<float>(z);
    c.depthRelative = static_cast<float>(z - params.depthOrigin);
    c.key = static_cast<float>(distance - params.keyOrigin);
    c.footprint = static_cast<float>(distance / params.focal_px * octaveFootprint);
    return c;
}

// The octave that a centre is seen at, relative to the page's base.
template <class F>
WZ_HD F octaveOf(const ProjectParams& params, const PageView& page, F distance) {
    return F(page.inFloat ? page.octave : params.detailBias) - log2Of(minOf(maxOf(distance, F(1e-37f)), F(1e37f)));
}

// Centres of a packed page that is projected in float.
template <class F>
WZ_HD CentreLanes<F> packedCentreLanes(const ProjectParams& params, const PageView& page, const F position[3]) {
    const Mat3d& r = params.cameraFromWorld;
    const F half(32768.0f);
    const F qx = position[0] - half, qy = position[1] - half, qz = position[2] - half;
    const Vec3d rows[3] = {r.r0, r.r1, r.r2};
    F o[3];
    for (int k = 0; k < 3; ++k)
        o[k] = madd(F(static_cast<float>(rows[k].x)), qx,
                    madd(F(static_cast<float>(rows[k].y)), qy, F(static_cast<float>(rows[k].z)) * qz));
    return centreLanes(page, params.fadeAlongZ, o[0], o[1], o[2]);
}

// How a surfel fades: its own weight, and what finer levels take over. Covers are added newest first.
template <class F>
struct FadeSums {
    Band<F> fine, covered;
    F taken;
};

template <class F>
WZ_HD FadeSums<F> wholeFade() {
    const F zero(0.0f), one(1.0f);
    return {{one, one, one}, {zero, zero, zero}, zero};
}

// Where a page has no covers and this holds, nothing fades, and a surfel is seen whole at every octave.
template <class F>
WZ_HD MaskOf<F> alwaysWhole(const PageView& page, const DiscLanes<F>& s) {
    return (s.prior <= F(kNoParentOctave)) & (F(page.readiness) * s.mask >= F(1.0f - kWeightSlack));
}

template <class F>
WZ_HD FadeSums<F> fadeSumsOf(const PageView& page, const DiscLanes<F>& s, F octave) {
    const F zero(0.0f);
    return {scaled(fineBand(octave, s.prior, s.now), F(page.readiness) * s.mask), {zero, zero, zero}, zero};
}

// weight, next: of the cover, 0..1 and octave. A level takes at most what newer ones left. A newer sibling is no finer:
// as long as this surfel itself comes in, it comes in less; once it is whole, the sibling takes over from it as a finer
// level would, so that one of the two stays in each of the dissolve's pictures and no hole opens.
template <class F>
WZ_HD void addCover(FadeSums<F>& sums, const DiscLanes<F>& s, F octave, bool sibling, F readiness, F weight, F next) {
    const F one(1.0f);
    F share = minOf(weight, one - sums.taken) * readiness;
    Band<F> band = coarseBand(octave, s.now, next);
    if (sibling) {
        const auto comesIn = fineBand(octave, s.prior, s.now).weight < F(kWholeBand);
        sums.fine = scaled(sums.fine, select(comesIn, one - share, one));
        share = select(comesIn, F(0.0f), share);
        band = fineBand(octave, s.prior, next, kCoarseBegins, kCoarseEnds);
    }
    sums.taken = sums.taken + share;
    sums.covered = {madd(share, band.begun, sums.covered.begun), madd(share, band.weight, sums.covered.weight),
                    madd(share, band.ended, sums.covered.ended)};
}

// What a layer's discs may have and packed ones have not: quaternions of any length, and extents, colours and opacities that
// are no numbers or absurd ones. Discs of such are not drawn: they get opacity 0.
template <class F>
WZ_HD void tidy(DiscLanes<F>& s, const ColorLanes<F>& c) {
    const F inverse = F(1.0f) / sqrtOf(madd(s.qw, s.qw, madd(s.qx, s.qx, madd(s.qy, s.qy, s.qz * s.qz))));
    s.qw = s.qw * inverse;
    s.qx = s.qx * inverse;
    s.qy = s.qy * inverse;
    s.qz = s.qz * inverse;
    const F paint = absOf(c.red) + absOf(c.green) + absOf(c.blue);
    const F zero(0.0f);
    const MaskOf<F> sane = (paint < F(kLargestSane)) & (s.opacity > zero) & (s.extent1 > zero) & (s.extent2 > zero);
    s.opacity = select(sane, s.opacity, zero);
}

// Camera from disc, of unit length.
template <class F>
struct CameraRotation {
    F w, x, y, z;
};

template <class F>
WZ_HD CameraRotation<F> rotatedBy(const Quatf& view, const DiscLanes<F>& s) {
    const F vw(view.w), vx(view.x), vy(view.y), vz(view.z);
    return {nmadd(vx, s.qx, nmadd(vy, s.qy, nmadd(vz, s.qz, vw * s.qw))),
            madd(vw, s.qx, madd(vx, s.qw, nmadd(vz, s.qy, vy * s.qz))),
            madd(vw, s.qy, madd(vy, s.qw, nmadd(vx, s.qz, vz * s.qx))),
            madd(vw, s.qz, madd(vz, s.qw, nmadd(vy, s.qx, vx * s.qy)))};
}

template <class F>
WZ_HD CameraTangents<F> tangentsOf(const CameraRotation<F>& q) {
    const F x2 = q.x + q.x, y2 = q.y + q.y, z2 = q.z + q.z;
    const F xy = q.x * y2, rest = nmadd(q.z, z2, F(1.0f));
    return {nmadd(q.y, y2, rest), madd(q.w, z2, xy),    nmadd(q.w, y2, q.x * z2),
            nmadd(q.w, z2, xy),   nmadd(q.x, x2, rest), madd(q.w, x2, q.y * z2)};
}

template <class F>
struct CameraNormal {
    F x, y, z;
};

template <class F>
WZ_HD CameraNormal<F> normalOf(const CameraRotation<F>& q) {
    const F x2 = q.x + q.x, y2 = q.y + q.y, z2 = q.z + q.z;
    return {madd(q.w, y2, q.x * z2), nmadd(q.w, x2, q.y * z2), nmadd(q.x, x2, nmadd(q.y, y2, F(1.0f)))};
}

// Opacity after the fade law, without the low-pass.
template <class F>
WZ_HD F fadedOpacity(FadeLaw law, const FadeLanes<F>& fade, F opacity) {
    if (law == FadeLaw::Dissolve) return opacity;
    const F share = select(fade.coarse, F(1.0f) - fade.weight, select(fade.fine, fade.weight, F(1.0f)));
    if (law == FadeLaw::Opacity) return opacity * share;
    return select(share < F(1.0f), scaleOpticalDepth(opacity, share, kOpticalOpacityMax), opacity);
}

// Which discs the blend pass may take the short way with, to the same result, and what it reads then.
template <class F>
WZ_HD void markSimple(const ScreenDisc<F>& disc, F largestVariance, const DiscBounds<F>& bounds, F log2Opacity,
                      ProjectedLanes<F>& o) {
    // |p|^2 / (2 variance (1 + |slope|)^2) >= |p|^2 at the rim of the dot, and farther out all the more. The slope a pixel from
    // the mean is the root of hx^2 + hy^2, at most their sum.
    const F stretch = madd(absOf(o.ray.hx) + absOf(o.ray.hy), F(kLowpassReach_px), F(1.0f));
    o.dot = largestVariance * (stretch * stretch) <= F(kLowpassVariance * 0.9999f);
    const F outside = maxOf(maxOf(bounds.right, bounds.left), maxOf(bounds.bottom, bounds.top)) + F(kBlockMargin_px);
    const QuadraticForm<F> form = quadraticFormOf(o.ray, disc.det);
    o.flat = (disc.slope2 <= F(kFlatSlope * kFlatSlope)) &
             (madd(o.ray.hx, o.ray.hx, o.ray.hy * o.ray.hy) * (outside * outside) <=
              F(kFlatSlopeOutside * kFlatSlopeOutside)) &
             (form.slanting <= F(kFlatSlanting)) & !o.dot;
    o.ray.ux = select(o.flat, form.xx, o.ray.ux);
    o.ray.uy = select(o.flat, form.xy, o.ray.uy);
    o.ray.vx = select(o.flat, form.yy, o.ray.vx);
    o.ray.vy = select(o.flat, log2Opacity, o.ray.vy);
}

// The opacity that the fade law leaves, and, where the low-pass keeps it, the optical depth that it adds up to.
template <class F>
struct OpacityLanes {
    F faded, sum;
};

template <class F>
WZ_HD OpacityLanes<F> opacityOf(const ProjectParams& params, const DiscLanes<F>& s, const FadeLanes<F>& fade) {
    const F faded = fadedOpacity(params.fadeLaw, fade, minOf(F(1.0f), s.opacity));
    return {faded, params.opticalLowpass ? opticalSumOf(faded, kOpticalOpacityMax) : F(0.0f)};
}

// Everything after the centre, the fade and the opacity but the colours. A lane that holds NaN, infinities or absurd numbers is not drawn. Normals are only
// worked out when they are wanted.
template <class F>
WZ_HD ProjectedLanes<F> projectLanes(const ProjectParams& params, const PageView& page, const DiscLanes<F>& s,
                                     const CentreLanes<F>& c, const FadeLanes<F>& fade, const OpacityLanes<F>& paint,
                                     bool normals) {
    ProjectedLanes<F> o;
    const F zero(0.0f), one(1.0f);
    const CameraRotation<F> rotation = rotatedBy(params.viewRotation, s);
    const ScreenDisc<F> disc =
        screenDiscOf(tangentsOf(rotation), c.tx, c.ty, s.extent1 * c.pixelsPerUnit, s.extent2 * c.pixelsPerUnit,
                     s.extent1 * c.unitOverDepth, s.extent2 * c.unitOverDepth);
    const F faded = paint.faded;
    const ScreenSpread<F> spread = screenSpreadOf(disc);
    const F opacity =
        params.opticalLowpass ? spreadOpacity(faded, paint.sum, spread.thickness, kOpticalOpacityMax) : faded;
    // alpha >= kAlphaMin inside 2 ln(o / kAlphaMin).
    const F log2Opacity = log2Of(maxOf(opacity, F(1e-30f)));
    const F cutoff2 =
        minOf(F(2.0f * kLnOf2) * maxOf(log2Opacity - F(kLog2OfAlphaMin), zero), F(kCutoffMax * kCutoffMax));
    const F beyond = c.depth - F(page.near), beyond2 = beyond * beyond;
    const F reach2 =
        c.depth * c.depth * (F(kCutoffMax * kCutoffMax) * disc.slope2);  // of the widest disc along z, wu^2
    const F limit(kLargestSane), limit2(kLargestSane * kLargestSane);
    const MaskOf<F> shown =
        (!fade.hidden) & (faded >= F(kAlphaMin)) & (absOf(c.depth) + absOf(c.key) < limit) & (reach2 < limit2);
    const MaskOf<F> behind =
        beyond <= zero;  // the centre; farther from the near plane than the disc reaches: beyond2 > reach2
    const MaskOf<F> front = (!behind) & (beyond2 > reach2);
    o.general = shown & (!front) & ((!behind) | (beyond2 < reach2));
    const DiscBounds<F> bounds = boundsOf(disc, cutoff2);
    const F left = c.x - F(0.5f), top = c.y - F(0.5f);
    o.x0 = maxOf(ceilOf(left - bounds.left), zero);
    o.y0 = maxOf(ceilOf(top - bounds.top), zero);
    o.x1 = minOf(floorOf(left + bounds.right) + one, F(params.width));
    o.y1 = minOf(floorOf(top + bounds.bottom) + one, F(params.height));
    o.drawn = shown & front & (opacity >= F(kAlphaMin)) & (disc.wide2 + disc.high2 < limit2) &
              (absOf(c.x) + absOf(c.y) < limit) & (o.x0 < o.x1) & (o.y0 < o.y1);
    o.ray = rayFormOf(disc);
    markSimple(disc, spread.largest, bounds, log2Opacity, o);
    o.x = c.x;
    o.y = c.y;
    o.cutoff2 = cutoff2;
    o.opacity = opacity;
    o.fadedOpacity = faded;
    o.weight = select(fade.fine | fade.coarse, fade.weight, zero);
    if (normals) {
        const CameraNormal<F> n = normalOf(rotation);
        const F facing = madd(n.x, c.tx, madd(n.y, c.ty, n.z)) * c.depth;
        const F sign = select(facing > zero, F(-1.0f), one);
        o.nx = n.x * sign;
        o.ny = n.y * sign;
        o.nz = n.z * sign;
    }
    o.depth = c.depth;
    o.depthRelative = c.depthRelative;
    o.key = c.key;
    o.fade = fade;
    return o;
}

}  // namespace wz
