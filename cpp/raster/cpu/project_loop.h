// SPDX-License-Identifier: Apache-2.0
// The project pass on the CPU: sixteen surfels at a time. Included once by each kernels_<set>.cpp.
#pragma once

#include <cstddef>

#include "raster/cpu/kernels.h"
#include "raster/cpu/simd16.h"
#include "raster/passes/project_body.h"

namespace wz::WZ_TARGET {

static constexpr int kLanes = 16;

struct alignas(64) LaneArray {
    float v[kLanes];
};

static inline F16 load(const LaneArray& a) { return loadLanes(a.v); }

// Sixteen packed surfels with their sixteen words as lanes.
WZ_LANE_OP StoredLanes<F16> loadPacked(const Surfel* in) {
    I16 pairs[8];
    loadColumns(in, pairs);
    const auto low = [&](int k) __attribute__((always_inline)) { return toLanes(lowWords(pairs[k]), F16(0.0f)); };
    const auto high = [&](int k) __attribute__((always_inline)) { return toLanes(highWords(pairs[k]), F16(0.0f)); };
    return {{low(0), high(0), low(1)},
            {high(1), low(2), high(2)},
            {low(3), high(3)},
            {low(4), high(4), low(5)},
            high(5),
            low(6),
            high(6),
            low(7)};
}
static_assert(offsetof(Surfel, rotation) == 6 && offsetof(Surfel, extent) == 12 && offsetof(Surfel, color) == 16 &&
                  offsetof(Surfel, opacity) == 22 && offsetof(Surfel, now) == 24 && offsetof(Surfel, mask) == 28,
              "loadPacked names the words of a surfel by their places");

static void loadLayer(const ProjectRun& run, const uint32_t* index, DiscLanes<F16>& out) {
    const LayerArrays& a = run.layer;
    LaneArray t[12];
    for (int i = 0; i < kLanes; ++i) {
        const size_t j = index[i];
        for (int k = 0; k < 4; ++k) t[k].v[i] = a.orientations[4 * j + k];
        t[4].v[i] = a.extents[2 * j];
        t[5].v[i] = a.extents[2 * j + 1];
        for (int k = 0; k < 3; ++k) t[6 + k].v[i] = a.colors[3 * j + k];
        t[9].v[i] = a.opacities[j];
        // Octaves relative to the surfel's own `now`.
        t[10].v[i] = a.prior && a.now ? static_cast<float>(a.prior[j] / a.now[j]) : INFINITY;
        t[11].v[i] = a.mask ? a.mask[j] : 1.0f;
    }
    out.qw = load(t[0]);
    out.qx = load(t[1]);
    out.qy = load(t[2]);
    out.qz = load(t[3]);
    out.extent1 = load(t[4]);
    out.extent2 = load(t[5]);
    out.red = load(t[6]);
    out.green = load(t[7]);
    out.blue = load(t[8]);
    out.opacity = load(t[9]);
    tidy(out);
    const F16 ratio = load(t[10]);
    out.now = F16(0.0f);
    out.prior = select(ratio < F16(1e37f), F16(0.0f) - log2Of(maxOf(ratio, F16(1e-37f))), F16(kNoParentOctave));
    out.mask = load(t[11]);
}

// Sixteen centres in double.
static void centresInDouble(const ProjectRun& run, const double p[3][kLanes], const double* octaveFootprint,
                            CentreLanes<F16>& c) {
    LaneArray t[10];
    for (int i = 0; i < kLanes; ++i) {
        const CentreNumbers n = centreInDouble(*run.params, run.centres, p[0][i], p[1][i], p[2][i], octaveFootprint[i]);
        const float values[10] = {
            n.x, n.y, n.tx, n.ty, n.unitOverDepth, n.pixelsPerUnit, n.depth, n.depthRelative, n.key, n.footprint};
        for (int k = 0; k < 10; ++k) t[k].v[i] = values[k];
    }
    F16* lanes[10] = {&c.x,   &c.y,       &c.tx, &c.ty, &c.unitOverDepth, &c.pixelsPerUnit, &c.depth, &c.depthRelative,
                      &c.key, &c.distance};
    for (int k = 0; k < 10; ++k) *lanes[k] = load(t[k]);
}

static void layerCentres(const ProjectRun& run, const uint32_t* index, CentreLanes<F16>& c) {
    double p[3][kLanes], octave[kLanes];
    const LayerArrays& a = run.layer;
    for (int i = 0; i < kLanes; ++i) {
        const double* q = a.positions + 3 * static_cast<size_t>(index[i]);
        double x = q[0], y = q[1], z = q[2];
        if (run.page->sky) {
            const double n = 1.0 / __builtin_sqrt(x * x + y * y + z * z);
            x *= n;
            y *= n;
            z *= n;
        }
        p[0][i] = x - run.eye.x;
        p[1][i] = y - run.eye.y;
        p[2][i] = z - run.eye.z;
        octave[i] = a.now ? 1.0 / a.now[index[i]] : 1.0;
    }
    centresInDouble(run, p, octave, c);
}

static void packedCentresInDouble(const ProjectRun& run, const StoredLanes<F16>& s, CentreLanes<F16>& c) {
    LaneArray q[3];
    for (int k = 0; k < 3; ++k) storeLanes(q[k].v, s.position[k]);
    double p[3][kLanes], octave[kLanes];
    for (int i = 0; i < kLanes; ++i) {
        for (int k = 0; k < 3; ++k) p[k][i] = q[k].v[i];
        octave[i] = run.octaveFootprint;
    }
    centresInDouble(run, p, octave, c);
}

// Adds the covers of the page: what finer levels take over, and the colours carried back from them.
static void addCovers(const ProjectRun& run, uint32_t first, uint32_t n, F16 octave, DiscLanes<F16>& s,
                      FadeSums<F16>& sums) {
    for (uint32_t k = 0; k < run.coverCount; ++k) {
        const CoverArrays& cover = run.covers[k];
        const F16 ready(cover.readiness);
        LaneArray a[3];
        if (cover.weight) {
            for (uint32_t i = 0; i < kLanes; ++i) {
                const uint32_t j = first + (i < n ? i : n - 1);
                a[0].v[i] = cover.weight[j];
                a[1].v[i] = cover.next ? cover.next[j] : 0.0f;
            }
            addCover(sums, s, octave, cover.sibling, ready, load(a[0]) * F16(1.0f / 255.0f),
                     load(a[1]) * F16(1.0f / kBandStepsPerOctave));
        }
        if (cover.color) {
            for (uint32_t i = 0; i < kLanes; ++i) {
                const size_t j = first + (i < n ? i : n - 1);
                for (int ch = 0; ch < 3; ++ch) a[ch].v[i] = cover.color[3 * j + ch];
            }
            const F16 scale = ready * F16(1.0f / 127.0f);
            s.red = madd(load(a[0]), scale, s.red);
            s.green = madd(load(a[1]), scale, s.green);
            s.blue = madd(load(a[2]), scale, s.blue);
        }
    }
}

// One number in the lanes of `m`, another in the rest, as bits.
static inline I16 selectBits(M16 m, uint32_t a, uint32_t b) {
    const F16 like(0.0f);
    return bitsOf(
        select(m, fromBits(I16(static_cast<int32_t>(a)), like), fromBits(I16(static_cast<int32_t>(b)), like)));
}

static F16 flagLanes(const ProjectParams& params, const PageView& page, const ProjectedLanes<F16>& o) {
    const M16 never = o.general & !o.general;
    const bool dissolve = params.fadeLaw == FadeLaw::Dissolve;
    const I16 pictures = selectBits(dissolve ? o.fade.coarse : never, 0, kRecordFine) +
                         selectBits(dissolve ? o.fade.fine : never, 0, kRecordCoarse);
    const I16 shape = selectBits(o.general, kRecordGeneral, 0) + selectBits(o.dot & !o.general, kRecordDot, 0) +
                      selectBits(o.flat & !o.general, kRecordFlat, 0);
    return fromBits(pictures + shape + I16(page.sky ? static_cast<int32_t>(kRecordSky) : 0), o.x);
}

// What writeSurfel makes of sixteen surfels at once: rectangles from `rects` on, keys from `keys` on, those that are drawn one
// after the other and anything behind them, sixteen in all.
WZ_LANE_OP void emitRects(const PageView& page, const ProjectedLanes<F16>& o, uint32_t lanes, PixelRect* rects,
                          uint32_t* keys) {
    const auto corner = [&](F16 x, F16 y) __attribute__((always_inline)) {
        const F16 both = fromBits(truncated(x) | shiftLeft(truncated(y), 16), x);
        return bitsOf(select(o.general, F16(0.0f), both));
    };
    packPairs(rects, lanes, corner(o.x0, o.y0), corner(o.x1, o.y1));
    packLanes(keys, lanes, orderedKey(o.key, page));
}
static_assert(offsetof(SurfelRecord, hy) == 28 && offsetof(SurfelRecord, cutoff2) == 36 &&
                  offsetof(SurfelRecord, weight) == 56 && offsetof(SurfelRecord, flags) == 60 &&
                  offsetof(PixelRect, y1) == 6,
              "emitRects names the fields of a rectangle, and emit those of a record, by their places");

// The details of the lanes that are drawn, from `to` on.
static void emitExtras(const PageView& page, const ProjectedLanes<F16>& o, uint32_t lanes, uint64_t firstId,
                       const uint32_t* index, SurfelExtra* to) {
    LaneArray a[5];
    const F16 fields[5] = {o.depth, o.depthRelative, o.nx, o.ny, o.nz};
    for (int k = 0; k < 5; ++k) storeLanes(a[k].v, fields[k]);
    for (; lanes; lanes &= lanes - 1) {
        const int i = __builtin_ctz(lanes);
        *to++ = {a[0].v[i], a[1].v[i], a[2].v[i], a[3].v[i], a[4].v[i], page.levelOutput, firstId + index[i]};
    }
}

// Where the rows of sixteen lanes go when not all are drawn. Every lane goes to the slot behind those drawn before it, so that
// one that is not drawn is overwritten, or lies behind the last: no branch guesses which are. Those of the last lanes that
// stand for no surfel have no slot, and go to `spare`.
static inline void chooseSlots(SurfelRecord* records, uint32_t lanes, uint32_t n, float* spare, float* (&to)[kLanes]) {
    for (uint32_t i = 0; i < kLanes; ++i) {
        to[i] = i < n ? reinterpret_cast<float*>(records) : spare;
        records += lanes >> i & 1u;
    }
}

WZ_LANE_OP void emitRecords(const ProjectRun& run, const ProjectedLanes<F16>& o, uint32_t lanes, uint32_t n) {
    const F16 fields[kLanes] = {o.x,
                                o.y,
                                o.ray.ux,
                                o.ray.uy,
                                o.ray.vx,
                                o.ray.vy,
                                o.ray.hx,
                                o.ray.hy,
                                F16(0.0f),
                                o.cutoff2,
                                select(o.general, o.fadedOpacity, o.opacity),
                                o.red,
                                o.green,
                                o.blue,
                                o.weight,
                                flagLanes(*run.params, *run.page, o)};
    SurfelRecord* records = run.records + run.drawn;
    if (lanes == 0xffffu) {
        storeRows(fields, [&](int i) __attribute__((always_inline)) { return reinterpret_cast<float*>(records + i); });
        return;
    }
    alignas(64) float spare[kLanes];
    float* to[kLanes];
    chooseSlots(records, lanes, n, spare, to);
    storeRows(fields, [&](int i) __attribute__((always_inline)) { return to[i]; });
}

// Writes the lanes that are drawn to the run's next slots.
WZ_LANE_OP void emit(ProjectRun& run, const ProjectedLanes<F16>& o, uint32_t lanes, uint32_t n, const uint32_t* index) {
    emitRecords(run, o, lanes, n);
    const uint32_t first = run.drawn, count = static_cast<uint32_t>(__builtin_popcount(lanes));
    run.drawn += count;
    if (run.extras) emitExtras(*run.page, o, lanes, run.firstId, index, run.extras + first);
    if (n == kLanes) {
        emitRects(*run.page, o, lanes, run.rects + first, run.keys + first);
        if (run.sources) packLanes(run.sources + first, lanes, loadInts(index));
    } else {  // there may be fewer than sixteen slots
        PixelRect rects[kLanes];
        uint32_t keys[kLanes], sources[kLanes];
        emitRects(*run.page, o, lanes, rects, keys);
        packLanes(sources, lanes, loadInts(index));
        __builtin_memcpy(run.rects + first, rects, count * sizeof(PixelRect));
        __builtin_memcpy(run.keys + first, keys, count * sizeof(uint32_t));
        if (run.sources) __builtin_memcpy(run.sources + first, sources, count * sizeof(uint32_t));
    }
    for (uint32_t general = bitmaskOf(o.general) & lanes; __builtin_expect(general != 0, 0); general &= general - 1) {
        const uint32_t i = static_cast<uint32_t>(__builtin_ctz(general));
        const uint32_t before = static_cast<uint32_t>(__builtin_popcount(lanes & ((1u << i) - 1u)));
        run.general[run.generalCount++] = {index[i], first + before};
    }
}

static void projectSixteen(ProjectRun& run, uint32_t first, uint32_t n, const uint32_t* index) {
    DiscLanes<F16> disc;
    CentreLanes<F16> centre;
    if (run.packed) {
        Surfel last[kLanes];
        if (n < kLanes)
            for (uint32_t i = 0; i < kLanes; ++i) last[i] = run.packed[first + (i < n ? i : n - 1)];
        const StoredLanes<F16> stored = loadPacked(n < kLanes ? last : run.packed + first);
        disc = decodeLanes(stored);
        if (run.page->inFloat)
            centre = packedCentreLanes(*run.params, *run.page, stored.position);
        else
            packedCentresInDouble(run, stored, centre);
    } else {
        loadLayer(run, index, disc);
        layerCentres(run, index, centre);
    }
    FadeSums<F16> sums = wholeFade<F16>();
    if (run.params->applyFade) {
        const F16 octave = octaveOf(*run.params, *run.page, centre.distance);
        sums = fadeSumsOf(*run.page, disc, octave);
        addCovers(run, first, n, octave, disc, sums);
    }
    const FadeLanes<F16> fade = fadeLanesOf(sums.fine, sums.covered);
    if (!anyOf(!fade.hidden)) return;
    const ProjectedLanes<F16> projected =
        projectLanes(*run.params, *run.page, disc, centre, fade, run.extras != nullptr);
    const uint32_t lanes = bitmaskOf(projected.drawn | projected.general) & ((n < 16 ? 1u << n : 0x10000u) - 1u);
    if (lanes == 0) return;
    emit(run, projected, lanes, n, index);
}

static void projectRun(ProjectRun& run) {
    run.drawn = 0;
    run.generalCount = 0;
    uint32_t index[kLanes];
    uint32_t n = 0;
    for (uint32_t i = 0; i < run.count; ++i) {
        if (run.skip && (run.skip[i] != 0) != (run.keep != 0)) continue;
        index[n++] = i;
        if (n == kLanes) {
            projectSixteen(run, i + 1 - kLanes, n, index);
            n = 0;
        }
    }
    if (n == 0) return;
    for (uint32_t i = n; i < kLanes; ++i) index[i] = index[n - 1];
    projectSixteen(run, run.count - n, n, index);
}

}  // namespace wz::WZ_TARGET
