// SPDX-License-Identifier: Apache-2.0
// Discs that reach behind the near plane: rare, large, and done one at a time in double.
#pragma once

#include "raster/passes/project.h"

namespace wz {

// A disc in camera axes, wu: centre and the two tangents times their extents.
struct CameraDisc {
    Vec3d centre, axis1, axis2;
};

// Fills in the ray form, the cutoff and the bounds of a record whose opacity is set. The disc is bounded by its square
// out to the cutoff, clipped at the near plane. Returns false when nothing of it is on the screen (or its plane holds
// the eye: such a disc is edge-on everywhere).
bool finishGeneralDisc(const ProjectParams& params, const CameraDisc& disc, double near, SurfelRecord& record,
                       PixelRect& rect);

}  // namespace wz
