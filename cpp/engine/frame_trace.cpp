// SPDX-License-Identifier: Apache-2.0
#include "engine/frame_trace.h"

#include <string>

#include "core/profiler.h"
#include "engine/engine.h"

namespace wz {

uint64_t FrameTrace::number() {
    if (const uint64_t now = profiler::recordings(); now != recording_) {
        recording_ = now;
        frames_ = 0;
    }
    return frames_++;
}

void FrameTrace::recordSelection(const Snapshot& snapshot, const RenderSettings& settings,
                                 std::span<const float> readiness, const FrameStats& stats) {
    WZ_COUNTER("pages selected", stats.select.selected);
    WZ_COUNTER("pages outside view", stats.select.outsideView);
    WZ_COUNTER("pages outside band", stats.select.outsideBand);
    WZ_COUNTER("pages covered", stats.select.covered);
    WZ_COUNTER("pages missing", stats.missingPages);
    WZ_COUNTER("pages loaded", stats.pagesLoaded);
    WZ_COUNTER("bytes read", stats.bytesRead);
    WZ_COUNTER("detail bias", settings.detailBias);
    if (any_ && snapshot.epoch != epoch_) WZ_INSTANT("new epoch drawn");
    any_ = true;
    epoch_ = snapshot.epoch;
    recordReadiness(readiness);
}

void FrameTrace::recordDrawing(const RenderStats& drawn) {
    WZ_COUNTER("surfels tested", drawn.tested);
    WZ_COUNTER("surfels projected", drawn.projected);
    WZ_COUNTER("surfels visible", drawn.visible);
    WZ_COUNTER("tile entries", drawn.tileEntries);
    WZ_COUNTER("evaluations", drawn.evaluations);
    WZ_COUNTER("contributions", drawn.contributions);
}

void FrameTrace::recordReadiness(std::span<const float> readiness) {
    for (size_t i = 0; i < readiness.size(); ++i) {
        const auto level = static_cast<LevelId>(i);
        const auto known = readiness_.find(level);
        const float before = known == readiness_.end() ? 1.0f : known->second;
        if (readiness[i] == before) continue;
        const std::string name = "level " + std::to_string(i);
        if (before == 1.0f) WZ_INSTANT(profiler::intern(name + " arrives"));
        if (readiness[i] == 1.0f) WZ_INSTANT(profiler::intern(name + " is ready"));
        WZ_COUNTER(profiler::intern("readiness of " + name), readiness[i]);
        readiness_[level] = readiness[i];
    }
    for (auto known = readiness_.begin(); known != readiness_.end();) {  // levels beyond the end are ready
        if (known->second != 1.0f && known->first >= readiness.size()) {
            const std::string name = "level " + std::to_string(known->first);
            WZ_INSTANT(profiler::intern(name + " is ready"));
            WZ_COUNTER(profiler::intern("readiness of " + name), 1.0);
            known->second = 1.0f;
        }
        known = known->second == 1.0f ? readiness_.erase(known) : std::next(known);
    }
}

}  // namespace wz
