// SPDX-License-Identifier: Apache-2.0
#include "raster/compat/compat.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <string>

#include "core/errors.h"
#include "raster/frame_view.h"
#include "shared/tiles.h"

namespace wz {
namespace {

// What the two conventions do differently.
struct Convention {
    double near;             // of centres, wu
    bool nearPerHit;         // hits nearer than `near` are skipped too
    bool depthOfHit;         // else of the centre
    double alphaMax;
    double boxCutoff;        // standard deviations of the box whose centre the low-pass uses
    double boxFactor;        // the tile list's half box over that box
    bool square;             // one radius for both axes, at least `smallestRadius_px`
    double smallestRadius_px;
};

constexpr Convention kGsplat{0.01, false, false, 0.999, 1.0, 3.33, false, 0.0};
constexpr Convention kInria{0.2, true, true, 0.99, 3.0, 1.0, true, 3.0 * 0.707};
constexpr double kSmallestHalfBox2 = 1e-4;  // px^2, both

struct CompatSurfel {
    Vec3d u, v, w;            // rows of M = K [s_1 t_1 | s_2 t_2 | mu]
    double centerX, centerY;  // of the box, px
    double z, opacity;
    Vec3d normal;
    Vec3f color;
    float level;
    TileRange tiles;
};

// Sum of f_i a_i b_i with f = (k, k, -1).
double product(double k, Vec3d a, Vec3d b) { return k * (a.x * b.x + a.y * b.y) - a.z * b.z; }

// Centre and half sides of the box of the disc out to the convention's cutoff; false when it has none.
bool placeBox(const Convention& c, CompatSurfel& s, TileGrid grid) {
    const double k = c.boxCutoff * c.boxCutoff;
    const double d = product(k, s.w, s.w);
    if (std::fabs(d) < 1e-300) return false;
    s.centerX = product(k, s.u, s.w) / d;
    s.centerY = product(k, s.v, s.w) / d;
    const double hx = s.centerX * s.centerX - product(k, s.u, s.u) / d;
    const double hy = s.centerY * s.centerY - product(k, s.v, s.v) / d;
    double rx = std::ceil(c.boxFactor * std::sqrt(std::max(kSmallestHalfBox2, hx)));
    double ry = std::ceil(c.boxFactor * std::sqrt(std::max(kSmallestHalfBox2, hy)));
    // The square convention counts pixels from their centres, the other from their corners.
    const double origin = c.square ? 0.5 : 0.0;
    if (c.square) {
        const double widest = std::max({std::sqrt(std::max(kSmallestHalfBox2, hx)),
                                        std::sqrt(std::max(kSmallestHalfBox2, hy)), c.smallestRadius_px});
        rx = ry = std::ceil(widest);
    }
    if (!std::isfinite(rx) || !std::isfinite(ry) || !std::isfinite(s.centerX) || !std::isfinite(s.centerY))
        return false;
    const auto tile = [](double v, int32_t count) { return static_cast<int32_t>(std::clamp<double>(v, 0, count)); };
    const double x = s.centerX - origin, y = s.centerY - origin;
    s.tiles.x0 = tile(std::floor((x - rx) / kTileSize), grid.columns);
    s.tiles.y0 = tile(std::floor((y - ry) / kTileSize), grid.rows);
    s.tiles.x1 = tile(c.square ? std::floor((x + rx + kTileSize - 1) / kTileSize) : std::ceil((x + rx) / kTileSize),
                      grid.columns);
    s.tiles.y1 =
        tile(c.square ? std::floor((y + ry + kTileSize - 1) / kTileSize) : std::ceil((y + ry) / kTileSize), grid.rows);
    return s.tiles.x0 < s.tiles.x1 && s.tiles.y0 < s.tiles.y1;
}

bool projectCompat(const Convention& c, const LayerDraw& layer, size_t i, const Camera& camera,
                   const ProjectParams& params, TileGrid grid, CompatSurfel& out) {
    const double* p = layer.positions.data() + 3 * i;
    const float* q = layer.orientations.data() + 4 * i;
    const Vec3d mean = params.cameraFromWorld * (Vec3d{p[0], p[1], p[2]} - camera.position);
    if (!(mean.z > c.near)) return false;
    const Mat3d r = rotationOf(Quatd{q[0], q[1], q[2], q[3]});
    const double s1 = layer.extents[2 * i], s2 = layer.extents[2 * i + 1];
    const Vec3d t1 = params.cameraFromWorld * Vec3d{r.r0.x, r.r1.x, r.r2.x};
    const Vec3d t2 = params.cameraFromWorld * Vec3d{r.r0.y, r.r1.y, r.r2.y};
    const Vec3d n = params.cameraFromWorld * Vec3d{r.r0.z, r.r1.z, r.r2.z};
    out.w = {s1 * t1.z, s2 * t2.z, mean.z};
    out.u = Vec3d{s1 * t1.x, s2 * t2.x, mean.x} * camera.focal_px + out.w * camera.cx_px;
    out.v = Vec3d{s1 * t1.y, s2 * t2.y, mean.y} * camera.focal_px + out.w * camera.cy_px;
    out.z = mean.z;
    out.opacity = layer.opacities[i];
    out.normal = n * (dot(n, mean) > 0 ? -1.0 : 1.0);
    out.color = {layer.colors[3 * i], layer.colors[3 * i + 1], layer.colors[3 * i + 2]};
    out.level = layer.level;
    const double sum = dot(out.u, out.u) + dot(out.v, out.v) + dot(out.w, out.w) + out.opacity +
                       dot(out.normal, out.normal) + std::fabs(out.color.x) + std::fabs(out.color.y) +
                       std::fabs(out.color.z);
    return std::isfinite(sum) && placeBox(c, out, grid);
}

struct CompatPixel {
    double rest = 1, depth = 0, median = INFINITY, level = 0;
    Vec3d color, normal;
};

// Returns false when the pixel is finished.
bool blendCompat(const Convention& c, const CompatSurfel& s, double px, double py, CompatPixel& pixel,
                 bool& contributed) {
    const Vec3d zeta = cross(s.w * px - s.u, s.w * py - s.v);
    if (zeta.z == 0) return true;
    const double a = zeta.x / zeta.z, b = zeta.y / zeta.z;
    const double onDisc = a * a + b * b;
    const double dx = s.centerX - px, dy = s.centerY - py;
    const double onScreen = 2.0 * (dx * dx + dy * dy);
    const double depth = c.depthOfHit ? a * s.w.x + b * s.w.y + s.w.z : s.z;
    if (c.nearPerHit && depth < c.near) return true;
    const double alpha = std::min(c.alphaMax, s.opacity * std::exp(-0.5 * std::min(onDisc, onScreen)));
    if (!(alpha >= 1.0 / 255.0)) return true;
    const double after = pixel.rest * (1 - alpha);
    if (after <= kTransmittanceMin) return false;
    const double share = pixel.rest * alpha;
    if (pixel.rest > 0.5) pixel.median = depth;
    pixel.depth += share * depth;
    pixel.level += share * s.level;
    pixel.color = pixel.color + Vec3d{s.color.x, s.color.y, s.color.z} * share;
    pixel.normal = pixel.normal + s.normal * share;
    pixel.rest = after;
    contributed = true;
    return true;
}

void prepare(Frame& f, const Camera& camera, uint32_t outputs) {
    const size_t n = static_cast<size_t>(camera.width) * static_cast<size_t>(camera.height);
    const auto size = [&](uint32_t bit, size_t per) { return outputs & bit ? per * n : 0; };
    f.width = camera.width;
    f.height = camera.height;
    f.color.resize(size(kOutputColor, 3));
    f.coverage.resize(size(kOutputCoverage, 1));
    f.depth.resize(size(kOutputDepth, 1));
    f.depthMedian.resize(size(kOutputDepthMedian, 1));
    f.normal.resize(size(kOutputNormal, 3));
    f.level.resize(size(kOutputLevel, 1));
    f.surfelId.clear();
}

void writePixel(Frame& f, const RenderSettings& settings, const CompatPixel& p, size_t at) {
    const double coverage = 1 - p.rest, inverse = coverage > 0 ? 1 / coverage : 0;
    const double color[3] = {p.color.x, p.color.y, p.color.z}, normal[3] = {p.normal.x, p.normal.y, p.normal.z};
    for (size_t k = 0; k < 3; ++k) {
        if (!f.color.empty()) f.color[3 * at + k] = static_cast<float>(color[k] + p.rest * settings.background[k]);
        if (!f.normal.empty()) f.normal[3 * at + k] = static_cast<float>(normal[k] * inverse);
    }
    if (!f.coverage.empty()) f.coverage[at] = static_cast<float>(coverage);
    const double reference = settings.depthReference;
    if (!f.depth.empty()) f.depth[at] = coverage > 0 ? static_cast<float>(p.depth * inverse - reference) : INFINITY;
    if (!f.depthMedian.empty()) f.depthMedian[at] = static_cast<float>(p.median - reference);
    if (!f.level.empty()) f.level[at] = static_cast<float>(p.level * inverse);
}

}  // namespace

RenderStats renderCompat(const DrawList& list, const Camera& camera, const RenderSettings& settings, Frame& frame,
                         ThreadPool& pool) {
    if (!list.pages.empty()) throw InputError("the compatibility modes draw layers (unpacked surfels), got pages");
    const Convention& convention = settings.compat == Compat::Gsplat ? kGsplat : kInria;
    const ProjectParams params = projectParamsOf(list, camera, settings);
    const TileGrid grid = tileGridOf(camera.width, camera.height);
    RenderStats stats;
    const auto start = std::chrono::steady_clock::now();
    std::vector<CompatSurfel> surfels;
    for (const LayerDraw& layer : list.layers) {
        for (size_t i = 0; i < layer.opacities.size(); ++i) {
            if (!layer.isSky.empty() && layer.isSky[i])
                throw InputError("the compatibility modes know no sky, got a sky surfel (index " + std::to_string(i) +
                                 ")");
            CompatSurfel s;
            if (projectCompat(convention, layer, i, camera, params, grid, s)) surfels.push_back(s);
        }
        stats.tested += layer.opacities.size();
    }
    std::stable_sort(surfels.begin(), surfels.end(), [](const auto& a, const auto& b) { return a.z < b.z; });
    std::vector<std::vector<uint32_t>> lists(static_cast<size_t>(grid.columns) * static_cast<size_t>(grid.rows));
    for (uint32_t i = 0; i < surfels.size(); ++i)
        for (int32_t y = surfels[i].tiles.y0; y < surfels[i].tiles.y1; ++y)
            for (int32_t x = surfels[i].tiles.x0; x < surfels[i].tiles.x1; ++x)
                lists[static_cast<size_t>(y * grid.columns + x)].push_back(i);
    for (const auto& l : lists) stats.tileEntries += l.size();
    stats.projected = surfels.size();
    prepare(frame, camera, settings.outputs);
    std::vector<uint64_t> evaluations(static_cast<size_t>(grid.rows)), contributions(evaluations);
    const auto drawRow = [&](size_t row, int) {
        for (int y = static_cast<int>(row) * kTileSize;
             y < std::min(camera.height, static_cast<int>(row + 1) * kTileSize); ++y)
            for (int x = 0; x < camera.width; ++x) {
                CompatPixel pixel;
                for (uint32_t i : lists[row * static_cast<size_t>(grid.columns) + static_cast<size_t>(x / kTileSize)]) {
                    bool contributed = false;
                    ++evaluations[row];
                    if (!blendCompat(convention, surfels[i], x + 0.5, y + 0.5, pixel, contributed)) break;
                    contributions[row] += contributed;
                }
                writePixel(frame, settings, pixel,
                           static_cast<size_t>(y) * static_cast<size_t>(camera.width) + static_cast<size_t>(x));
            }
    };
    pool.forEach(static_cast<size_t>(grid.rows), 1, std::ref(drawRow));
    for (size_t r = 0; r < evaluations.size(); ++r) {
        stats.evaluations += evaluations[r];
        stats.contributions += contributions[r];
    }
    stats.stages.push_back(
        {"compat", std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count()});
    return stats;
}

}  // namespace wz
