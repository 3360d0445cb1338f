// SPDX-License-Identifier: Apache-2.0
// What a frame and a page look like from the camera: the double (and wider) arithmetic that is done once for each.
#pragma once

#include "raster/passes/project.h"
#include "raster/rasterizer.h"

namespace wz {

// A position in camera axes is base + axes * q for q a packed position (page units) or, for layers, position - eye.
struct CameraMap {
    Vec3d base;
    Mat3d axes;
};

// Throws InputError when the camera or the settings are not finite, the focal is not positive or a side is not in
// 1..kLargestSide_px.
void checkView(const Camera& camera, const RenderSettings& settings);

// leak / (1 - leak), see takeShare.
float leakRatioOf(const RenderSettings& settings);

// The frame's constants. near and the draw order's origin come from the focus distance; without one from the median
// distance of what is drawn, pages by their centres, layers by up to 1024 surfels.
ProjectParams projectParamsOf(const DrawList& list, const Camera& camera, const RenderSettings& settings);

PageView pageViewOf(const PageDraw& page, const Camera& camera, const ProjectParams& params);
// The uniform part for a layer, whose centres are always projected in double.
PageView layerViewOf(const LayerDraw& layer, bool sky, const ProjectParams& params);

CameraMap cameraMapOf(const PageDraw& page, const Camera& camera, const ProjectParams& params);

}  // namespace wz
