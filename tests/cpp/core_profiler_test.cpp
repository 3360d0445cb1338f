// SPDX-License-Identifier: Apache-2.0
#include "core/profiler.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "core/thread_pool.h"

#if WZ_PROFILER  // there is nothing to test without it

using namespace wz;

namespace {

// The track this thread wrote to since the last start().
profiler::Track mine() {
    profiler::nameThread("the test");
    for (auto& track : profiler::capture())
        if (track.name == "the test") return track;
    return {};
}

size_t countOf(const profiler::Track& track, const std::string& name) {
    return static_cast<size_t>(
        std::count_if(track.events.begin(), track.events.end(), [&](const auto& e) { return e.name == name; }));
}

bool nests(const profiler::Event& inner, const profiler::Event& outer) {
    return outer.begin_ns <= inner.begin_ns && inner.end_ns <= outer.end_ns;
}

}  // namespace

TEST_CASE("nothing is recorded while the profiler is off") {
    profiler::start();
    profiler::stop();
    {
        WZ_ZONE("zone");
        WZ_COUNTER("counter", 1);
        WZ_INSTANT("instant");
    }
    CHECK(mine().events.empty());
}

TEST_CASE("zones end inside out and nest in time") {
    profiler::start();
    {
        WZ_ZONE("outer");
        CHECK(std::string(profiler::openZone()) == "outer");
        {
            WZ_ZONE_OF("inner", 42);
            CHECK(std::string(profiler::openZone()) == "inner");
        }
        CHECK(std::string(profiler::openZone()) == "outer");
        WZ_COUNTER("counter", 7);
        WZ_INSTANT("instant");
    }
    profiler::stop();
    CHECK(profiler::openZone() == nullptr);
    const auto track = mine();
    REQUIRE(track.events.size() == 4);
    const profiler::Event &inner = track.events[0], &counter = track.events[1], &instant = track.events[2],
                          &outer = track.events[3];
    CHECK(std::string(inner.name) == "inner");
    CHECK(inner.value == 42);
    CHECK(std::string(outer.name) == "outer");
    CHECK(std::isnan(outer.value));
    CHECK(nests(inner, outer));
    CHECK(nests(counter, outer));
    CHECK(counter.kind == profiler::EventKind::Counter);
    CHECK(counter.value == 7);
    CHECK(instant.kind == profiler::EventKind::Instant);
    CHECK(instant.begin_ns == instant.end_ns);
    CHECK(counter.begin_ns <= instant.begin_ns);
}

TEST_CASE("an exception closes the zones it leaves") {
    profiler::start();
    try {
        WZ_ZONE("left");
        throw 1;
    } catch (int) {}
    profiler::stop();
    CHECK(profiler::openZone() == nullptr);
    CHECK(countOf(mine(), "left") == 1);
}

TEST_CASE("a full ring keeps the newest events and counts those that were lost") {
    profiler::start({.eventsPerThread = 100});  // rounded up to 128
    for (int i = 0; i < 1000; ++i) WZ_COUNTER("i", i);
    profiler::stop();
    const auto track = mine();
    REQUIRE(track.events.size() == 127);  // one slot is the writer's
    CHECK(track.lost == 873);
    for (size_t i = 0; i < 127; ++i) CHECK(track.events[i].value == 873.0 + static_cast<double>(i));
}

TEST_CASE("a capture begins at the moment asked for, and start empties the rings") {
    profiler::start();
    WZ_INSTANT("before");
    uint64_t since = profiler::now_ns();
    while (profiler::now_ns() == since) {}
    since = profiler::now_ns();
    WZ_INSTANT("after");
    const auto tracks = profiler::capture(since);
    REQUIRE(tracks.size() == 1);
    REQUIRE(tracks[0].events.size() == 1);
    CHECK(std::string(tracks[0].events[0].name) == "after");
    profiler::start();
    CHECK(profiler::capture().empty());
    profiler::stop();
}

TEST_CASE("fine zones are recorded only when asked for") {
    for (const bool fine : {false, true}) {
        profiler::start({.fineZones = fine});
        {
            WZ_FINE_ZONE("fine");
            WZ_ZONE("zone");
        }
        profiler::stop();
        CHECK(countOf(mine(), "fine") == (fine ? 1 : 0));
        CHECK(countOf(mine(), "zone") == 1);
    }
}

