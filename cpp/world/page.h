// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "shared/config.h"
#include "shared/surfel.h"

namespace wz {

using LevelId = uint16_t;

// A cell of the octree of one level. The cell's edge is 2^-depth wu (sky: in the cube of unit directions) and its
// minimum corner is edge * (x, y, z). 64-bit because 36 octaves at |p| = 10 wu need 2^44 cells an axis.
struct PageKey {
    LevelId level = 0;
    bool sky = false;
    int16_t depth = 0;
    int64_t x = 0, y = 0, z = 0;
    int32_t part = 0;  // when a cell holds more than kMaxSurfelsPerPage surfels it is split in Morton order
    friend auto operator<=>(const PageKey&, const PageKey&) = default;
};

// Surfels of one page that lie together (Morton order): the unit of culling inside a page.
struct Cluster {
    uint32_t first = 0, count = 0;
    Vec3f low, high;      // bounds of the centres, page units
    float maxExtent = 0;  // page units
    float nowMin = 0, nowMax = 0, priorMin = 0, priorMax = 0;  // octaves relative to octaveBase; prior may be -inf
};
static_assert(sizeof(Cluster) == 52 && alignof(Cluster) == 4, "the file takes these 52 bytes");

struct PageHeader {
    PageKey key;
    Vec3d origin;             // minimum corner of the cell, wu
    double unit = 0.0;        // wu per position step = edge / 65536, a power of two
    double octaveBase = 0.0;  // whole number; bands in the page are relative to it
    uint32_t count = 0;
    Vec3f low, high;          // bounds of the centres, page units
    float maxExtent = 0;      // page units
    Vec3f normalAxis;         // cone of normals, world axes
    float normalCosine = -1;  // -1: no useful cone
    float nowMin = 0, nowMax = 0, priorMin = 0, priorMax = 0;
    uint64_t checksum = 0;    // of the payload
};

// Surfels of one level in one octree cell. Immutable once made; safe to read from any thread.
class Page {
public:
    Page(PageHeader header, std::vector<Surfel> surfels, std::vector<Cluster> clusters)
        : header_(header), surfels_(std::move(surfels)), clusters_(std::move(clusters)) {}
    const PageHeader& header() const { return header_; }
    std::span<const Surfel> surfels() const { return surfels_; }
    std::span<const Cluster> clusters() const { return clusters_; }

private:
    PageHeader header_;
    std::vector<Surfel> surfels_;
    std::vector<Cluster> clusters_;
};

// What one finer level did to one coarser page: beside the page, never in it. Arrays are parallel to its surfels.
struct CoverLayer {
    LevelId child = 0;
    // false: the child refines these surfels (it takes over between `now` and `next`).
    // true: a newer sibling lies over them; they fade as its weight rises over its own band.
    bool sibling = false;
    std::vector<uint8_t> weight;  // unorm8, soft cover 0..1; empty when only colours are carried back
    std::vector<uint16_t> next;  // the child's footprint at this surfel, octave relative to octaveBase, 1/1024 steps
    std::vector<int8_t> color;  // 3 a surfel, added to the colour in steps of 1/127; empty when nothing was edited
    uint8_t weightMin = 0;  // over the page: 255 means that the child covers all of it
    float nextMax = 0;  // octave relative to octaveBase
};

}  // namespace wz
