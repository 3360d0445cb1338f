// SPDX-License-Identifier: Apache-2.0
// The events of one thread: one writer, any number of readers, no lock.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/profiler.h"

namespace wz::profiler {

// Each field of a slot is an atomic of its own and is stored with release. A reader that meets a field of a newer event thus also
// sees that the head has passed, and drops the slot: nothing is ever torn, and nobody waits.
class Ring {
public:
    Ring(std::string name, uint64_t id, size_t capacity)
        : name_(std::move(name)),
          id_(id),
          capacity_(std::bit_ceil(std::max<size_t>(capacity, 2))),
          slots_(std::make_unique<Slot[]>(capacity_)) {}

    void put(const Event& event) {
        const uint64_t at = head_.load(std::memory_order_relaxed);
        Slot& slot = slots_[at & (capacity_ - 1)];
        slot.begin_ns.store(event.begin_ns, std::memory_order_release);
        slot.end_ns.store(event.end_ns, std::memory_order_release);
        slot.name.store(event.name, std::memory_order_release);
        slot.kind.store(event.kind, std::memory_order_release);
        slot.value.store(event.value, std::memory_order_release);
        head_.store(at + 1, std::memory_order_release);
    }

    // Appends what ended at `since_ns` or later; returns how many events were written over so far.
    uint64_t read(uint64_t since_ns, std::vector<Event>& into) const {
        const uint64_t end = head_.load(std::memory_order_acquire);
        const uint64_t begin = end > capacity_ ? end - capacity_ : 0;
        std::vector<Event> seen;
        seen.reserve(end - begin);
        for (uint64_t at = begin; at < end; ++at) {
            const Slot& slot = slots_[at & (capacity_ - 1)];
            seen.push_back({slot.begin_ns.load(std::memory_order_acquire), slot.end_ns.load(std::memory_order_acquire),
                            slot.name.load(std::memory_order_acquire), slot.kind.load(std::memory_order_acquire),
                            slot.value.load(std::memory_order_acquire)});
        }
        // The writer may be in the middle of the slot after the head.
        const uint64_t newest = head_.load(std::memory_order_acquire) + 1;
        const uint64_t whole = std::max(begin, newest > capacity_ ? newest - capacity_ : 0);
        for (uint64_t at = whole; at < end; ++at)
            if (seen[at - begin].end_ns >= since_ns) into.push_back(seen[at - begin]);
        return whole;
    }

    const std::string& name() const { return name_; }  // guarded by the registry
    void setName(std::string name) { name_ = std::move(name); }
    uint64_t id() const { return id_; }

private:
    struct Slot {
        std::atomic<uint64_t> begin_ns{0}, end_ns{0};
        std::atomic<const char*> name{nullptr};
        std::atomic<EventKind> kind{EventKind::Zone};
        std::atomic<double> value{0};
    };

    std::string name_;
    uint64_t id_;
    size_t capacity_;
    std::unique_ptr<Slot[]> slots_;
    std::atomic<uint64_t> head_{0};
};

}  // namespace wz::profiler
