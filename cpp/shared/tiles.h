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

inline constexpr uint32_t kFirstColumnBlocks = 0x1111u;
static_assert(kBlocksPerRow == 4 && kBlockSize == 4,
              "kFirstColumnBlocks has a bit for the first block of each of four rows, four pixels high");

// Bit i is block i (row-major) of the tile at (tileX_px, tileY_px): set when the rectangle holds one of its pixels.
WZ_HD uint32_t blocksOf(PixelRect r, int32_t tileX_px, int32_t tileY_px) {
    const int32_t last = kTileSize - 1;
    const int32_t left = r.x0 - tileX_px > 0 ? r.x0 - tileX_px : 0;
    const int32_t top = r.y0 - tileY_px > 0 ? r.y0 - tileY_px : 0;
    const int32_t right = r.x1 - 1 - tileX_px < last ? r.x1 - 1 - tileX_px : last;
    const int32_t bottom = r.y1 - 1 - tileY_px < last ? r.y1 - 1 - tileY_px : last;
    const uint32_t row =
        (2u << (static_cast<uint32_t>(right) >> kBlockShift)) - (1u << (static_cast<uint32_t>(left) >> kBlockShift));
    // One bit for each of these rows; the product repeats the row of blocks there. No loop: its length would be a guess.
    constexpr uint32_t kRowBits = ~(static_cast<uint32_t>(kBlockSize) - 1u);
    const uint32_t below = static_cast<uint32_t>(bottom) & kRowBits, above = static_cast<uint32_t>(top) & kRowBits;
    const uint32_t rows = ((2u << below) - (1u << above)) & kFirstColumnBlocks;
    return row * rows;
}

}  // namespace wz
