// SPDX-License-Identifier: Apache-2.0
#include "cuda/gpu_lane.h"

namespace wz {
namespace {

constexpr uint64_t kAnchorAge_ns = 1'000'000'000;
constexpr int kTries = 3;  // the one during which least time passed is taken

// Timers are for looking at: a call that fails leaves a gap in the picture, and nothing else.
bool worked(cudaError_t error) {
    if (error != cudaSuccess) cudaGetLastError();
    return error == cudaSuccess;
}

}  // namespace

std::shared_ptr<const GpuAnchor> GpuLane::anchor() {
    if (!profiler::isRecording()) {
        anchor_.reset();
        return nullptr;
    }
    if (anchor_ && profiler::now_ns() - anchor_->clock.anchor_ns < kAnchorAge_ns) return anchor_;
    try {
        if (!stream_) stream_.emplace();
        uint64_t shortest = ~uint64_t(0);
        for (int i = 0; i < kTries; ++i) {
            auto tried = std::make_shared<GpuAnchor>();
            const uint64_t before = profiler::now_ns();
            WZ_CUDA("timers", cudaEventRecord(tried->event.get(), stream_->get()));
            WZ_CUDA("timers", cudaEventSynchronize(tried->event.get()));
            const uint64_t took = profiler::now_ns() - before;
            if (took >= shortest) continue;
            shortest = took;
            tried->clock.anchor_ns = before + took / 2;
            anchor_ = std::move(tried);
        }
    } catch (const DeviceError&) { return anchor_; }
    return anchor_;
}

void GpuLane::record(const GpuAnchor& anchor, std::span<const Event> times, std::span<const char* const> names) {
    if (!profiler::isRecording()) return;
    std::vector<uint64_t> at_ns;
    for (const Event& time : times) {
        float ms = 0;
        if (!worked(cudaEventElapsedTime(&ms, anchor.event.get(), time.get()))) return;
        at_ns.push_back(anchor.clock.at_ns(ms));
    }
    for (size_t i = 0; i < names.size(); ++i) lane_.zone(names[i], at_ns[i], at_ns[i + 1]);
    lane_.zone("GPU frame", at_ns.front(), at_ns.back());
}

}  // namespace wz
