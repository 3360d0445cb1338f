// SPDX-License-Identifier: Apache-2.0
// Every tunable of the engine, once, with its unit and its reason.
#pragma once

#include <cstdint>

namespace wz {

// Octree. A cell's edge is at least 2^kCellOctaves px at its surfels' own footprint: a surface page holds about 64 K.
inline constexpr int kCellOctaves = 8;
inline constexpr int kPageStepOctaves = 16;  // positions are 16 bits: unit = edge / 2^16
inline constexpr uint32_t kMaxSurfelsPerPage = 65536;
inline constexpr uint32_t kSurfelsPerCluster = 1024;  // culling inside a page works on such runs in Morton order

// Blending.
inline constexpr float kAlphaMax = 0.99f;  // one surfel never hides everything: keeps T > 0 and the order mild
inline constexpr float kAlphaMin = 1.0f / 255.0f;  // less is not drawn: one step of an 8-bit picture
inline constexpr float kLog2OfAlphaMin = -7.9943534f;
inline constexpr float kCutoffMax = 3.33f;  // standard deviations: exp(-3.33^2 / 2) is 1/255
inline constexpr float kTransmittanceMin = 1e-4f;  // a pixel is finished below this
inline constexpr float kMedianTransmittance = 0.5f;

// Of its band, when a surfel counts as come in whole and a newer sibling may take over from it: a little before the coarse
// partner is gone, whatever the rounding of bands to 1/1024 octave.
inline constexpr float kWholeBand = 63.0f / 64.0f;

// Low-pass: no disc looks narrower than this variance on the screen (px^2): exp(-d^2) around its mean.
inline constexpr float kLowpassVariance = 0.5f;
inline constexpr float kLowpassReach_px = 2.36f;  // of that dot: at least kCutoffMax * sqrt(kLowpassVariance)
// An opacity of 1 would be infinitely thick and never thin out; it counts as thick as kAlphaMax lets it look.
inline constexpr float kOpticalOpacityMax = kAlphaMax;

// What the blend pass may leave out for a disc. Its centre's depth changes by less than kFlatSlope within a standard
// deviation: 1 / (1 - s)^2 is then 1 + 2 s + 3 s^2 to 1e-5 of an alpha. The pixels of its blocks reach kBlockMargin_px
// beyond its bounds; there the slope stays under kFlatSlopeOutside, so that the series keeps its sign.
inline constexpr float kFlatSlope = 0.01f;
inline constexpr float kFlatSlopeOutside = 0.25f;
// How far its quadratic form may cancel: by float arithmetic it is then wrong by at most 1e-5.
inline constexpr float kFlatSlanting = 16.0f;
inline constexpr float kBlockMargin_px = 6.0f;

// Near plane.
inline constexpr double kNearOfFocus = 1e-3;  // of the focus distance, along z
inline constexpr double kSkyNear = 1e-3;  // of the unit sphere on which sky surfels lie, along z
inline constexpr double kSmallestNear = 1e-30;  // wu: when nothing is drawn the near plane still lies in front

// A page is projected in float around its centre while it is small against its depth and on the screen; the bounds
// keep the float error of a centre under 1/500 px. Nearer pages are projected in double.
inline constexpr double kFloatPageDepthRatio = 0.6;  // half diagonal / depth of the centre
inline constexpr double kFloatPageRadius_px = 4096;  // half diagonal on the screen

// Edge-on discs: their area on the screen is at least this part of the squared length of their axes.
inline constexpr float kThinnestAspect = 1e-6f;

// Pixels added to the bounds of a surfel against rounding: an absolute part and one of its size.
inline constexpr float kBoundsSlack_px = 1e-3f;
inline constexpr float kBoundsSlackRelative = 1e-5f;

// Values of a projected surfel beyond this, and NaN, mark bad data: the surfel is not drawn.
inline constexpr float kLargestSane = 1e18f;

// The screen is cut into tiles (one task, one list of surfels), these into blocks (one vector of pixels).
inline constexpr int kTileShift = 4;
inline constexpr int kTileSize = 1 << kTileShift;  // px
inline constexpr int kBlockSize = 4;  // px
inline constexpr int kBlocksPerRow = kTileSize / kBlockSize;
inline constexpr int kBlocksPerTile = kBlocksPerRow * kBlocksPerRow;
inline constexpr int kBlockPixels = kBlockSize * kBlockSize;
// On a GPU a warp draws half a tile. A list of more than kLongList entries is drawn by many warps, a wave each.
inline constexpr int kGpuTileSize = 8;  // px
inline constexpr uint32_t kWaveEntries = 1024;
inline constexpr uint32_t kLongList = 4 * kWaveEntries;
inline constexpr int kLargestSide_px = 32768;  // pixel bounds are stored in 16 bits

}  // namespace wz
