// SPDX-License-Identifier: Apache-2.0
// How a frame is cut into tiles, and the pixel rectangles that surfels cover.
#pragma once

#include "shared/config.h"
#include "shared/vec.h"

namespace wz {

// Pixels x0 <= x < x1, y0 <= y < y1 inside the frame; never empty for a surfel that is drawn.
struct alignas(8) PixelRect {
    uint16_t x0, y0, x1, y1;
};
static_assert(sizeof(PixelRect) == 8);

struct TileGrid {
    int32_t width = 0, height = 0;  // px
    int32_t columns = 0, rows = 0;
};

WZ_HD TileGrid tileGridOf(int32_t width, int32_t height) {
    return {width, height, (width + kTileSize - 1) / kTileSize, (height + kTileSize - 1) / kTileSize};
}

// Tiles x0 <= x < x1, y0 <= y < y1.
struct TileRange {
    int32_t x0, y0, x1, y1;
};

WZ_HD TileRange tilesOf(PixelRect r) {
    return {r.x0 / kTileSize, r.y0 / kTileSize, (r.x1 + kTileSize - 1) / kTileSize, (r.y1 + kTileSize - 1) / kTileSize};
}

}  // namespace wz
