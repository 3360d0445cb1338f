// SPDX-License-Identifier: Apache-2.0
#include "raster/frame_view.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/errors.h"

namespace wz {
namespace {

using Wide = long double;  // 64 bits of mantissa on x86: page centres stay exact through a lens of 36 octaves

struct WideVec {
    Wide x, y, z;
};

// Rows of camera-from-world.
struct WideMat {
    WideVec r[3];
};

WideMat cameraFromWorldOf(Quatd q) {
    const Wide w = q.w, x = -Wide(q.x), y = -Wide(q.y), z = -Wide(q.z);
    const Wide s = 2 / (w * w + x * x + y * y + z * z);
    return {{{1 - s * (y * y + z * z), s * (x * y - w * z), s * (x * z + w * y)},
             {s * (x * y + w * z), 1 - s * (x * x + z * z), s * (y * z - w * x)},
             {s * (x * z - w * y), s * (y * z + w * x), 1 - s * (x * x + y * y)}}};
}

WideVec rotated(const WideMat& m, WideVec v) {
    WideVec out{};
    Wide* o[3] = {&out.x, &out.y, &out.z};
    for (int i = 0; i < 3; ++i) *o[i] = m.r[i].x * v.x + m.r[i].y * v.y + m.r[i].z * v.z;
    return out;
}

Vec3d rounded(WideVec v) { return {static_cast<double>(v.x), static_cast<double>(v.y), static_cast<double>(v.z)}; }

// The page's point at position step (q, q, q), in camera axes.
WideVec pagePoint(const PageDraw& page, const Camera& camera, Wide q) {
    const Vec3d eye = page.sky ? Vec3d{} : camera.position;
    const Wide step = Wide(page.unit) * q;
    const WideVec offset{Wide(page.origin.x) - Wide(eye.x) + step, Wide(page.origin.y) - Wide(eye.y) + step,
                         Wide(page.origin.z) - Wide(eye.z) + step};
    return rotated(cameraFromWorldOf(camera.worldFromCamera), offset);
}

bool finite(Vec3d v) { return std::isfinite(v.x) && std::isfinite(v.y) && std::isfinite(v.z); }

double distanceOf(WideVec p, bool alongZ) {
    return static_cast<double>(alongZ ? std::fabs(p.z) : std::sqrt(p.x * p.x + p.y * p.y + p.z * p.z));
}

// Weighted median of what is drawn (sky left out), 0 when there is nothing.
double medianDistance(const DrawList& list, const Camera& camera, bool alongZ) {
    std::vector<std::pair<double, double>> samples;
    double total = 0;
    for (const PageDraw& page : list.pages) {
        if (page.sky || page.surfels.empty()) continue;
        samples.emplace_back(distanceOf(pagePoint(page, camera, 32768), alongZ), double(page.surfels.size()));
    }
    const WideMat view = cameraFromWorldOf(camera.worldFromCamera);
    for (const LayerDraw& layer : list.layers) {
        const size_t count = layer.opacities.size(), step = std::max<size_t>(1, count / 1024);
        for (size_t i = 0; i < count; i += step) {
            if (!layer.isSky.empty() && layer.isSky[i]) continue;
            const double* p = layer.positions.data() + 3 * i;
            const WideVec offset{p[0] - camera.position.x, p[1] - camera.position.y, p[2] - camera.position.z};
            const double distance = distanceOf(rotated(view, offset), alongZ);
            if (std::isfinite(distance)) samples.emplace_back(distance, double(step));
        }
    }
    std::sort(samples.begin(), samples.end());
    for (const auto& s : samples) total += s.second;
    double below = 0;
    for (const auto& s : samples)
        if ((below += s.second) * 2 >= total) return s.first;
    return 0;
}

}  // namespace

void checkView(const Camera& c, const RenderSettings& s) {
    const bool sized = c.width >= 1 && c.height >= 1 && c.width <= kLargestSide_px && c.height <= kLargestSide_px;
    if (!sized)
        throw InputError("the camera's width and height must be in 1.." + std::to_string(kLargestSide_px) +
                         " px, got " + std::to_string(c.width) + " x " + std::to_string(c.height));
    if (!(c.focal_px > 0) || !std::isfinite(c.focal_px))
        throw InputError("the camera's focal must be a positive number of pixels, got " + std::to_string(c.focal_px));
    const Quatd q = c.worldFromCamera;
    const double norm = q.w * q.w + q.x * q.x + q.y * q.y + q.z * q.z;
    if (!finite(c.position) || !std::isfinite(c.cx_px) || !std::isfinite(c.cy_px) || !std::isfinite(norm) ||
        norm < 1e-12)
        throw InputError(
            "the camera's position, orientation and principal point must be finite numbers, the orientation not zero");
    if (!(s.leak < 1)) throw InputError("leak must be at least 0 and less than 1, got " + std::to_string(s.leak));
    if (!std::isfinite(s.detailBias) || !(s.near >= 0) || !(s.focusDistance >= 0) || !std::isfinite(s.depthReference))
        throw InputError("near and focusDistance must be 0 or positive, detailBias and depthReference finite");
}

float leakRatioOf(const RenderSettings& settings) {
    const double leak = std::max(settings.leak, 0.0);
    return static_cast<float>(leak / (1 - leak));
}

ProjectParams projectParamsOf(const DrawList& list, const Camera& camera, const RenderSettings& settings) {
    ProjectParams p;
    const WideMat view = cameraFromWorldOf(camera.worldFromCamera);
    p.cameraFromWorld = {rounded(view.r[0]), rounded(view.r[1]), rounded(view.r[2])};
    const Quatd q = camera.worldFromCamera;
    const double n = 1.0 / std::sqrt(q.w * q.w + q.x * q.x + q.y * q.y + q.z * q.z);
    p.viewRotation = {static_cast<float>(q.w * n), static_cast<float>(-q.x * n), static_cast<float>(-q.y * n),
                      static_cast<float>(-q.z * n)};
    p.focal_px = camera.focal_px;
    p.cx_px = camera.cx_px;
    p.cy_px = camera.cy_px;
    p.width = static_cast<float>(camera.width);
    p.height = static_cast<float>(camera.height);
    p.fadeLaw = settings.fadeLaw;
    p.applyFade = settings.applyFade;
    p.opticalLowpass = settings.opticalLowpass;
    p.fadeAlongZ = settings.fadeDistance == DistanceKind::AlongZ;
    p.detailBias = settings.detailBias;
    p.levelShare = settings.levelShare;
    const double focus =
        settings.focusDistance > 0 ? settings.focusDistance : medianDistance(list, camera, p.fadeAlongZ);
    p.near = std::max(settings.near > 0 ? settings.near : kNearOfFocus * focus, kSmallestNear);
    p.keyOrigin = focus;
    p.depthOrigin = settings.depthReference;
    if (settings.depthKind == DistanceKind::Radial) {
        const double rx = (0.5 * camera.width - camera.cx_px) / camera.focal_px;
        const double ry = (0.5 * camera.height - camera.cy_px) / camera.focal_px;
        p.depthOrigin /= std::sqrt(1.0 + rx * rx + ry * ry);
    }
    return p;
}

namespace {

float levelOutputOf(int32_t level, const ProjectParams& params) {
    if (params.levelShare < 0) return static_cast<float>(level);
    return level == params.levelShare ? 1.0f : 0.0f;
}

}  // namespace

PageView pageViewOf(const PageDraw& page, const Camera& camera, const ProjectParams& params) {
    PageView v{};
    const WideVec c = pagePoint(page, camera, 32768);
    const Wide half = Wide(page.unit) * 32768 * std::sqrt(Wide(3));
    v.near = static_cast<float>(page.sky ? kSkyNear : params.near);
    v.readiness = page.readiness;
    v.level = page.level;
    v.levelOutput = levelOutputOf(page.level, params);
    v.sky = page.sky;
    v.inFloat = c.z > 0 && half <= c.z * Wide(kFloatPageDepthRatio) &&
                half * params.focal_px <= c.z * Wide(kFloatPageRadius_px);
    if (!v.inFloat) return v;
    const Wide f = params.focal_px, inverse = 1 / c.z;
    const Wide radius = params.fadeAlongZ ? c.z : std::sqrt(c.x * c.x + c.y * c.y + c.z * c.z);
    v.u0 = static_cast<float>(f * c.x * inverse + Wide(params.cx_px));
    v.v0 = static_cast<float>(f * c.y * inverse + Wide(params.cy_px));
    v.tx0 = static_cast<float>(c.x * inverse);
    v.ty0 = static_cast<float>(c.y * inverse);
    v.unitOverDepth = static_cast<float>(Wide(page.unit) * inverse);
    v.pixelsPerUnit = static_cast<float>(f * Wide(page.unit) * inverse);
    v.depth = static_cast<float>(c.z);
    v.depthRelative = static_cast<float>(c.z - Wide(params.depthOrigin));
    v.radius = static_cast<float>(radius * inverse);
    v.key = static_cast<float>(radius - Wide(params.keyOrigin));
    v.octave = static_cast<float>(-std::log2(c.z / f) - Wide(page.octaveBase) + Wide(params.detailBias));
    return v;
}

PageView layerViewOf(const LayerDraw& layer, bool sky, const ProjectParams& params) {
    PageView v{};
    v.near = static_cast<float>(sky ? kSkyNear : params.near);
    v.readiness = 1.0f;
    v.level = layer.level;
    v.levelOutput = levelOutputOf(layer.level, params);
    v.sky = sky;
    return v;
}

CameraMap cameraMapOf(const PageDraw& page, const Camera& camera, const ProjectParams& params) {
    CameraMap map;
    map.base = rounded(pagePoint(page, camera, 0));
    const Mat3d& r = params.cameraFromWorld;
    map.axes = {r.r0 * page.unit, r.r1 * page.unit, r.r2 * page.unit};
    return map;
}

}  // namespace wz
