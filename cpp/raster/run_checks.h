// SPDX-License-Identifier: Apache-2.0
// What every backend asks of a draw list before it reads its arrays.
#pragma once

#include "raster/rasterizer.h"

namespace wz {

// Throw InputError for arrays whose lengths do not fit together. needsBands: the fade reads `now`.
void checkLayer(const LayerDraw& layer, bool needsBands);
void checkPage(const PageDraw& page);

// Whether any surfel of the layer is sky.
bool holdsSky(const LayerDraw& layer);

}  // namespace wz
