// SPDX-License-Identifier: Apache-2.0
#if defined(__x86_64__)
#define WZ_TARGET avx512

#include "raster/cpu/bin_loop.h"
#include "raster/cpu/blend_loop.h"
#include "raster/cpu/project_loop.h"

namespace wz {

const Kernels kAvx512Kernels{"avx512", &avx512::projectRun, &avx512::countEntries, &avx512::fillEntries,
                             &avx512::blendTile};

}  // namespace wz

#endif  // __x86_64__
