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
    F qw, qx, qy, qz;  // world from disc, any length
    F extent1, extent2;
    F red, green, blue;
    F opacity, now, prior, mask;
};

// A surfel's centre as the camera sees it.
template <class F>
struct CentreLanes {
    F x, y;  // px
    F tx, ty;  // X/Z, Y/Z
    F unitOverDepth;  // unit / Z
    F pixelsPerUnit;  // f unit / Z
    F depth, depthRelative, key, octave;
};

template <class F>
struct ProjectedLanes {
    F x, y;
    RayForm<F> ray;
    F cutoff2, opacity, red, green, blue, weight;
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
    const F half(32768.0f), root(0.70710678f);
    const MaskOf<F> low = in.rotation[0] >= half, high = in.rotation[1] >= half;
    F s[3];
    F sum(0.0f);
    for (int i = 0; i < 3; ++i) {
        const F bits = select(in.rotation[i] >= half, in.rotation[i] - half, in.rotation[i]);
        s[i] = madd(bits, F(2.0f / 32766.0f), F(-1.0f)) * root;
        sum = madd(s[i], s[i], sum);
    }
    const F big = sqrtOf(maxOf(F(1.0f) - sum, F(0.0f)));
    // The dropped component is w, x, y or z for (high, low) = 00, 01, 10, 11.
    out.qw = select(low | high, s[0], big);
    out.qx = select(high, s[1], select(low, big, s[0]));
    out.qy = select(high, select(low, s[2], big), s[1]);
    out.qz = select(high & low, big, s[2]);
    out.extent1 = exp2Of(in.extent[0] * F(1.0f / kExtentStepsPerOctave));
    out.extent2 = exp2Of(in.extent[1] * F(1.0f / kExtentStepsPerOctave));
    const F step((kColorHigh - kColorLow) / 65535.0f), lowest(kColorLow), unorm(1.0f / 65535.0f);
    out.red = madd(in.color[0], step, lowest);
    out.green = madd(in.color[1], step, lowest);
    out.blue = madd(in.color[2], step, lowest);
    out.opacity = in.opacity * unorm;
    out.now = in.now * F(1.0f / kBandStepsPerOctave);
    out.prior = select(in.prior > F(0.0f), in.prior * F(1.0f / kBandStepsPerOctave), F(kNoParentOctave));
    out.mask = in.mask * unorm;
    return out;
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
    c.x = madd(c.pixelsPerUnit, madd(F(0.0f) - tx0, oz, ox), F(page.u0));
    c.y = madd(c.pixelsPerUnit, madd(F(0.0f) - ty0, oz, oy), F(page.v0));
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
    c.octave = F(page.octave) - log2Of(maxOf(reach, F(1e-30f)));
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

template <class F>
WZ_HD F octaveOf(float detailBias, F footprint) {
    return F(detailBias) - log2Of(minOf(maxOf(footprint, F(1e-37f)), F(1e37f)));
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

template <class F>
WZ_HD CameraTangents<F> tangentsOf(const Quatf& view, const DiscLanes<F>& s, F normal[3]) {
    const F vw(view.w), vx(view.x), vy(view.y), vz(view.z);
    const F zero(0.0f);
    const F w = madd(vw, s.qw, zero - madd(vx, s.qx, madd(vy, s.qy, vz * s.qz)));
    const F x = madd(vw, s.qx, madd(vx, s.qw, madd(vy, s.qz, zero - vz * s.qy)));
    const F y = madd(vw, s.qy, madd(vy, s.qw, madd(vz, s.qx, zero - vx * s.qz)));
    const F z = madd(vw, s.qz, madd(vz, s.qw, madd(vx, s.qy, zero - vy * s.qx)));
    const F two = F(2.0f) / madd(w, w, madd(x, x, madd(y, y, z * z)));
    const F one(1.0f);
    CameraTangents<F> t;
    t.x1 = one - two * madd(y, y, z * z);
    t.y1 = two * madd(x, y, w * z);
    t.z1 = two * madd(x, z, zero - w * y);
    t.x2 = two * madd(x, y, zero - w * z);
    t.y2 = one - two * madd(x, x, z * z);
    t.z2 = two * madd(y, z, w * x);
    normal[0] = two * madd(x, z, w * y);
    normal[1] = two * madd(y, z, zero - w * x);
    normal[2] = one - two * madd(x, x, y * y);
    return t;
}

// Opacity after the fade law, without the low-pass.
template <class F>
WZ_HD F fadedOpacity(FadeLaw law, const FadeLanes<F>& fade, F opacity) {
    if (law == FadeLaw::Dissolve) return opacity;
    const F share = select(fade.coarse, F(1.0f) - fade.weight, select(fade.fine, fade.weight, F(1.0f)));
    if (law == FadeLaw::Opacity) return opacity * share;
    return select(share < F(1.0f), scaleOpticalDepth(opacity, share, kOpticalOpacityMax), opacity);
}

// Which discs the blend pass may take the short way with, to the same result.
template <class F>
WZ_HD void markSimple(const ScreenDisc<F>& disc, F largestVariance, const DiscBounds<F>& bounds, ProjectedLanes<F>& o) {
    const F slant = sqrtOf(madd(o.ray.hx, o.ray.hx, o.ray.hy * o.ray.hy));  // |slope| a pixel from the mean
    // |p|^2 / (2 variance (1 + |slope|)^2) >= |p|^2 at the rim of the dot, and farther out all the more.
    const F stretch = madd(slant, F(kLowpassReach_px), F(1.0f));
    o.dot = largestVariance * (stretch * stretch) <= F(kLowpassVariance * 0.9999f);
    const F reach = maxOf(maxOf(bounds.right, F(0.0f) - bounds.left), maxOf(bounds.bottom, F(0.0f) - bounds.top));
    o.flat = (madd(disc.e, disc.e, disc.g * disc.g) <= F(kFlatSlope * kFlatSlope)) &
             (slant * (reach + F(kBlockMargin_px)) <= F(kFlatSlopeOutside));
}

// Everything after the centre and the fade. A lane that holds NaN, infinities or absurd numbers is not drawn.
template <class F>
WZ_HD ProjectedLanes<F> projectLanes(const ProjectParams& params, const PageView& page, const DiscLanes<F>& s,
                                     const CentreLanes<F>& c, const FadeLanes<F>& fade) {
    ProjectedLanes<F> o;
    const F zero(0.0f), one(1.0f);
    F normal[3];
    const CameraTangents<F> t = tangentsOf(params.viewRotation, s, normal);
    const ScreenDisc<F> disc = screenDiscOf(t, c.tx, c.ty, s.extent1 * c.pixelsPerUnit, s.extent2 * c.pixelsPerUnit,
                                            s.extent1 * c.unitOverDepth, s.extent2 * c.unitOverDepth);
    // A NaN opacity must stay one: minOf gives the second operand then.
    const F faded = fadedOpacity(params.fadeLaw, fade, minOf(one, s.opacity));
    const ScreenSpread<F> spread = screenSpreadOf(disc);
    const F opacity = params.opticalLowpass ? spreadOpacity(faded, spread.thickness, kOpticalOpacityMax) : faded;
    // alpha >= kAlphaMin inside 2 ln(o / kAlphaMin).
    const F cutoff2 =
        minOf(F(2.0f * kLnOf2) * log2Of(maxOf(opacity * F(1.0f / kAlphaMin), F(1e-30f))), F(kCutoffMax * kCutoffMax));
    const F slope = F(kCutoffMax) * sqrtOf(madd(disc.e, disc.e, disc.g * disc.g));
    const F near(page.near);
    const F reach = absOf(c.depth) * slope;  // of the widest disc along z, wu
    const F size = absOf(disc.a) + absOf(disc.b) + absOf(disc.c) + absOf(disc.d) + absOf(c.x) + absOf(c.y);
    const F paint = absOf(s.red) + absOf(s.green) + absOf(s.blue) + faded + absOf(c.depth) + reach + absOf(c.key);
    const F limit(kLargestSane);
    const MaskOf<F> shown =
        (!fade.hidden) & (faded >= F(kAlphaMin)) & (paint < limit) & (s.extent1 > zero) & (s.extent2 > zero);
    o.general = shown & (c.depth - reach <= near) & (c.depth + reach > near);
    const DiscBounds<F> bounds = boundsOf(disc, cutoff2);
    o.x0 = maxOf(ceilOf(c.x + bounds.left - F(0.5f)), zero);
    o.y0 = maxOf(ceilOf(c.y + bounds.top - F(0.5f)), zero);
    o.x1 = minOf(floorOf(c.x + bounds.right - F(0.5f)) + one, F(params.width));
    o.y1 = minOf(floorOf(c.y + bounds.bottom - F(0.5f)) + one, F(params.height));
    o.drawn =
        shown & (opacity >= F(kAlphaMin)) & (size < limit) & (c.depth - reach > near) & (o.x0 < o.x1) & (o.y0 < o.y1);
    o.ray = rayFormOf(disc);
    markSimple(disc, spread.largest, bounds, o);
    o.x = c.x;
    o.y = c.y;
    o.cutoff2 = cutoff2;
    o.opacity = opacity;
    o.fadedOpacity = faded;
    o.red = s.red;
    o.green = s.green;
    o.blue = s.blue;
    o.weight = select(fade.fine | fade.coarse, fade.weight, zero);
    const F facing = madd(normal[0], c.tx, madd(normal[1], c.ty, normal[2])) * c.depth;
    const F sign = select(facing > zero, F(-1.0f), one);
    o.nx = normal[0] * sign;
    o.ny = normal[1] * sign;
    o.nz = normal[2] * sign;
    o.depth = c.depth;
    o.depthRelative = c.depthRelative;
    o.key = c.key;
    o.fade = fade;
    return o;
}

}  // namespace wz
