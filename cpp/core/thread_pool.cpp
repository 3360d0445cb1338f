// SPDX-License-Identifier: Apache-2.0
#include "core/thread_pool.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/denormals.h"
#include "core/profiler.h"

namespace wz {

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
        ++generation_;
    }
    wake_.notify_all();
    {
        FlushDenormals flush;
        runChunks(0);
    }
    WZ_ZONE("wait for threads");
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return running_ == 0; });
    body_ = nullptr;
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void ThreadPool::workerLoop(int thread) {
    FlushDenormals flush;
    profiler::nameThread(name_ + " " + std::to_string(thread));
    uint64_t seen = 0;
    while (true) {
        const char* zone = nullptr;
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [&] { return stop_ || generation_ != seen; });
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
        {
            std::lock_guard lock(mutex_);
            if (--running_ == 0) done_.notify_one();
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
