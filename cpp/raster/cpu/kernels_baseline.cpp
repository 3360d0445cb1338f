// SPDX-License-Identifier: Apache-2.0
#define WZ_TARGET baseline

#include "raster/cpu/bin_loop.h"
#include "raster/cpu/blend_loop.h"
#include "raster/cpu/project_loop.h"

namespace wz {

const Kernels kBaselineKernels{"baseline", &baseline::projectRun, &baseline::countEntries, &baseline::fillEntries,
                               &baseline::blendTile};

}  // namespace wz
