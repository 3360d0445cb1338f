// SPDX-License-Identifier: Apache-2.0
// The packed surfel: what a page stores, what the file holds, what the device pool takes.
#pragma once

#include "shared/vec.h"

namespace wz {

// Bits of Surfel::flags.
enum SurfelFlag : uint16_t {
    kSurfelInvented = 1u << 0,     // hidden fill behind a depth edge, never seen by the level's own camera
    kSurfelBridgesEdge = 1u << 1,  // spans a depth edge
};

// One oriented Gaussian disc, relative to its page:
//   position  = page.origin + page.unit * q            (q in 0..65535; sky pages: a direction, normalised after decoding)
//   rotation  = smallest-three quaternion, 3 x 15 bits + 2 bits for the index of the dropped component (wxyz)
//   extent    = page.unit * 2^(e / kExtentStepsPerOctave)
//   colour    = kColorLow + q * (kColorHigh - kColorLow) / 65535
//   opacity, mask = q / 65535
//   octave of `now`, `prior` = page.octaveBase + q / kBandStepsPerOctave;  prior q = 0 means "no parent" (-infinity)
struct Surfel {
    uint16_t position[3];
    uint16_t rotation[3];
    uint16_t extent[2];
    uint16_t color[3];
    uint16_t opacity;
    uint16_t now, prior;
    uint16_t mask;
    uint16_t flags;
};
static_assert(sizeof(Surfel) == 32 && alignof(Surfel) == 2, "the file and the device pool take these 32 bytes");
inline constexpr uint32_t kSurfelLayoutVersion = 1;

inline constexpr float kExtentStepsPerOctave = 2048.0f;
inline constexpr float kBandStepsPerOctave = 1024.0f;
inline constexpr float kColorLow = -1.0f;
inline constexpr float kColorHigh = 2.0f;

// A decoded surfel in page space, lengths in page units (multiply by page.unit for wu).
struct PageSurfel {
    Vec3f position;     // page units from the page origin
    Quatf rotation;     // world from disc
    float extent[2];    // page units
    Vec3f color;
    float opacity;
    float nowOctave;    // relative to page.octaveBase
    float priorOctave;  // relative to page.octaveBase; -infinity when there is no parent
    float mask;         // 0..1, the level's own soft mask here
    uint16_t flags;
};

WZ_HD uint16_t toUnorm16(float v01) {
    const float c = v01 < 0.0f ? 0.0f : (v01 > 1.0f ? 1.0f : v01);
    return static_cast<uint16_t>(c * 65535.0f + 0.5f);
}

WZ_HD uint16_t toSteps16(float v) {
    const float c = v < 0.0f ? 0.0f : (v > 65535.0f ? 65535.0f : v);
    return static_cast<uint16_t>(c + 0.5f);
}

// Smallest-three: the largest component is dropped (its sign made positive), the other three are scaled by sqrt(2).
WZ_HD void packRotation(Quatf q, uint16_t out[3]) {
    const float n = 1.0f / std::sqrt(q.w * q.w + q.x * q.x + q.y * q.y + q.z * q.z);
    float c[4] = {q.w * n, q.x * n, q.y * n, q.z * n};
    int big = 0;
    for (int i = 1; i < 4; ++i)
        if (std::fabs(c[i]) > std::fabs(c[big])) big = i;
    const float sign = c[big] < 0.0f ? -1.0f : 1.0f;
    int k = 0;
    for (int i = 0; i < 4; ++i) {
        if (i == big) continue;
        const float v = c[i] * sign * 1.41421356f * 0.5f + 0.5f;
        const float clamped = v < 0.0f ? 0.0f : (v > 1.0f ? 1.0f : v);
        out[k++] = static_cast<uint16_t>(clamped * 32766.0f + 0.5f);  // even range: zero is exact
    }
    out[0] = static_cast<uint16_t>(out[0] | ((big & 1) << 15));
    out[1] = static_cast<uint16_t>(out[1] | ((big >> 1) << 15));
}

WZ_HD Quatf unpackRotation(const uint16_t in[3]) {
    const int big = (in[0] >> 15) | ((in[1] >> 15) << 1);
    float s[3];
    float sum = 0.0f;
    for (int i = 0; i < 3; ++i) {
        s[i] = (static_cast<float>(in[i] & 0x7fffu) / 32766.0f * 2.0f - 1.0f) * 0.70710678f;
        sum += s[i] * s[i];
    }
    const float b = std::sqrt(sum < 1.0f ? 1.0f - sum : 0.0f);
    switch (big) {
        case 0: return {b, s[0], s[1], s[2]};
        case 1: return {s[0], b, s[1], s[2]};
        case 2: return {s[0], s[1], b, s[2]};
        default: return {s[0], s[1], s[2], b};
    }
}

// Values outside their ranges saturate; NaN is not allowed (layers are checked before they are packed).
WZ_HD Surfel packSurfel(const PageSurfel& s) {
    Surfel p;
    p.position[0] = toSteps16(s.position.x);
    p.position[1] = toSteps16(s.position.y);
    p.position[2] = toSteps16(s.position.z);
    packRotation(s.rotation, p.rotation);
    for (int i = 0; i < 2; ++i) p.extent[i] = toSteps16(std::log2(s.extent[i]) * kExtentStepsPerOctave);
    const float scale = 1.0f / (kColorHigh - kColorLow);
    p.color[0] = toUnorm16((s.color.x - kColorLow) * scale);
    p.color[1] = toUnorm16((s.color.y - kColorLow) * scale);
    p.color[2] = toUnorm16((s.color.z - kColorLow) * scale);
    p.opacity = toUnorm16(s.opacity);
    const uint16_t now = toSteps16(s.nowOctave * kBandStepsPerOctave);
    const uint16_t prior = toSteps16(s.priorOctave * kBandStepsPerOctave);
    p.now = now;
    p.prior = std::isinf(s.priorOctave) ? uint16_t(0) : (prior < 1 ? uint16_t(1) : prior);
    p.mask = toUnorm16(s.mask);
    p.flags = s.flags;
    return p;
}

WZ_HD PageSurfel unpackSurfel(const Surfel& p) {
    PageSurfel s;
    s.position = {static_cast<float>(p.position[0]), static_cast<float>(p.position[1]),
                  static_cast<float>(p.position[2])};
    s.rotation = unpackRotation(p.rotation);
    for (int i = 0; i < 2; ++i) s.extent[i] = std::exp2(static_cast<float>(p.extent[i]) / kExtentStepsPerOctave);
    const float step = (kColorHigh - kColorLow) / 65535.0f;
    s.color = {kColorLow + p.color[0] * step, kColorLow + p.color[1] * step, kColorLow + p.color[2] * step};
    s.opacity = p.opacity / 65535.0f;
    s.nowOctave = p.now / kBandStepsPerOctave;
    s.priorOctave = p.prior == 0 ? -INFINITY : p.prior / kBandStepsPerOctave;
    s.mask = p.mask / 65535.0f;
    s.flags = p.flags;
    return s;
}

}  // namespace wz
