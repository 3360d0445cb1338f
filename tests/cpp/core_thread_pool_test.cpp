// SPDX-License-Identifier: Apache-2.0
// Loops shared by threads that look out for a while and then sleep: each index once, whatever the pace of the loops.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

#include "core/thread_pool.h"

using namespace wz;

namespace {

// Runs a loop of `count` and says whether each index came once, from a thread of the pool.
bool visitsEachOnce(ThreadPool& pool, size_t count, size_t chunk) {
    std::vector<int> visits(count, 0);
    std::atomic<bool> inside{true};
    pool.forEach(count, chunk, [&](size_t i, int thread) {
        ++visits[i];
        if (thread < 0 || thread >= pool.threads()) inside = false;
    });
    return inside && std::all_of(visits.begin(), visits.end(), [](int n) { return n == 1; });
}

}  // namespace

TEST_CASE("loops one behind another visit each index once") {
    for (int threads : {1, 2, 3, 5}) {
        ThreadPool pool(threads);
        CHECK(pool.threads() == threads);
        bool whole = true;
        for (size_t n = 0; n < 4000; ++n) whole = visitsEachOnce(pool, n % 9, 1 + n % 3) && whole;
        CHECK(whole);
    }
}

TEST_CASE("threads that have gone to sleep are woken") {
    ThreadPool pool(3);
    bool whole = true;
    for (int n = 0; n < 12; ++n) {
        whole = visitsEachOnce(pool, 64, 4) && whole;
        std::this_thread::sleep_for(std::chrono::milliseconds(n % 2 ? 5 : 0));
    }
    CHECK(whole);
}

TEST_CASE("a loop that waits long for one thread ends when it does") {
    ThreadPool pool(2);
    std::atomic<int> done{0};
    pool.forEach(2, 1, [&](size_t i, int) {
        if (i == 1) std::this_thread::sleep_for(std::chrono::milliseconds(20));
        ++done;
    });
    CHECK(done == 2);
}

TEST_CASE("an exception of a body comes out of its loop, and the pool goes on") {
    ThreadPool pool(2);
    for (int n = 0; n < 200; ++n) {
        CHECK_THROWS_AS(pool.forEach(50, 1,
                                     [&](size_t i, int) {
                                         if (i == 17) throw std::runtime_error("seventeen");
                                     }),
                        std::runtime_error);
        CHECK(visitsEachOnce(pool, 20, 1));
    }
}

TEST_CASE("a pool can go away at once, after a loop and before any") {
    for (int n = 0; n < 300; ++n) {
        ThreadPool pool(2);
        if (n % 2) CHECK(visitsEachOnce(pool, 4, 1));
    }
}
