// SPDX-License-Identifier: Apache-2.0
// What the GPU did when, as zones of the profiler: the timers of finished frames on the axis of the host's clock.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/profiler.h"
#include "cuda/memory/stream.h"

namespace wz {

// A moment that both clocks know.
struct GpuAnchor {
    Event event{true};
    profiler::DeviceClock clock;
};

class GpuLane {
public:
    // The moment that the next frame's times count from: null while nothing is recorded. Now and then this waits some
    // microseconds for a stream that has nothing else to do, since the two clocks drift apart.
    std::shared_ptr<const GpuAnchor> anchor();
    // Zones between one timer and the next, and one around them all. The timers have passed.
    void record(const GpuAnchor& anchor, std::span<const Event> times, std::span<const char* const> names);

private:
    std::optional<Stream> stream_;
    std::shared_ptr<const GpuAnchor> anchor_;
    profiler::Lane lane_{"GPU"};
};

}  // namespace wz
