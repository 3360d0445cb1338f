// SPDX-License-Identifier: Apache-2.0
#include "core/profiler.h"

#include <cmath>
#include <mutex>
#include <unordered_set>

#include "core/profiler_nvtx.h"
#include "core/profiler_ring.h"

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace wz::profiler {
namespace {

constexpr size_t kMostTracks = 256;  // a program that starts threads for ever keeps those of the newest

struct Registry {
    std::mutex mutex;  // taken when a thread first records, never for an event
    std::vector<std::shared_ptr<Ring>> rings;
    size_t eventsPerThread = 0;
    std::unordered_set<std::string> names;
};

// Never destroyed: threads may outlive static objects.
Registry& registry() {
    static Registry* const only = new Registry;
    return *only;
}

// Counts start(); a thread whose ring is of an older session takes a new one.
std::atomic<uint64_t> session{0};

uint64_t threadId() {
#if defined(__linux__)
    return static_cast<uint64_t>(::syscall(SYS_gettid));
#else
    static std::atomic<uint64_t> threads{0};
    return ++threads;
#endif
}

std::string firstNameOf(uint64_t id) {
#if defined(__linux__)
    if (id == static_cast<uint64_t>(::getpid())) return "main";
#endif
    return "thread " + std::to_string(id);
}

struct ThisThread {
    uint64_t id = threadId();
    uint64_t session = 0;
    std::string name = firstNameOf(id);
    std::shared_ptr<Ring> ring;
};

ThisThread& thisThread() {
    thread_local ThisThread thread;
    return thread;
}

thread_local const char* innermost = nullptr;

std::shared_ptr<Ring> newRing(const std::string& name, uint64_t id) {
    Registry& all = registry();
    std::lock_guard lock(all.mutex);
    if (all.rings.size() >= kMostTracks) all.rings.erase(all.rings.begin());
    all.rings.push_back(std::make_shared<Ring>(name, id, all.eventsPerThread));
    return all.rings.back();
}

void put(const Event& event) {
    const uint64_t current = session.load(std::memory_order_acquire);
    if (current == 0) return;  // nothing was ever started
    ThisThread& thread = thisThread();
    if (thread.session != current) {
        thread.ring = newRing(thread.name, thread.id);
        thread.session = current;
    }
    thread.ring->put(event);
}

uint32_t firstModeBits() { return nvtxIsWanted() && nvtxCalls().push ? kNvtxRanges : 0u; }

}  // namespace

std::atomic<uint32_t> modeBits{firstModeBits()};

void start(const Options& options) {
    Registry& all = registry();
    std::lock_guard lock(all.mutex);
    all.rings.clear();
    all.eventsPerThread = options.eventsPerThread;
    session.fetch_add(1, std::memory_order_release);
    modeBits.fetch_and(~uint32_t(kFineZones), std::memory_order_relaxed);
    modeBits.fetch_or(kZones | (options.fineZones ? kFineZones : 0u), std::memory_order_relaxed);
}

void stop() { modeBits.fetch_and(~uint32_t(kZones | kFineZones), std::memory_order_relaxed); }

uint64_t recordings() { return session.load(std::memory_order_relaxed); }

std::vector<Track> capture(uint64_t since_ns) {
    std::vector<std::shared_ptr<Ring>> rings;
    std::vector<Track> tracks;
    {
        Registry& all = registry();
        std::lock_guard lock(all.mutex);
        rings = all.rings;
        for (const auto& ring : rings) tracks.push_back({ring->name(), ring->id(), 0, {}});
    }
    for (size_t i = 0; i < rings.size(); ++i) tracks[i].lost = rings[i]->read(since_ns, tracks[i].events);
    std::erase_if(tracks, [](const Track& track) { return track.events.empty(); });
    return tracks;
}

const char* intern(std::string_view name) {
    Registry& all = registry();
    std::lock_guard lock(all.mutex);
    return all.names.emplace(name).first->c_str();
}

void nameThread(std::string_view name) {
    ThisThread& thread = thisThread();
    thread.name = name;
    if (!thread.ring) return;
    std::lock_guard lock(registry().mutex);
    thread.ring->setName(thread.name);
}

const char* openZone() { return innermost; }

void recordZone(const char* name, uint64_t begin_ns, uint64_t end_ns, double value) {
    put({begin_ns, end_ns, name, EventKind::Zone, value});
}

void recordCounter(const char* name, double value) {
    const uint64_t now = now_ns();
    put({now, now, name, EventKind::Counter, value});
}

void recordInstant(const char* name, double value) {
    const uint64_t now = now_ns();
    put({now, now, name, EventKind::Instant, value});
}

Lane::Lane(std::string name) : name_(std::move(name)) {
    static std::atomic<uint64_t> lanes{uint64_t(1) << 30};
    id_ = ++lanes;
}

Lane::~Lane() = default;

void Lane::zone(const char* name, uint64_t begin_ns, uint64_t end_ns) {
    if (!isRecording()) return;
    const uint64_t current = session.load(std::memory_order_acquire);
    if (session_ != current) {
        ring_ = newRing(name_, id_);
        session_ = current;
    }
    ring_->put({begin_ns, end_ns, name, EventKind::Zone, std::nan("")});
}

void Zone::open(const char* name) {
    name_ = name;
    outer_ = innermost;
    innermost = name;
    if (isOn(kNvtxRanges)) {
        inNvtx_ = true;
        nvtxCalls().push(name);
    }
    begin_ns_ = now_ns();
}

void Zone::close() {
    if (isRecording()) put({begin_ns_, now_ns(), name_, EventKind::Zone, value_});
    if (inNvtx_) nvtxCalls().pop();
    innermost = outer_;
}

}  // namespace wz::profiler
