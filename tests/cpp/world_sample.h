// SPDX-License-Identifier: Apache-2.0
// A small world of three levels with siblings, sky and a carried-back colour, and comparisons of snapshots.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "scene.h"
#include "world/world.h"

namespace wz::test {

// Owns what a Commit borrows.
struct SampleCommit {
    Layer layer;
    Commit commit;

    SampleCommit(const Scene& scene, std::optional<LevelId> parent, const Camera& lens, double parentFocal_px,
                 uint32_t seed)
        : layer(layerOf(scene, lens, parentFocal_px, seed)) {
        commit.record.parent = parent;
        commit.record.lens = commit.record.approach = lens;
        commit.record.metadata = "{\"seed\": " + std::to_string(seed) + "}";
        commit.layer = layer.view();
        if (parent) commit.cover = coverOf(scene, lens, 4.0);
        commit.blobs = {{"picture", {1, 2, 3, static_cast<uint8_t>(seed)}}, {"empty", {}}};
    }
    SampleCommit(const SampleCommit&) = delete;  // the commit's spans lead into the layer
};

inline constexpr int kSampleWidth = 64, kSampleHeight = 48;
inline constexpr double kSampleRatio = 2.8284271247461903;

inline Camera sampleHome() { return homeCamera(kSampleWidth, kSampleHeight, 60.0); }

// Level k of a world whose levels are 0, 1 (of 0), 2 (of 1), 3 (of 0, beside 1 and over part of it), ..
inline LevelId commitSample(World& world, int k) {
    const Scene scene{0.2};
    if (k == 0) return world.commit(SampleCommit(scene, std::nullopt, sampleHome(), 0.0, 1).commit);
    const bool beside = k == 3;
    const int octave = beside ? 1 : std::min(k, 2);
    const Camera lens = zoomed(sampleHome(), std::pow(kSampleRatio, octave), beside ? 0.6 : 0.5, 0.5);
    const auto parent = static_cast<LevelId>(beside ? 0 : std::min(k - 1, 1));
    SampleCommit sample(scene, parent, lens, 60.0 * std::pow(kSampleRatio, octave - 1), static_cast<uint32_t>(k + 1));
    if (k == 2) {
        sample.commit.cover.colorChange.assign(sample.commit.cover.weight.size() * 3, 0.0f);
        for (size_t i = 0; i < sample.commit.cover.weight.size(); ++i) sample.commit.cover.colorChange[3 * i] = 0.5f;
    }
    return world.commit(sample.commit);
}

inline void fillSample(World& world, int levels) {
    for (int k = 0; k < levels; ++k) commitSample(world, k);
}

// The pages of level 1 that are not sky, which cover pages of level 0.
inline std::vector<PageHeader> fineHeaders(const Snapshot& snapshot) {
    std::vector<PageHeader> fine;
    for (const auto& entry : snapshot.pages)
        if (entry.page->header().key.level == 1 && !entry.page->header().key.sky) fine.push_back(entry.page->header());
    return fine;
}

template <class T>
bool sameSpan(std::span<const T> a, std::span<const T> b) {
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size_bytes()) == 0);
}

// Why two snapshots differ in anything but their epoch; empty when they do not.
inline std::string differenceOf(const Snapshot& a, const Snapshot& b) {
    if (a.levels.size() != b.levels.size()) return "levels";
    for (size_t i = 0; i < a.levels.size(); ++i) {
        const LevelRecord &x = *a.levels[i], &y = *b.levels[i];
        if (x.id != y.id || x.parent != y.parent || x.metadata != y.metadata || x.blobs != y.blobs ||
            x.surfelCount != y.surfelCount || x.footprintMin != y.footprintMin || x.footprintMax != y.footprintMax ||
            std::memcmp(&x.low, &y.low, sizeof x.low) || std::memcmp(&x.high, &y.high, sizeof x.high) ||
            std::memcmp(&x.lens, &y.lens, sizeof x.lens) || std::memcmp(&x.approach, &y.approach, sizeof x.approach))
            return "record of level " + std::to_string(i);
    }
    if (a.pages.size() != b.pages.size()) return "number of pages";
    for (size_t i = 0; i < a.pages.size(); ++i) {
        const auto p = a.pages[i].page->page(), q = b.pages[i].page->page();
        if (!p || !q) return "a page that cannot be loaded";
        const PageHeader &g = p->header(), &h = q->header();
        if (g.key != h.key || g.checksum != h.checksum || g.count != h.count || g.unit != h.unit ||
            g.octaveBase != h.octaveBase || g.nowMax != h.nowMax || g.priorMin != h.priorMin ||
            g.normalCosine != h.normalCosine || g.maxExtent != h.maxExtent || g.origin.x != h.origin.x ||
            g.high.y != h.high.y)
            return "page header " + std::to_string(i);
        if (!sameSpan(p->surfels(), q->surfels()) || !sameSpan(p->clusters(), q->clusters()))
            return "page " + std::to_string(i);
        if (a.pages[i].covers.size() != b.pages[i].covers.size()) return "covers of page " + std::to_string(i);
        for (size_t c = 0; c < a.pages[i].covers.size(); ++c) {
            const CoverSlot &s = *a.pages[i].covers[c], &t = *b.pages[i].covers[c];
            const auto x = s.layer(), y = t.layer();
            if (!x || !y || s.child() != t.child() || s.sibling() != t.sibling() || s.hasColor() != t.hasColor() ||
                s.weightMin() != t.weightMin() || s.nextMax() != t.nextMax() || x->weight != y->weight ||
                x->next != y->next || x->color != y->color || x->sibling != y->sibling)
                return "cover of page " + std::to_string(i);
        }
    }
    return "";
}

}  // namespace wz::test
