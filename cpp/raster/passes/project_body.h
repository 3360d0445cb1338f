// SPDX-License-Identifier: Apache-2.0
// The project pass of one surfel: what it reads, the arithmetic of project_lanes.h with one lane, what it leaves behind.
#pragma once

#include "raster/passes/project_lanes.h"

namespace wz {

// Larger key = farther. A total order on floats; sky lies behind everything, finer levels before coarser ones.
template <class F>
WZ_HD IntOf<F> orderedKey(F key, const PageView& page) {
    using I = IntOf<F>;
    if (page.sky) return I(static_cast<int32_t>(0xffff0000u | (0xffffu - static_cast<uint32_t>(page.level))));
    const I bits = bitsOf(key);
    return bits ^ (shiftRight(bits, 31) | I(INT32_MIN));
}

// Writes what the later passes read of one surfel that is drawn. `extra` may be null. A general surfel's record and
// rectangle are completed afterwards (finishGeneralDisc).
WZ_HD void writeSurfel(const ProjectParams& params, const PageView& page, const ProjectedLanes<float>& o, uint64_t id,
                       SurfelRecord& r, PixelRect& rect, uint32_t& key, SurfelExtra* extra) {
    const bool dissolve = params.fadeLaw == FadeLaw::Dissolve;
    r.x = o.x;
    r.y = o.y;
    r.ux = o.ray.ux;
    r.uy = o.ray.uy;
    r.vx = o.ray.vx;
    r.vy = o.ray.vy;
    r.hx = o.ray.hx;
    r.hy = o.ray.hy;
    r.spare = 0.0f;
    r.cutoff2 = o.cutoff2;
    r.opacity = o.general ? o.fadedOpacity : o.opacity;
    r.red = o.colors.red;
    r.green = o.colors.green;
    r.blue = o.colors.blue;
    r.weight = o.weight;
    r.flags = (page.sky ? kRecordSky : 0u) | (dissolve && o.fade.coarse ? 0u : kRecordFine) |
              (dissolve && o.fade.fine ? 0u : kRecordCoarse) |
              (o.general ? kRecordGeneral : (o.dot ? kRecordDot : 0u) | (o.flat ? kRecordFlat : 0u));
    key = static_cast<uint32_t>(orderedKey(o.key, page));
    if (o.general)
        rect = {0, 0, 0, 0};
    else
        rect = {static_cast<uint16_t>(o.x0), static_cast<uint16_t>(o.y0), static_cast<uint16_t>(o.x1),
                static_cast<uint16_t>(o.y1)};
    if (extra) *extra = {o.depth, o.depthRelative, o.nx, o.ny, o.nz, page.levelOutput, id};
}

// Copies a packed surfel; on a device in two loads (runs start at multiples of 32 bytes).
WZ_HD Surfel loadSurfel(const Surfel* from) {
#if defined(__CUDA_ARCH__)
    struct alignas(16) Half {
        uint32_t words[4];
    };
    struct alignas(16) Whole {
        Half halves[2];
    } whole;
    const Half* halves = reinterpret_cast<const Half*>(from);
    whole.halves[0] = halves[0];
    whole.halves[1] = halves[1];
    Surfel surfel;
    __builtin_memcpy(&surfel, &whole, sizeof(surfel));
    return surfel;
#else
    return *from;
#endif
}

// A packed surfel's stored numbers, one lane.
WZ_HD StoredLanes<float> storedOf(const Surfel& s) {
    StoredLanes<float> o;
    for (int k = 0; k < 3; ++k) {
        o.position[k] = s.position[k];
        o.rotation[k] = s.rotation[k];
        o.color[k] = s.color[k];
    }
    o.extent[0] = s.extent[0];
    o.extent[1] = s.extent[1];
    o.opacity = s.opacity;
    o.now = s.now;
    o.prior = s.prior;
    o.mask = s.mask;
    return o;
}

// A run of surfels of one page or layer: what the whole pass needs besides the frame's parameters, for one surfel a lane.
struct PageRun {
    PageView page;
    DoubleCentres centres;  // of packed positions, or of a layer's positions less `eye`
    double octaveFootprint;  // 2^octaveBase: footprint times this has octave 0 (packed only)
    uint64_t firstId;
    const Surfel* surfels;  // null: `layer` is used
    LayerArrays layer;
    Vec3d eye;  // layers only
    const uint8_t* isSky;  // layers only, null: none is; surfels where it is not `keepSky` are left out
    const CoverArrays* covers;  // newest first
    uint32_t coverCount, count;
    uint32_t keepSky;
    uint32_t firstSlot;  // of the run among all runs of the frame
    uint32_t firstBlock;  // of the thread blocks that project it
};

// Surfel i of a layer; octaves relative to its own `now`.
WZ_HD DiscLanes<float> layerDiscOf(const LayerArrays& a, uint32_t i, ColorLanes<float>& colors) {
    const size_t j = i;
    DiscLanes<float> o;
    o.qw = a.orientations[4 * j];
    o.qx = a.orientations[4 * j + 1];
    o.qy = a.orientations[4 * j + 2];
    o.qz = a.orientations[4 * j + 3];
    o.extent1 = a.extents[2 * j];
    o.extent2 = a.extents[2 * j + 1];
    colors = {a.colors[3 * j], a.colors[3 * j + 1], a.colors[3 * j + 2]};
    o.opacity = a.opacities[j];
    tidy(o, colors);
    const float ratio = a.prior && a.now ? static_cast<float>(a.prior[j] / a.now[j]) : INFINITY;
    o.now = 0.0f;
    o.prior = select(ratio < 1e37f, 0.0f - log2Of(maxOf(ratio, 1e-37f)), kNoParentOctave);
    o.mask = a.mask ? a.mask[j] : 1.0f;
    return o;
}

WZ_HD CentreLanes<float> centreOf(const CentreNumbers& n) {
    return {n.x, n.y, n.tx, n.ty, n.unitOverDepth, n.pixelsPerUnit, n.depth, n.depthRelative, n.key, n.footprint};
}

WZ_HD CentreLanes<float> layerCentreOf(const ProjectParams& params, const PageRun& run, uint32_t i) {
    const double* q = run.layer.positions + 3 * static_cast<size_t>(i);
    Vec3d p{q[0], q[1], q[2]};
    if (run.page.sky) p = p * (1.0 / std::sqrt(dot(p, p)));
    p = p - run.eye;
    const double octave = run.layer.now ? 1.0 / run.layer.now[i] : 1.0;
    return centreOf(centreInDouble(params, run.centres, p.x, p.y, p.z, octave));
}

// What the covers of the page do to surfel i: how much finer levels take over, and the colours carried back from them.
WZ_HD void addCovers(const PageRun& run, uint32_t i, float octave, const DiscLanes<float>& disc, FadeSums<float>& sums,
                     ColorLanes<float>& colors) {
    for (uint32_t k = 0; k < run.coverCount; ++k) {
        const CoverArrays& cover = run.covers[k];
        if (cover.weight)
            addCover(sums, disc, octave, cover.sibling, cover.readiness, cover.weight[i] * (1.0f / 255.0f),
                     cover.next[i] * (1.0f / kBandStepsPerOctave));
        if (!cover.color) continue;
        const int8_t* stored = cover.color + 3 * static_cast<size_t>(i);
        const float change[3] = {float(stored[0]), float(stored[1]), float(stored[2])};
        addChange(colors, change, cover.readiness);
    }
}

// Everything after the centre.
WZ_HD ProjectedLanes<float> finishOne(const ProjectParams& params, const PageRun& run, const DiscLanes<float>& disc,
                                      const CentreLanes<float>& centre, const FadeSums<float>& sums,
                                      const ColorLanes<float>& colors) {
    const FadeLanes<float> fade = fadeLanesOf(sums.fine, sums.covered);
    ProjectedLanes<float> o = projectLanes(params, run.page, disc, centre, fade, opacityOf(params, disc, fade), true);
    o.colors = colors;
    return o;
}

// The whole pass for surfel i of a packed run, one lane; `packed` is run.surfels[i].
WZ_HD ProjectedLanes<float> projectOne(const ProjectParams& params, const PageRun& run, const Surfel& packed,
                                       uint32_t i) {
    const StoredLanes<float> stored = storedOf(packed);
    const DiscLanes<float> disc = decodeLanes(stored);
    ColorLanes<float> colors = decodeColors(stored.color);
    const CentreLanes<float> centre =
        run.page.inFloat ? packedCentreLanes(params, run.page, stored.position)
                         : centreOf(centreInDouble(params, run.centres, stored.position[0], stored.position[1],
                                                   stored.position[2], run.octaveFootprint));
    FadeSums<float> sums = wholeFade<float>();
    if (params.applyFade) {
        const float octave = octaveOf(params, run.page, centre.distance);
        sums = fadeSumsOf(run.page, disc, octave);
        addCovers(run, i, octave, disc, sums, colors);
    }
    return finishOne(params, run, disc, centre, sums, colors);
}

// The same for a layer's run.
WZ_HD ProjectedLanes<float> projectOneOfLayer(const ProjectParams& params, const PageRun& run, uint32_t i) {
    ColorLanes<float> colors;
    const DiscLanes<float> disc = layerDiscOf(run.layer, i, colors);
    const CentreLanes<float> centre = layerCentreOf(params, run, i);
    FadeSums<float> sums = wholeFade<float>();
    if (params.applyFade) sums = fadeSumsOf(run.page, disc, octaveOf(params, run.page, centre.distance));
    return finishOne(params, run, disc, centre, sums, colors);
}

// What one surfel leaves for the later passes.
struct ProjectedSurfel {
    SurfelRecord record;
    SurfelExtra extra;
    PixelRect rect;
    uint32_t key;
};

// Completes the record and the rectangle of surfel i, which reaches behind the near plane.
WZ_HD_RARE bool finishGeneral(const ProjectParams& params, const PageRun& run, uint32_t i, SurfelRecord& record,
                              PixelRect& rect) {
    const CameraDisc disc = run.surfels ? cameraDiscOf(params, run.centres, loadSurfel(run.surfels + i))
                                        : cameraDiscOf(params, run.centres, run.layer, i, run.eye, run.page.sky);
    return finishGeneralDisc(params, disc, run.page.near, record, rect);
}

// Surfel i of the run, ready to be drawn: false when it is not seen. `rect` then holds nothing.
WZ_HD bool projectSurfel(const ProjectParams& params, const PageRun& run, uint32_t i, ProjectedSurfel& out) {
    if (run.isSky && (run.isSky[i] != 0) != (run.keepSky != 0)) return false;
    Surfel packed{};
    ProjectedLanes<float> o;
    if (run.surfels) {
        packed = loadSurfel(run.surfels + i);
        o = projectOne(params, run, packed, i);
    } else {
        o = projectOneOfLayer(params, run, i);
    }
    if (!(o.drawn || o.general)) return false;
    writeSurfel(params, run.page, o, run.firstId + i, out.record, out.rect, out.key, &out.extra);
    if (!o.general) return true;
    out.extra.depth = run.page.near;
    out.extra.depthRelative = static_cast<float>(-params.depthOrigin);
    SurfelRecord record = out.record;  // of their own, so that only general discs need an address for theirs
    PixelRect rect = out.rect;
    const bool seen = finishGeneral(params, run, i, record, rect);
    out.record = record;
    out.rect = rect;
    return seen;
}

}  // namespace wz
