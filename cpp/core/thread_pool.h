// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace wz {

// Fixed threads that share loops. One parallel loop at a time per pool; the calling thread takes part.
// Profiler: workers show the zone that the caller is in, and the caller shows how long it waits for them. Traces call them
// by `name` and a number from 1.
// Loops of a frame follow one another within microseconds: who waits looks out for a while before it sleeps, as waking up
// takes longer than that.
// Every worker runs with denormals flushed to zero, and so does the caller while it is inside a loop.
class ThreadPool {
public:
    explicit ThreadPool(int threads,
                        std::string name = "worker");  // >= 1, the caller included; 0: one a hardware thread
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    int threads() const { return static_cast<int>(workers_.size()) + 1; }

    // Calls body(i, thread) for each i in 0..count-1, in chunks taken in order; thread in 0..threads()-1.
    // The first exception thrown by a body is thrown here once all have stopped.
    void forEach(size_t count, size_t chunk, const std::function<void(size_t index, int thread)>& body);

private:
    void workerLoop(int thread);
    void runChunks(int thread);

    std::string name_;
    std::mutex mutex_;
    std::condition_variable wake_, done_;
    const std::function<void(size_t, int)>* body_ = nullptr;
    const char* zone_ = nullptr;  // of the caller, for the workers
    size_t count_ = 0, chunk_ = 1;
    std::atomic<size_t> next_{0};
    std::atomic<uint64_t> generation_{0};  // of loops; raised once everything else of one is set
    std::atomic<int> running_{0};
    std::atomic<bool> stop_{false};
    std::exception_ptr failure_;
    std::vector<std::jthread> workers_;  // last: joined before anything they use goes away
};

}  // namespace wz
