// SPDX-License-Identifier: Apache-2.0
// Small procedural layers for the native tests.
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>
#include <vector>

#include "shared/camera.h"
#include "world/level.h"

namespace wz::test {

// Owns the arrays of a layer.
struct Layer {
    std::vector<double> positions, now, prior;
    std::vector<float> orientations, extents, colors, opacities, mask;
    std::vector<uint8_t> isSky;
    std::vector<uint16_t> flags;

    size_t size() const { return opacities.size(); }

    SurfelLayerView view() const {
        return {positions, orientations, extents, colors, opacities, now, prior, mask, isSky, flags};
    }

    void add(Vec3d p, Quatf q, float extent, Vec3f color, double nowFootprint, double priorFootprint,
             bool sky = false) {
        positions.insert(positions.end(), {p.x, p.y, p.z});
        orientations.insert(orientations.end(), {q.w, q.x, q.y, q.z});
        extents.insert(extents.end(), {extent, extent * 1.25f});
        colors.insert(colors.end(), {color.x, color.y, color.z});
        opacities.push_back(0.95f);
        now.push_back(nowFootprint);
        prior.push_back(priorFootprint);
        mask.push_back(1.0f);
        isSky.push_back(sky);
        flags.push_back(0);
    }
};

inline Camera homeCamera(int width, int height, double focal_px) {
    Camera camera;
    camera.focal_px = focal_px;
    camera.width = width;
    camera.height = height;
    camera.cx_px = 0.5 * width;
    camera.cy_px = 0.5 * height;
    return camera;
}

// The same eye, `factor` times closer; the view is the crop of the same shape centred at (atX, atY) in 0..1 of the frame.
inline Camera zoomed(const Camera& camera, double factor, double atX, double atY) {
    Camera lens = camera;
    lens.focal_px *= factor;
    lens.cx_px = (camera.cx_px - atX * camera.width) * factor + 0.5 * camera.width;
    lens.cy_px = (camera.cy_px - atY * camera.height) * factor + 0.5 * camera.height;
    return lens;
}

// Unit ray of a pixel position, world axes.
inline Vec3d rayOf(const Camera& camera, double x_px, double y_px) {
    const Vec3d v{(x_px - camera.cx_px) / camera.focal_px, (y_px - camera.cy_px) / camera.focal_px, 1.0};
    return rotationOf(camera.worldFromCamera) * (v * (1.0 / length(v)));
}

// Distance along a ray from the eye to the scene: a slanted floor-like plane (z = 10 + y, by the camera's axes) with a
// bump; sky above row `skyRows` of 0..1.
struct Scene {
    double skyPart = 0.0;
    double unit = 1.0;  // wu of the scene's metre: scaling the world

    double distanceAt(const Camera& camera, double y_px, Vec3d ray) const {
        if (y_px < skyPart * camera.height) return INFINITY;
        return unit * 10.0 / (ray.z - 0.3 * ray.y);
    }
};

// One surfel a pixel of `camera` that looks at the scene; `parentFocal_px` <= 0: no parent.
inline Layer layerOf(const Scene& scene, const Camera& camera, double parentFocal_px, uint32_t seed = 1) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> any(0.0f, 1.0f);
    Layer layer;
    for (int j = 0; j < camera.height; ++j)
        for (int i = 0; i < camera.width; ++i) {
            const Vec3d ray = rayOf(camera, i + 0.5, j + 0.5);
            const double distance = scene.distanceAt(camera, j + 0.5, ray);
            const bool sky = std::isinf(distance);
            const double reach = sky ? 1.0 : distance;
            const double footprint = reach / camera.focal_px;
            const Vec3d p = sky ? ray : camera.position + ray * distance;
            const Quatf q{any(random) + 0.5f, 0.2f * any(random), 0.2f * any(random), any(random)};
            layer.add(p, q, static_cast<float>(0.7 * footprint), {any(random), any(random), any(random)}, footprint,
                      parentFocal_px > 0 ? reach / parentFocal_px : INFINITY, sky);
        }
    return layer;
}

// The level's own distance map with a mask that falls to 0 over `border` px at the view's edge.
inline CoverMap coverOf(const Scene& scene, const Camera& lens, double border_px) {
    CoverMap map;
    for (int j = 0; j < lens.height; ++j)
        for (int i = 0; i < lens.width; ++i) {
            map.distance.push_back(scene.distanceAt(lens, j + 0.5, rayOf(lens, i + 0.5, j + 0.5)));
            const double edge = std::min({i + 0.5, lens.width - i - 0.5, j + 0.5, lens.height - j - 0.5});
            map.weight.push_back(static_cast<float>(std::clamp(edge / border_px, 0.0, 1.0)));
        }
    return map;
}

}  // namespace wz::test
