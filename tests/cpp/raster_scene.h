// SPDX-License-Identifier: Apache-2.0
// Procedural surfels for the rasteriser's tests, as a layer or packed into pages.
#pragma once

#include <cmath>
#include <memory>
#include <random>
#include <vector>

#include "raster/cpu/cpu_rasterizer.h"
#include "raster/rasterizer.h"

namespace wz::test {

inline constexpr uint32_t kAllOutputs = 0x7f;

// Owns the arrays of a LayerDraw.
struct DiscArrays {
    std::vector<double> positions, now, prior;
    std::vector<float> orientations, extents, colors, opacities, mask;

    size_t size() const { return opacities.size(); }
    void add(Vec3d p, Quatf q, float s1, float s2, Vec3f c, float opacity, double nowFootprint = 1.0,
             double priorFootprint = INFINITY, float m = 1.0f) {
        positions.insert(positions.end(), {p.x, p.y, p.z});
        orientations.insert(orientations.end(), {q.w, q.x, q.y, q.z});
        extents.insert(extents.end(), {s1, s2});
        colors.insert(colors.end(), {c.x, c.y, c.z});
        opacities.push_back(opacity);
        now.push_back(nowFootprint);
        prior.push_back(priorFootprint);
        mask.push_back(m);
    }
    LayerDraw draw(uint16_t level = 0) const {
        return {positions, orientations, extents, colors, opacities, now, prior, mask, {}, level};
    }
};

inline Quatf randomRotation(std::mt19937& rng) {
    std::normal_distribution<float> n;
    return {n(rng), n(rng), n(rng), n(rng)};
}

inline Camera cameraAt(int width, int height, double focal) {
    Camera c;
    c.focal_px = focal;
    c.cx_px = width / 2.0 + 1.25;
    c.cy_px = height / 2.0 - 0.75;
    c.width = width;
    c.height = height;
    return c;
}

// `count` discs in front of a camera at the origin, 2..9 wu away, footprints of 0.3 to 6 px, all in transition or not by
// chance; the last ones are large, and some reach behind the near plane.
inline DiscArrays randomDiscs(uint32_t seed, int count, const Camera& camera) {
    std::mt19937 rng(seed);
    std::uniform_real_distribution<double> u(0, 1);
    DiscArrays a;
    for (int i = 0; i < count; ++i) {
        const bool large = i >= count - 12;
        const double z = large ? 0.3 + 3 * u(rng) : 2 + 7 * u(rng);
        const Vec3d p{(u(rng) * camera.width - camera.cx_px) / camera.focal_px * z,
                      (u(rng) * camera.height - camera.cy_px) / camera.focal_px * z, z};
        const double px = large ? 60 : 0.3 * std::pow(20.0, u(rng));
        const float s = static_cast<float>(px * z / camera.focal_px);
        const double seen = length(p) / camera.focal_px;
        const double now = seen * std::exp2(2 * u(rng) - 0.7);
        const float ratio = static_cast<float>(0.4 + 0.6 * u(rng));
        const Vec3f color{static_cast<float>(u(rng)), static_cast<float>(u(rng)), static_cast<float>(u(rng))};
        const double prior = u(rng) < 0.3 ? INFINITY : now * 2.83;
        a.add(p, randomRotation(rng), s, s * ratio, color, static_cast<float>(0.05 + 0.95 * u(rng)), now, prior);
    }
    return a;
}

inline Frame drawn(const DrawList& list, const Camera& camera, const RenderSettings& settings, int threads = 1,
                   InstructionSet set = InstructionSet::Best) {
    Frame frame;
    makeCpuRasterizer(threads, set)->render(list, camera, settings, frame);
    return frame;
}

inline Frame drawn(const DiscArrays& discs, const Camera& camera, const RenderSettings& settings, int threads = 1) {
    DrawList list;
    list.layers.push_back(discs.draw());
    return drawn(list, camera, settings, threads);
}

inline RenderSettings settingsWith(uint32_t outputs = kAllOutputs) {
    RenderSettings s;
    s.outputs = outputs;
    s.near = 0.05;
    return s;
}

// Decibels against a peak of 1; infinities in both are equal.
inline double psnr(const Image<float>& a, const Image<float>& b) {
    if (a.size() != b.size() || a.empty()) return -1;
    double sum = 0;
    for (size_t i = 0; i < a.size(); ++i) {
        if (a[i] == b[i]) continue;
        sum += (double(a[i]) - b[i]) * (double(a[i]) - b[i]);
    }
    return sum == 0 ? 999.0 : (std::isfinite(sum) ? 10 * std::log10(double(a.size()) / sum) : -1.0);
}

inline bool sameBits(const Frame& a, const Frame& b) {
    return a.color == b.color && a.coverage == b.coverage && a.depth == b.depth && a.depthMedian == b.depthMedian &&
           a.normal == b.normal && a.level == b.level && a.surfelId == b.surfelId;
}

// Surfels packed around a page's centre.
struct PackedPage {
    std::vector<Surfel> surfels;
    Vec3d origin;
    double unit = 1, octaveBase = 0;

    PageDraw draw(uint32_t ordinal = 0, uint16_t level = 0) const {
        PageDraw p;
        p.surfels = surfels;
        p.origin = origin;
        p.unit = unit;
        p.octaveBase = octaveBase;
        p.level = level;
        p.pageOrdinal = ordinal;
        return p;
    }
};

// Packs a layer into one page of edge 65536 unit at `origin`; what lies outside saturates.
inline PackedPage packedPage(const DiscArrays& a, Vec3d origin, double unit, double octaveBase) {
    PackedPage page{{}, origin, unit, octaveBase};
    for (size_t i = 0; i < a.size(); ++i) {
        PageSurfel s;
        s.position = {static_cast<float>((a.positions[3 * i] - origin.x) / unit),
                      static_cast<float>((a.positions[3 * i + 1] - origin.y) / unit),
                      static_cast<float>((a.positions[3 * i + 2] - origin.z) / unit)};
        s.rotation = {a.orientations[4 * i], a.orientations[4 * i + 1], a.orientations[4 * i + 2],
                      a.orientations[4 * i + 3]};
        s.extent[0] = static_cast<float>(a.extents[2 * i] / unit);
        s.extent[1] = static_cast<float>(a.extents[2 * i + 1] / unit);
        s.color = {a.colors[3 * i], a.colors[3 * i + 1], a.colors[3 * i + 2]};
        s.opacity = a.opacities[i];
        s.nowOctave = static_cast<float>(-std::log2(a.now[i]) - octaveBase);
        s.priorOctave = static_cast<float>(-std::log2(a.prior[i]) - octaveBase);
        s.mask = a.mask[i];
        s.flags = 0;
        page.surfels.push_back(packSurfel(s));
    }
    return page;
}

// The layer that the page holds, decoded.
inline DiscArrays decoded(const PackedPage& page) {
    DiscArrays a;
    for (const Surfel& packed : page.surfels) {
        const PageSurfel s = unpackSurfel(packed);
        const Vec3d p = page.origin + Vec3d{s.position.x, s.position.y, s.position.z} * page.unit;
        a.add(p, s.rotation, static_cast<float>(s.extent[0] * page.unit), static_cast<float>(s.extent[1] * page.unit),
              s.color, s.opacity, std::exp2(-(s.nowOctave + page.octaveBase)),
              std::isinf(s.priorOctave) ? INFINITY : std::exp2(-(s.priorOctave + page.octaveBase)), s.mask);
    }
    return a;
}

}  // namespace wz::test
