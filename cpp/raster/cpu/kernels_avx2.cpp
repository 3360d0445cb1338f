// SPDX-License-Identifier: Apache-2.0
#if defined(__x86_64__)
#define WZ_TARGET avx2

#include "raster/cpu/bin_loop.h"
#include "raster/cpu/blend_loop.h"
#include "raster/cpu/project_loop.h"

namespace wz {

const Kernels kAvx2Kernels{"avx2", &avx2::projectRun, &avx2::countEntries, &avx2::fillEntries, &avx2::blendTile};

}  // namespace wz

#endif  // __x86_64__
