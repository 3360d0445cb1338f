// SPDX-License-Identifier: Apache-2.0
// What the parts of the emulated CUDA runtime share.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include "emulated_device.h"

namespace wz::emulated {

// Runs `work`, or waits for an event, or records one.
struct Op {
    std::function<void()> work;
    Event* recorded = nullptr;
    Event* awaited = nullptr;
    uint64_t generation = 0;  // of the event
};

struct Graph {
    std::vector<Op> ops;
};

struct Stream {
    int device = 0;
    std::deque<Op> ops;
    Graph* capture = nullptr;
};

struct Event {
    uint64_t asked = 0, done = 0;  // how often it was recorded, and of these how often the device has come to it
    double at_ms = 0;
    bool timed = true;
};

// Blocks of memory by address.
struct Blocks {
    std::map<const char*, size_t> blocks;

    bool hold(const void* data, size_t bytes) const {
        const auto* at = static_cast<const char*>(data);
        auto next = blocks.upper_bound(at);
        if (next == blocks.begin()) return false;
        --next;
        return at + bytes <= next->first + next->second;
    }
    size_t bytes() const {
        size_t sum = 0;
        for (const auto& block : blocks) sum += block.second;
        return sum;
    }
    size_t size() const { return blocks.size(); }
};

struct State {
    std::vector<Stream*> streams;
    size_t defaults = 0;  // of the streams: those that are always there
    size_t events = 0, graphs = 0;
    Blocks blocks, pinned;
    int current = 0;
    cudaError_t last = cudaSuccess;
    std::mt19937 dice{1};

    size_t usedBytes() const { return blocks.bytes(); }
};

State& state();
[[noreturn]] void fail(const char* why);
void finishAll();
Stream& streamOf(cudaStream_t handle);
cudaError_t put(Stream& stream, Op op);
// Lets streams go on by chance, and says whether this call is the one that is to fail.
cudaError_t outcome(const char* call);

}  // namespace wz::emulated
