// SPDX-License-Identifier: Apache-2.0
// Where the time goes: zones, counters and instants of all threads on one axis, that of the steady clock in nanoseconds.
//
//     WZ_ZONE("project");                  from here to the end of the scope
//     WZ_ZONE_OF("read", bytes);           the same with a number beside it
//     WZ_FINE_ZONE("tile");                only when fine zones were asked for: may come thousands of times a frame
//     WZ_COUNTER("pages selected", n);     a value over time
//     WZ_INSTANT("commit");                a moment
//
// Names are string literals, or come from intern(). Off, a macro costs one relaxed load and a branch; with -DWZ_PROFILER=OFF it
// is not there at all. On, each thread writes to a ring of its own without a lock, and old events are written over.
// NVTX: when a tool that listens to NVTX started this process (it sets NVTX_INJECTION64_PATH), or WONDERZOOM_NVTX=1, zones are
// NVTX ranges too; see profiler_nvtx.h. Processes of one machine share the clock where it is CLOCK_MONOTONIC (Linux).
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#ifndef WZ_PROFILER
#define WZ_PROFILER 1
#endif

namespace wz::profiler {

enum ModeBit : uint32_t { kZones = 1, kFineZones = 2, kNvtxRanges = 4 };

extern std::atomic<uint32_t> modeBits;

inline bool isOn(uint32_t bits) { return WZ_PROFILER && (modeBits.load(std::memory_order_relaxed) & bits) != 0; }
inline bool isRecording() { return isOn(kZones); }

inline uint64_t now_ns() {
    return static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
            .count());
}

struct Options {
    bool fineZones = false;
    size_t eventsPerThread = size_t(1) << 16;  // rounded up to a power of two
};

// Begins recording with empty rings. May be called from any thread, at any time.
void start(const Options& options = {});
// Ends it; what was recorded stays to be captured until the next start().
void stop();
// How often start() was called: what counts from the beginning of a recording starts anew when this has changed.
uint64_t recordings();

enum class EventKind : uint8_t { Zone, Counter, Instant };

struct Event {
    uint64_t begin_ns = 0, end_ns = 0;  // equal but for zones
    const char* name = nullptr;
    EventKind kind = EventKind::Zone;
    double value = 0;  // NaN: none
};

// The events of one thread, or of a lane such as a GPU's stream, in the order they ended in.
struct Track {
    std::string name;
    uint64_t id = 0;  // of the thread as the system counts them; lanes: above 2^30
    uint64_t lost = 0;  // events that were written over
    std::vector<Event> events;
};

// What ended at `since_ns` or later, one track a thread that recorded anything. Recording goes on meanwhile.
std::vector<Track> capture(uint64_t since_ns = 0);

// A copy of `name` that lives for ever; equal names give equal pointers.
const char* intern(std::string_view name);
// What this thread is called in captures from now on.
void nameThread(std::string_view name);
// The innermost zone that is open in this thread and on; null: none.
const char* openZone();

void recordZone(const char* name, uint64_t begin_ns, uint64_t end_ns, double value);
void recordCounter(const char* name, double value);
void recordInstant(const char* name, double value);

class Ring;

// A track that belongs to no thread: times that arrive later than they passed, such as a GPU's. Written by one thread at a time.
class Lane {
public:
    explicit Lane(std::string name);
    ~Lane();
    void zone(const char* name, uint64_t begin_ns, uint64_t end_ns);

private:
    std::string name_;
    uint64_t id_;
    uint64_t session_ = 0;
    std::shared_ptr<Ring> ring_;
};

// The one axis for a GPU: an event that was recorded and waited for when the host's clock said `anchor_ns`, and the device's own
// elapsed milliseconds since that event. Read the elapsed times frames later; nothing is waited for.
struct DeviceClock {
    uint64_t anchor_ns = 0;
    uint64_t at_ns(double elapsed_ms) const {  // elapsed_ms may be below 0
        return anchor_ns + static_cast<uint64_t>(static_cast<int64_t>(1e6 * elapsed_ms));
    }
};

// One zone; use the macros.
class Zone {
public:
    explicit Zone(const char* name, uint32_t bits = kZones | kNvtxRanges) {
        if (isOn(bits)) open(name);
    }
    Zone(const char* name, uint32_t bits, double value) : Zone(name, bits) { value_ = value; }
    ~Zone() {
        if (name_) close();
    }
    Zone(const Zone&) = delete;
    Zone& operator=(const Zone&) = delete;

private:
    void open(const char* name);
    void close();

    const char* name_ = nullptr;
    const char* outer_ = nullptr;
    uint64_t begin_ns_ = 0;
    double value_ = __builtin_nan("");
    bool inNvtx_ = false;
};

}  // namespace wz::profiler

#if WZ_PROFILER
#define WZ_PROFILER_JOIN2(a, b) a##b
#define WZ_PROFILER_JOIN(a, b) WZ_PROFILER_JOIN2(a, b)
#define WZ_ZONE(name) const ::wz::profiler::Zone WZ_PROFILER_JOIN(wzZone, __LINE__)(name)
#define WZ_ZONE_OF(name, value)                                    \
    const ::wz::profiler::Zone WZ_PROFILER_JOIN(wzZone, __LINE__)( \
        name, ::wz::profiler::kZones | ::wz::profiler::kNvtxRanges, static_cast<double>(value))
#define WZ_FINE_ZONE(name) \
    const ::wz::profiler::Zone WZ_PROFILER_JOIN(wzZone, __LINE__)(name, ::wz::profiler::kFineZones)
#define WZ_COUNTER(name, value)                                                                             \
    do {                                                                                                    \
        if (::wz::profiler::isRecording()) ::wz::profiler::recordCounter(name, static_cast<double>(value)); \
    } while (false)
#define WZ_INSTANT(name)                                                                           \
    do {                                                                                           \
        if (::wz::profiler::isRecording()) ::wz::profiler::recordInstant(name, __builtin_nan("")); \
    } while (false)
#else
#define WZ_ZONE(name) static_cast<void>(0)
#define WZ_ZONE_OF(name, value) static_cast<void>(sizeof(value))
#define WZ_FINE_ZONE(name) static_cast<void>(0)
#define WZ_COUNTER(name, value) static_cast<void>(sizeof(value))
#define WZ_INSTANT(name) static_cast<void>(0)
#endif
