// SPDX-License-Identifier: Apache-2.0
// Runs kernels without a GPU: each thread of a block is a coroutine, warp votes and barriers are where they meet. Threads
// are resumed in random order, asynchronous copies arrive as late as they may, and a kernel whose threads wait for each
// other in vain, or vote without all lanes, is an error. Include before any header of cuda/.
#pragma once

#define WZ_SIMT_EMULATION 1
#define __global__
#define __device__
#define __shared__ static
#define __launch_bounds__(...)

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <vector>

#include "stack_switch.h"

namespace wz {

inline constexpr unsigned kAllLanes = 0xffffffffu;

namespace simt {

struct Dim {
    uint32_t x = 0;
};

struct Copy {
    void* to;
    const void* from;
    uint32_t group;
};

struct Thread {
    Context context;
    std::vector<char> stack;
    uint32_t index = 0;
    bool finished = false;
    std::vector<Copy> copies;
    uint32_t group = 0;  // of the copies to come
};

// Where the lanes of a warp, or the threads of a block, meet.
struct Meeting {
    uint32_t members = 0, arrived = 0, finished = 0;
    uint64_t round = 0;
    const char* what = nullptr;
    std::vector<uint32_t> values, met;
};

struct Machine {
    Context home;
    std::vector<std::unique_ptr<Thread>> threads;
    Thread* now = nullptr;
    std::vector<Meeting> warps;
    Meeting block;
    const std::function<void()>* kernel = nullptr;
    uint64_t progress = 0;
    std::mt19937 order{1};
};

inline Machine machine;

[[noreturn]] inline void fail(const char* why) {
    std::fprintf(stderr, "SIMT emulation: %s\n", why);
    std::abort();
}

}  // namespace simt

inline simt::Dim threadIdx, blockIdx, blockDim, gridDim;

namespace simt {

inline void yield() {
    Thread* me = machine.now;
    me->context.switchTo(machine.home);
}

// Waits until all members have come with a value; then all values are in `met`.
inline const std::vector<uint32_t>& meet(Meeting& m, uint32_t member, uint32_t value, const char* what) {
    if (m.finished > 0) fail("a barrier or vote that finished threads would have to take part in");
    if (m.arrived > 0 && std::strcmp(m.what, what) != 0) fail("threads meet at different barriers");
    m.what = what;
    m.values[member] = value;
    ++machine.progress;
    const uint64_t round = m.round;
    if (++m.arrived == m.members) {
        m.met = m.values;
        m.arrived = 0;
        ++m.round;
    } else {
        while (m.round == round) yield();
    }
    return m.met;
}

inline const std::vector<uint32_t>& meetWarp(uint32_t value, const char* what) {
    const uint32_t t = machine.now->index;
    return meet(machine.warps[t / 32], t % 32, value, what);
}

inline void entry() {
    (*machine.kernel)();
    Thread* me = machine.now;
    if (!me->copies.empty()) fail("a thread ended while its copies were under way");
    me->finished = true;
    Meeting& warp = machine.warps[me->index / 32];
    ++warp.finished;
    ++machine.block.finished;
    ++machine.progress;
    if (warp.arrived > 0 || machine.block.arrived > 0) fail("a thread ended while others wait for it");
    me->context.switchTo(machine.home);
}

inline void resetMeeting(Meeting& m, uint32_t members) {
    m = {};
    m.members = members;
    m.values.assign(members, 0);
}

inline void prepareThread(Thread& t, uint32_t index) {
    t.index = index;
    t.finished = false;
    t.copies.clear();
    t.group = 0;
    t.stack.resize(256 * 1024);
    t.context.prepare(t.stack, entry);
}

inline void runBlock(uint32_t threads) {
    while (machine.threads.size() < threads) machine.threads.push_back(std::make_unique<Thread>());
    machine.warps.resize((threads + 31) / 32);
    for (Meeting& w : machine.warps) resetMeeting(w, 32);
    resetMeeting(machine.block, threads);
    std::vector<uint32_t> live(threads);
    for (uint32_t t = 0; t < threads; ++t) {
        prepareThread(*machine.threads[t], t);
        live[t] = t;
    }
    while (!live.empty()) {
        std::shuffle(live.begin(), live.end(), machine.order);
        const uint64_t before = machine.progress;
        for (const uint32_t t : live) {
            machine.now = machine.threads[t].get();
            threadIdx.x = t;
            machine.home.switchTo(machine.now->context);
        }
        std::erase_if(live, [](uint32_t t) { return machine.threads[t]->finished; });
        if (machine.progress == before) fail("all threads wait");
    }
}

}  // namespace simt

// Runs `kernel` for every thread of the grid, one block after the other, in an order that `seed` decides.
inline void launch(uint32_t blocks, uint32_t threads, uint32_t seed, const std::function<void()>& kernel) {
    if (threads % 32 != 0) simt::fail("blocks are whole warps here");
    simt::machine.order.seed(seed);
    simt::machine.kernel = &kernel;
    blockDim.x = threads;
    gridDim.x = blocks;
    std::vector<uint32_t> order(blocks);
    for (uint32_t b = 0; b < blocks; ++b) order[b] = b;
    std::shuffle(order.begin(), order.end(), simt::machine.order);
    for (const uint32_t b : order) {
        blockIdx.x = b;
        simt::runBlock(threads);
    }
}

inline void __syncthreads() { simt::meet(simt::machine.block, simt::machine.now->index, 0, "__syncthreads"); }
inline void __syncwarp() { simt::meetWarp(0, "__syncwarp"); }
inline uint32_t __ballot_sync(unsigned, bool set) {
    const std::vector<uint32_t>& all = simt::meetWarp(set ? 1 : 0, "__ballot_sync");
    uint32_t lanes = 0;
    for (uint32_t i = 0; i < 32; ++i) lanes |= all[i] << i;
    return lanes;
}
inline uint32_t __shfl_sync(unsigned, uint32_t value, uint32_t lane) {
    return simt::meetWarp(value, "__shfl_sync")[lane % 32];
}
inline uint32_t __shfl_down_sync(unsigned, uint32_t value, uint32_t step) {
    const uint32_t lane = simt::machine.now->index % 32;
    const std::vector<uint32_t>& all = simt::meetWarp(value, "__shfl_down_sync");
    return lane + step < 32 ? all[lane + step] : value;
}
inline int __popc(uint32_t v) { return __builtin_popcount(v); }
inline int __ffs(int v) { return __builtin_ffs(v); }
template <class T>
T atomicAdd(T* at, T value) {
    const T before = *at;
    *at += value;
    return before;
}

inline void startCopy16(void* to, const void* from) {
    if ((reinterpret_cast<uintptr_t>(to) | reinterpret_cast<uintptr_t>(from)) % 16 != 0)
        simt::fail("an asynchronous copy that is not aligned to 16 bytes");
    simt::Thread& t = *simt::machine.now;
    t.copies.push_back({to, from, t.group});
}
inline void finishCopies() { ++simt::machine.now->group; }
template <int kLeft>
void awaitCopies() {
    simt::Thread& t = *simt::machine.now;
    std::erase_if(t.copies, [&](const simt::Copy& c) {
        if (c.group + kLeft >= t.group) return false;
        std::memcpy(c.to, c.from, 16);
        return true;
    });
}

}  // namespace wz
