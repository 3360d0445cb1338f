// SPDX-License-Identifier: Apache-2.0
// What one event of the profiler costs this thread, in ns of processor time: median of 15 runs, as JSON.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <vector>

#include "core/profiler.h"

namespace {

constexpr int kRuns = 15, kEvents = 1000000;

template <class Body>
double nsOf(const Body& body) {
    std::vector<double> runs;
    for (int run = 0; run < kRuns; ++run) {
        const std::clock_t start = std::clock();
        for (int i = 0; i < kEvents; ++i) {
            body(i);
            asm volatile("" ::: "memory");  // each event by itself
        }
        runs.push_back(1e9 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC / kEvents);
    }
    std::nth_element(runs.begin(), runs.begin() + kRuns / 2, runs.end());
    return runs[kRuns / 2];
}

}  // namespace

int main() {
    const auto zone = [](int) { WZ_ZONE("zone"); };
    const auto counter = [](int i) { WZ_COUNTER("counter", i); };
    const double loop = nsOf([](int) {});
    const double zoneOff = nsOf(zone), counterOff = nsOf(counter);
    wz::profiler::start({.fineZones = true});
    const double zoneOn = nsOf(zone), counterOn = nsOf(counter);
    wz::profiler::stop();
    std::printf("{\"zone_off\": %.2f, \"counter_off\": %.2f, \"zone_on\": %.1f, \"counter_on\": %.1f}\n",
                zoneOff - loop, counterOff - loop, zoneOn - loop, counterOn - loop);
    return 0;
}
