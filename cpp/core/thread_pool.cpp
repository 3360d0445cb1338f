// SPDX-License-Identifier: Apache-2.0
#include "core/thread_pool.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/denormals.h"
#include "core/profiler.h"

namespace wz {
namespace {

// Looks this often before sleeping: about 50 microseconds where a pause takes 17 ns, longer on processors that pause longer.
constexpr int kLooks = 3000;

inline void pauseCore() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("isb");
#endif
}

template <class Condition>
bool comesSoon(Condition condition) {
    for (int i = 0; i < kLooks; ++i) {
        if (condition()) return true;
        pauseCore();
    }
    return false;
}

}  // namespace

ThreadPool::ThreadPool(int threads, std::string name) : name_(std::move(name)) {
    if (threads <= 0) threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    for (int t = 1; t < threads; ++t) workers_.emplace_back([this, t] { workerLoop(t); });
}

ThreadPool::~ThreadPool() {
    {
        std::lock_guard lock(mutex_);
        stop_ = true;
    }
    wake_.notify_all();
}

void ThreadPool::forEach(size_t count, size_t chunk, const std::function<void(size_t, int)>& body) {
    if (count == 0) return;
    {
        std::lock_guard lock(mutex_);
        body_ = &body;
        zone_ = profiler::openZone();
        count_ = count;
        chunk_ = std::max<size_t>(1, chunk);
        next_ = 0;
        failure_ = nullptr;
        running_ = static_cast<int>(workers_.size());
        generation_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    {
        FlushDenormals flush;
        runChunks(0);
    }
    WZ_ZONE("wait for threads");
    const auto done = [this] { return running_.load(std::memory_order_acquire) == 0; };
    comesSoon(done);
    std::unique_lock lock(mutex_);
    done_.wait(lock, done);
    body_ = nullptr;
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void ThreadPool::workerLoop(int thread) {
    FlushDenormals flush;
    profiler::nameThread(name_ + " " + std::to_string(thread));
    uint64_t seen = 0;
    while (true) {
        const char* zone = nullptr;
        const auto called = [&] { return stop_ || generation_.load(std::memory_order_acquire) != seen; };
        comesSoon(called);
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, called);
            if (stop_) return;
            seen = generation_;
            zone = zone_;
        }
        if (zone) {
            WZ_ZONE(zone);
            runChunks(thread);
        } else {
            runChunks(thread);
        }
        if (running_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
            std::lock_guard lock(mutex_);  // the caller either has not looked yet or sleeps
            done_.notify_one();
        }
    }
}

void ThreadPool::runChunks(int thread) {
    while (true) {
        const size_t begin = next_.fetch_add(chunk_);
        if (begin >= count_) return;
        const size_t end = std::min(begin + chunk_, count_);
        try {
            for (size_t i = begin; i < end; ++i) (*body_)(i, thread);
        } catch (...) {
            std::lock_guard lock(mutex_);
            if (!failure_) failure_ = std::current_exception();
            next_ = count_;
        }
    }
}

}  // namespace wz