TEST_CASE("equal names are interned to equal pointers") {
    const std::string name = "a name made at run time";
    const char* const kept = profiler::intern(name);
    CHECK(kept != name.c_str());
    CHECK(std::string(kept) == name);
    CHECK(profiler::intern(std::string("a name made ") + "at run time") == kept);
}

TEST_CASE("threads write to rings of their own while captures read them") {
    constexpr int kThreads = 4, kEvents = 20000;
    profiler::start({.eventsPerThread = 1024});
    std::atomic<bool> go{false};
    std::atomic<int> running{kThreads};
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t)
        threads.emplace_back([&, t] {
            profiler::nameThread("writer " + std::to_string(t));
            while (!go) std::this_thread::yield();
            for (int i = 0; i < kEvents; ++i) {
                WZ_ZONE("event");
                WZ_COUNTER("i", i);
            }
            --running;
        });
    go = true;
    const auto check = [] {
        for (const auto& track : profiler::capture()) {
            double last = -1;
            uint64_t lastEnd = 0;
            for (const auto& event : track.events) {
                REQUIRE((std::strcmp(event.name, "event") == 0 || std::strcmp(event.name, "i") == 0));
                REQUIRE(event.begin_ns <= event.end_ns);
                REQUIRE(event.end_ns >= lastEnd);  // none is torn, none comes twice
                lastEnd = event.end_ns;
                if (event.kind != profiler::EventKind::Counter) continue;
                REQUIRE(event.value > last);
                last = event.value;
            }
        }
    };
    while (running > 0) check();
    threads.clear();
    check();
    profiler::stop();
    const auto tracks = profiler::capture();
    CHECK(tracks.size() == kThreads);
    for (const auto& track : tracks) {
        CHECK(track.name.starts_with("writer "));
        CHECK(track.events.size() == 1023);
        CHECK(track.lost == 2 * kEvents - 1023);
    }
}

TEST_CASE("recording may start again while threads write") {
    std::atomic<bool> stop{false};
    std::jthread writer([&] {
        while (!stop) WZ_ZONE("written");
    });
    for (int i = 0; i < 50; ++i) {
        profiler::start({.eventsPerThread = 64});
        for (const auto& track : profiler::capture())
            for (const auto& event : track.events) REQUIRE(std::string(event.name) == "written");
    }
    stop = true;
    writer.join();
    profiler::stop();
}

TEST_CASE("workers of a pool show the zone that its caller is in") {
    ThreadPool pool(3);
    std::atomic<int> arrived{0};
    profiler::start();
    {
        WZ_ZONE("stage");
        pool.forEach(3, 1, [&](size_t, int) {  // each thread waits for the others: all take part
            ++arrived;
            while (arrived < 3) std::this_thread::yield();
        });
    }
    profiler::stop();
    std::vector<std::string> names;
    for (const auto& track : profiler::capture()) {
        names.push_back(track.name);
        CHECK(countOf(track, "stage") == 1);
    }
    CHECK(names.size() == 3);
    CHECK(std::count(names.begin(), names.end(), "worker 1") == 1);
    CHECK(std::count(names.begin(), names.end(), "worker 2") == 1);
    CHECK(countOf(mine(), "wait for threads") == 1);
}

TEST_CASE("a lane takes times that arrive late, on the axis of the threads") {
    profiler::Lane lane("GPU");
    profiler::start();
    const profiler::DeviceClock clock{profiler::now_ns()};
    lane.zone("kernel", clock.at_ns(1.0), clock.at_ns(1.5));
    profiler::stop();
    lane.zone("after the end", clock.at_ns(2.0), clock.at_ns(3.0));
    const auto tracks = profiler::capture();
    REQUIRE(tracks.size() == 1);
    CHECK(tracks[0].name == "GPU");
    CHECK(tracks[0].id > (uint64_t(1) << 30));
    REQUIRE(tracks[0].events.size() == 1);
    CHECK(tracks[0].events[0].begin_ns == clock.anchor_ns + 1000000);
    CHECK(tracks[0].events[0].end_ns == clock.anchor_ns + 1500000);
}

#endif
