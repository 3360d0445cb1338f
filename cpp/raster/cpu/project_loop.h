// SPDX-License-Identifier: Apache-2.0
// The project pass on the CPU: sixteen or thirty-two surfels at a time (wide_lanes.h). Included once by each kernels_<set>.cpp.
#pragma once

#include <cstddef>

#include "raster/cpu/kernels.h"
#include "raster/cpu/wide_lanes.h"
#include "raster/passes/project_body.h"

namespace wz::WZ_TARGET {

static constexpr int kLanes = kWideLanes;

struct alignas(64) LaneArray {
    float v[kLanes];
};

static inline Wide load(const LaneArray& a) { return loadWide(a.v); }

// As many packed surfels as there are lanes, their words as lanes.
WZ_LANE_OP StoredLanes<Wide> loadPacked(const Surfel* in) {
    WideInt pairs[8];
    loadWideColumns(in, pairs);
    const auto low = [&](int k) __attribute__((always_inline)) { return toLanes(lowWords(pairs[k]), Wide(0.0f)); };
    const auto high = [&](int k) __attribute__((always_inline)) { return toLanes(highWords(pairs[k]), Wide(0.0f)); };
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

static DiscLanes<Wide> loadLayer(const ProjectRun& run, const uint32_t* index, ColorLanes<Wide>& colors) {
    DiscLanes<Wide> out;
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
    colors = {load(t[6]), load(t[7]), load(t[8])};
    out.opacity = load(t[9]);
    tidy(out, colors);
    const Wide ratio = load(t[10]);
    out.now = Wide(0.0f);
    out.prior = select(ratio < Wide(1e37f), Wide(0.0f) - log2Of(maxOf(ratio, Wide(1e-37f))), Wide(kNoParentOctave));
    out.mask = load(t[11]);
    return out;
}

// Centres in double.
static CentreLanes<Wide> centresInDouble(const ProjectRun& run, const double p[3][kLanes],
                                         const double* octaveFootprint) {
    LaneArray t[10];
    for (int i = 0; i < kLanes; ++i) {
        const CentreNumbers n = centreInDouble(*run.params, run.centres, p[0][i], p[1][i], p[2][i], octaveFootprint[i]);
        const float values[10] = {
            n.x, n.y, n.tx, n.ty, n.unitOverDepth, n.pixelsPerUnit, n.depth, n.depthRelative, n.key, n.footprint};
        for (int k = 0; k < 10; ++k) t[k].v[i] = values[k];
    }
    return {load(t[0]), load(t[1]), load(t[2]), load(t[3]), load(t[4]),
            load(t[5]), load(t[6]), load(t[7]), load(t[8]), load(t[9])};
}

static CentreLanes<Wide> layerCentres(const ProjectRun& run, const uint32_t* index) {
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
    return centresInDouble(run, p, octave);
}

static CentreLanes<Wide> packedCentresInDouble(const ProjectRun& run, Wide x, Wide y, Wide z) {
    LaneArray q[3];
    storeWide(q[0].v, x);
    storeWide(q[1].v, y);
    storeWide(q[2].v, z);
    double p[3][kLanes], octave[kLanes];
    for (int i = 0; i < kLanes; ++i) {
        for (int k = 0; k < 3; ++k) p[k][i] = q[k].v[i];
        octave[i] = run.octaveFootprint;
    }
    return centresInDouble(run, p, octave);
}

// The numbers of a group from `from` on; the last of n once more where there are fewer than lanes.
template <class T, int kEach>
struct Padded {
    T rows[kLanes * kEach];
    const T* of(const T* from, uint32_t n) {
        if (n == kLanes) return from;
        for (uint32_t i = 0; i < kLanes; ++i)
            __builtin_memcpy(rows + kEach * i, from + kEach * (i < n ? i : n - 1), kEach * sizeof(T));
        return rows;
    }
};

// Adds the covers of the page: what finer levels take over.
static FadeSums<Wide> addCovers(const ProjectRun& run, uint32_t first, uint32_t n, Wide octave, DiscLanes<Wide> s,
                                FadeSums<Wide> sums) {
    for (uint32_t k = 0; k < run.coverCount; ++k) {
        const CoverArrays& cover = run.covers[k];
        if (!cover.weight) continue;
        Padded<uint8_t, 1> weights;
        Padded<uint16_t, 1> nexts;
        const Wide weight = toLanes(loadBytes(weights.of(cover.weight + first, n)), octave);
        const Wide next = cover.next ? toLanes(loadWords(nexts.of(cover.next + first, n)), octave) : Wide(0.0f);
        addCover(sums, s, octave, cover.sibling, Wide(cover.readiness), weight * Wide(1.0f / 255.0f),
                 next * Wide(1.0f / kBandStepsPerOctave));
    }
    return sums;
}

// Adds the colours that are carried back from the covers.
static ColorLanes<Wide> addChanges(const ProjectRun& run, uint32_t first, uint32_t n, ColorLanes<Wide> colors) {
    for (uint32_t k = 0; k < run.coverCount; ++k) {
        const CoverArrays& cover = run.covers[k];
        if (!cover.color) continue;
        Padded<int8_t, 3> changes;
        const int8_t* rows = changes.of(cover.color + 3 * static_cast<size_t>(first), n);
        int8_t columns[3][kLanes];
        for (int i = 0; i < kLanes; ++i)
            for (int channel = 0; channel < 3; ++channel) columns[channel][i] = rows[3 * i + channel];
        Wide change[3];
        for (int channel = 0; channel < 3; ++channel)
            change[channel] = toLanes(loadSignedBytes(columns[channel]), colors.red);
        addChange(colors, change, cover.readiness);
    }
    return colors;
}

// One number in the lanes of `m`, another in the rest, as bits.
static inline WideInt selectBits(WideMask m, uint32_t a, uint32_t b) {
    const Wide like(0.0f);
    return bitsOf(
        select(m, fromBits(WideInt(static_cast<int32_t>(a)), like), fromBits(WideInt(static_cast<int32_t>(b)), like)));
}

static Wide flagLanes(const ProjectParams& params, const PageView& page, const ProjectedLanes<Wide>& o) {
    const WideMask never = o.general & !o.general;
    const bool dissolve = params.fadeLaw == FadeLaw::Dissolve;
    const WideInt pictures = selectBits(dissolve ? o.fade.coarse : never, 0, kRecordFine) +
                             selectBits(dissolve ? o.fade.fine : never, 0, kRecordCoarse);
    const WideInt shape = selectBits(o.general, kRecordGeneral, 0) + selectBits(o.dot & !o.general, kRecordDot, 0) +
                          selectBits(o.flat & !o.general, kRecordFlat, 0);
    return fromBits(pictures + shape + WideInt(page.sky ? static_cast<int32_t>(kRecordSky) : 0), o.x);
}

// What writeSurfel makes of so many surfels at once: rectangles from `rects` on, keys from `keys` on, those that are drawn one
// after the other and anything behind them, as many as there are lanes.
WZ_LANE_OP void emitRects(const PageView& page, const ProjectedLanes<Wide>& o, uint32_t lanes, PixelRect* rects,
                          uint32_t* keys) {
    const auto corner = [&](Wide x, Wide y) __attribute__((always_inline)) {
        const Wide both = fromBits(truncated(x) | shiftLeft(truncated(y), 16), x);
        return bitsOf(select(o.general, Wide(0.0f), both));
    };
    const WideInt begin = corner(o.x0, o.y0), end = corner(o.x1, o.y1), key = orderedKey(o.key, page);
#pragma GCC unroll 2
    for (int half = 0; half < kHalves; ++half) {
        const uint32_t chosen = lanes >> 16 * half & 0xffffu;
        packPairs(rects, chosen, halfOf(begin, half), halfOf(end, half));
        packLanes(keys, chosen, halfOf(key, half));
        rects += __builtin_popcount(chosen);
        keys += __builtin_popcount(chosen);
    }
}
static_assert(offsetof(SurfelRecord, hy) == 28 && offsetof(SurfelRecord, cutoff2) == 36 &&
                  offsetof(SurfelRecord, weight) == 56 && offsetof(SurfelRecord, flags) == 60 &&
                  offsetof(PixelRect, y1) == 6,
              "emitRects names the fields of a rectangle, and emit those of a record, by their places");

// The details of the lanes that are drawn, from `to` on.
static void emitExtras(const PageView& page, const ProjectedLanes<Wide>& o, uint32_t lanes, uint64_t firstId,
                       const uint32_t* index, SurfelExtra* to) {
    LaneArray a[5];
    const Wide fields[5] = {o.depth, o.depthRelative, o.nx, o.ny, o.nz};
    for (int k = 0; k < 5; ++k) storeWide(a[k].v, fields[k]);
    for (; lanes; lanes &= lanes - 1) {
        const int i = __builtin_ctz(lanes);
        *to++ = {a[0].v[i], a[1].v[i], a[2].v[i], a[3].v[i], a[4].v[i], page.levelOutput, firstId + index[i]};
    }
}

// Where the rows of sixteen lanes go when not all are drawn. Every lane goes to the slot behind those drawn before it, so that
// one that is not drawn is overwritten, or lies behind the last: no branch guesses which are. Those of the last lanes that
// stand for no surfel, the `n`th and all behind it, have no slot, and go to `spare`.
static inline void chooseSlots(SurfelRecord* records, uint32_t lanes, uint32_t n, float* spare, float* (&to)[16]) {
    for (uint32_t i = 0; i < 16; ++i) {
        to[i] = i < n ? reinterpret_cast<float*>(records) : spare;
        records += lanes >> i & 1u;
    }
}

WZ_LANE_OP void emitRecords(const ProjectRun& run, const ProjectedLanes<Wide>& o, uint32_t lanes, uint32_t n) {
    const Wide opacity = select(o.general, o.fadedOpacity, o.opacity), flags = flagLanes(*run.params, *run.page, o);
    SurfelRecord* records = run.records + run.drawn;
#pragma GCC unroll 2
    for (int half = 0; half < kHalves; ++half) {
        const auto of = [&](const Wide& a) __attribute__((always_inline)) { return halfOf(a, half); };
        const F16 fields[16] = {of(o.x),      of(o.y),          of(o.ray.ux),       of(o.ray.uy),      of(o.ray.vx),
                                of(o.ray.vy), of(o.ray.hx),     of(o.ray.hy),       F16(0.0f),         of(o.cutoff2),
                                of(opacity),  of(o.colors.red), of(o.colors.green), of(o.colors.blue), of(o.weight),
                                of(flags)};
        const uint32_t chosen = lanes >> 16 * half & 0xffffu;
        if (chosen == 0xffffu) {
            storeRows(fields,
                      [&](int i) __attribute__((always_inline)) { return reinterpret_cast<float*>(records + i); });
        } else if (chosen) {
            alignas(64) float spare[16];
            float* to[16];
            chooseSlots(records, chosen, n - 16 * half, spare, to);
            storeRows(fields, [&](int i) __attribute__((always_inline)) { return to[i]; });
        }
        records += __builtin_popcount(chosen);
    }
}

static inline void emitSources(const uint32_t* index, uint32_t lanes, uint32_t* sources) {
    for (int half = 0; half < kHalves; ++half) {
        const uint32_t chosen = lanes >> 16 * half & 0xffffu;
        packLanes(sources, chosen, loadInts(index + 16 * half));
        sources += __builtin_popcount(chosen);
    }
}

// Writes the lanes that are drawn to the run's next slots.
WZ_LANE_OP void emit(ProjectRun& run, const ProjectedLanes<Wide>& o, uint32_t lanes, uint32_t n,
                     const uint32_t* index) {
    emitRecords(run, o, lanes, n);
    const uint32_t first = run.drawn, count = static_cast<uint32_t>(__builtin_popcount(lanes));
    run.drawn += count;
    if (run.extras) emitExtras(*run.page, o, lanes, run.firstId, index, run.extras + first);
    if (n == kLanes) {
        emitRects(*run.page, o, lanes, run.rects + first, run.keys + first);
        if (run.sources) emitSources(index, lanes, run.sources + first);
    } else {  // there may be fewer slots than lanes
        PixelRect rects[kLanes];
        uint32_t keys[kLanes], sources[kLanes];
        emitRects(*run.page, o, lanes, rects, keys);
        emitSources(index, lanes, sources);
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

// How sixteen surfels fade.
WZ_LANE_OP FadeLanes<Wide> fadeOf(const ProjectRun& run, uint32_t first, uint32_t n, Wide distance,
                                  const DiscLanes<Wide>& disc) {
    const bool covered = run.coverCount != 0;
    if (!run.params->applyFade || (!covered && !anyOf(!alwaysWhole(*run.page, disc)))) {
        const FadeSums<Wide> sums = wholeFade<Wide>();
        return fadeLanesOf(sums.fine, sums.covered);
    }
    const Wide octave = octaveOf(*run.params, *run.page, distance);
    FadeSums<Wide> sums = fadeSumsOf(*run.page, disc, octave);
    if (covered) sums = addCovers(run, first, n, octave, disc, sums);
    return fadeLanesOf(sums.fine, sums.covered);
}

// The opacity of a group in which it was all the same, as in most pages, and what was made of it.
struct KeptOpacity {
    Wide stored = Wide(NAN);
    OpacityLanes<Wide> made;
};

static void projectGroup(ProjectRun& run, uint32_t first, uint32_t n, const uint32_t* index, KeptOpacity& kept) {
    const ProjectParams& params = *run.params;
    DiscLanes<Wide> disc;
    CentreLanes<Wide> centre;
    ColorLanes<Wide> colors;
    Wide stored[3];
    if (run.packed) {
        Surfel last[kLanes];
        if (n < kLanes)
            for (uint32_t i = 0; i < kLanes; ++i) last[i] = run.packed[first + (i < n ? i : n - 1)];
        const StoredLanes<Wide> in = loadPacked(n < kLanes ? last : run.packed + first);
        for (int k = 0; k < 3; ++k) stored[k] = in.color[k];
        disc = decodeLanes(in);
        if (run.page->inFloat)
            centre = packedCentreLanes(params, *run.page, in.position);
        else
            centre = packedCentresInDouble(run, in.position[0], in.position[1], in.position[2]);
    } else {
        disc = loadLayer(run, index, colors);
        centre = layerCentres(run, index);
    }
    const FadeLanes<Wide> fade = fadeOf(run, first, n, centre.distance, disc);
    if (!anyOf(!fade.hidden)) return;
    OpacityLanes<Wide> opacity = kept.made;
    if (anyOf(!(disc.opacity == kept.stored)) || params.fadeLaw != FadeLaw::Dissolve) {
        opacity = opacityOf(params, disc, fade);
        kept = {disc.opacity, opacity};
    }
    ProjectedLanes<Wide> projected =
        projectLanes(params, *run.page, disc, centre, fade, opacity, run.extras != nullptr);
    const uint32_t lanes =
        bitmaskOf(projected.drawn | projected.general) & static_cast<uint32_t>((uint64_t(1) << n) - 1);
    if (lanes == 0) return;
    if (run.packed) {
        colors = decodeColors(stored);
        if (params.applyFade && run.coverCount) colors = addChanges(run, first, n, colors);
    }
    projected.colors = colors;
    emit(run, projected, lanes, n, index);
}

static void projectRun(ProjectRun& run) {
    run.drawn = 0;
    run.generalCount = 0;
    uint32_t index[kLanes];
    uint32_t n = 0;
    KeptOpacity kept;
    for (uint32_t i = 0; i < run.count; ++i) {
        if (run.skip && (run.skip[i] != 0) != (run.keep != 0)) continue;
        index[n++] = i;
        if (n == kLanes) {
            projectGroup(run, i + 1 - kLanes, n, index, kept);
            n = 0;
        }
    }
    if (n == 0) return;
    for (uint32_t i = n; i < kLanes; ++i) index[i] = index[n - 1];
    projectGroup(run, run.count - n, n, index, kept);
}

}  // namespace wz::WZ_TARGET
