// SPDX-License-Identifier: Apache-2.0
// Parameters and results of the project pass: surfels of a page or a layer -> discs on the screen.
#pragma once

#include "shared/config.h"
#include "shared/fade.h"
#include "shared/surfel.h"
#include "shared/tiles.h"

namespace wz {

// The camera and the settings, the same for all surfels of a frame. `near` and depths are along z, in wu.
struct ProjectParams {
    Mat3d cameraFromWorld;
    Quatf viewRotation;      // camera from world
    double focal_px = 1, cx_px = 0, cy_px = 0;
    double near = 0;
    double depthOrigin = 0;  // subtracted from z depths before they become float
    double keyOrigin = 0;    // distance at which the draw order resolves finest
    float width = 0, height = 0;
    FadeLaw fadeLaw = FadeLaw::Dissolve;
    bool applyFade = true;
    bool opticalLowpass = true;
    bool fadeAlongZ = false;  // footprint and order by z instead of the radial distance
    float detailBias = 0;     // octaves
    int32_t levelShare = -1;  // level whose share is output, or -1: mean level
};

// One page (or one surfel: see centre in project_lanes.h) as this camera sees its reference point (X0, Y0, Z0), Z0 > 0:
// computed in double, then rounded. Offsets from the reference point are in page units.
struct PageView {
    float u0, v0;         // pixel of the reference point
    float tx0, ty0;       // X0/Z0, Y0/Z0
    float unitOverDepth;  // unit / Z0
    float pixelsPerUnit;  // f unit / Z0
    float depth;          // Z0, wu
    float depthRelative;  // Z0 - depthOrigin, wu
    float radius;         // r0 / Z0
    float key;            // r0 - keyOrigin, wu (along z: Z0 - keyOrigin)
    float octave;         // at the distance Z0, relative to the page's octaveBase, detail bias added
    float near;           // wu
    float readiness;
    float level;
    float levelOutput;    // what a surfel of the page adds to the level output
    bool sky;
    bool inFloat;         // false: the centres of this page are projected in double
};

// A map from positions (packed steps, or wu from the eye) to camera axes in wu, for centres in double.
struct DoubleCentres {
    Vec3d base;
    Vec3d axisX, axisY, axisZ;
    double unit;  // wu per unit of the extents
};

// The arrays of a layer, from the first surfel of the run. prior, mask, isSky may be null.
struct LayerArrays {
    const double* positions;
    const float* orientations;
    const float* extents;
    const float* colors;
    const float* opacities;
    const double* now;
    const double* prior;
    const float* mask;
};

// One finer level over a page; pointers to the first surfel of the run (or null).
struct CoverArrays {
    const uint8_t* weight;
    const uint16_t* next;
    const int8_t* color;
    float readiness;
    bool sibling;
};

// Which accumulators a surfel goes to (bits), and more facts the blend pass needs.
enum RecordFlag : uint32_t {
    kRecordFine = 1u,         // accumulator A: the picture with the finer level
    kRecordCoarse = 2u,       // accumulator B: the picture with the coarser level
    kRecordGeneral = 4u,      // first nine floats are a GeneralDisc
    kRecordSky = 8u,
    kRecordDot = 16u,         // nothing but its low-pass dot is ever seen: see dotFalloff
    kRecordFlat = 32u,        // its slope is small: see hitFlat
};

// One projected surfel as the blend pass reads it.
struct alignas(64) SurfelRecord {
    float x, y;            // mean, px
    float ux, uy, vx, vy;  // RayForm; of a flat record see below
    float hx, hy;
    float spare;           // ninth float of a GeneralDisc
    float cutoff2;         // squared standard deviations beyond which alpha is under kAlphaMin
    float opacity;         // after fade law and low-pass
    float red, green, blue;
    float weight;          // of the finer picture, for surfels in transition
    uint32_t flags;        // RecordFlag

    // Of a record that is kRecordFlat: the QuadraticForm in the place of ux, uy and vx, and of vy the binary logarithm of the
    // opacity.
    WZ_HD float flatXX() const { return ux; }
    WZ_HD float flatXY() const { return uy; }
    WZ_HD float flatYY() const { return vx; }
    WZ_HD float flatLog2Opacity() const { return vy; }
};
static_assert(sizeof(SurfelRecord) == 64);

// What only depth, normal, level and id outputs need.
struct alignas(16) SurfelExtra {
    float depth;  // Z of the mean, wu (general: near)
    float depthRelative;  // Z - depthOrigin, wu (general: -depthOrigin)
    float nx, ny, nz;  // camera axes, facing the camera
    float level;
    uint64_t id;
};
static_assert(sizeof(SurfelExtra) == 32);

}  // namespace wz
