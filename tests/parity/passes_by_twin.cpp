// SPDX-License-Identifier: Apache-2.0
#include "gpu_twin.h"
#include "pass_results.h"

namespace wz::test {

PassResults passesByTwin(const DrawList& list, const Camera& camera, const RenderSettings& settings) {
    GpuTwin twin;
    twin.capacities = {1 << 17, 1 << 20, 1024};
    twin.draw(list, camera, settings);
    PassResults r;
    r.counters = twin.counters;
    for (uint32_t i = 0; i < twin.counters.drawn; ++i) {
        const uint32_t slot = twin.sortedSlots[i] & kSlotMask;
        r.records.push_back(twin.records[slot]);
        r.extras.push_back(twin.extras[slot]);
        r.rects.push_back(twin.rects[slot]);
        r.slots.push_back(slot);
    }
    r.spans = twin.spans;
    r.entries.assign(twin.sortedEntries().begin(), twin.sortedEntries().begin() + twin.counters.entries);
    return r;
}

}  // namespace wz::test
