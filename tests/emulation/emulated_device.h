// SPDX-License-Identifier: Apache-2.0
// How tests steer the emulated CUDA runtime, and how emulated kernels are put on its streams.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <functional>
#include <string>

namespace wz::emulated {

// What tests may set, and read. Set back by reset().
struct Device {
    int devices = 1;
    size_t memoryBytes = size_t(1) << 30;  // of each device
    uint32_t seed = 1;                     // decides in which order streams go on
    bool capturesFail = false;             // every capture is found invalid at its end
    // Of all calls that can fail, made from now on, this one fails: 0: none. `failing` names the only call that counts; empty: all.
    uint64_t failAt = 0;
    std::string failing;
    cudaError_t failure = cudaErrorLaunchFailure;
    // Counted.
    uint64_t calls = 0;  // that could have failed
    uint64_t captures = 0, graphLaunches = 0, kernels = 0;
    uint64_t allocations = 0, frees = 0;  // of device memory
    size_t usedBytes = 0, pinnedBytes = 0;
    std::string failed;  // the call that failed last
};

extern Device device;

// Sets the settings back and forgets the counts; memory, streams and events stay.
void reset();
// Live streams, events, graphs, and blocks of memory: 0 when all that was made is gone.
size_t alive();

// Puts work on a stream, as a kernel is put there; in a capture it becomes part of the graph.
cudaError_t enqueue(cudaStream_t stream, const char* name, std::function<void()> work);

}  // namespace wz::emulated
