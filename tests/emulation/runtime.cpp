// SPDX-License-Identifier: Apache-2.0
// Streams, events and graphs of the emulated CUDA runtime. What is put on a stream stays there until somebody waits or the dice
// say so: work that lacks an event to wait for is then found at the wrong time.
#include <algorithm>
#include <chrono>
#include <deque>
#include <memory>
#include <random>
#include <vector>

#include "runtime_state.h"

namespace wz::emulated {

Device device;

namespace {

State& all() { return state(); }

double now_ms() {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

bool mayRun(const Op& op) { return !op.awaited || op.awaited->done >= op.generation; }

void runHead(Stream& stream) {
    const Op op = std::move(stream.ops.front());
    stream.ops.pop_front();
    if (op.work) op.work();
    if (op.recorded) {
        op.recorded->done = op.generation;
        op.recorded->at_ms = now_ms();
    }
}

// One piece of work of any stream. False: none can run.
bool step() {
    std::vector<Stream*> ready;
    for (Stream* stream : all().streams)
        if (!stream->ops.empty() && mayRun(stream->ops.front())) ready.push_back(stream);
    if (ready.empty()) return false;
    runHead(*ready[all().dice() % ready.size()]);
    return true;
}

template <class Done>
void runUntil(const Done& done) {
    while (!done())
        if (!step()) fail("the host waits for what can never happen");
}

void goOnAWhile() {
    for (uint32_t n = all().dice() % 3; n > 0; --n) step();
}

}  // namespace

State& state() {
    static State only;
    return only;
}

void fail(const char* why) {
    std::fprintf(stderr, "CUDA emulation: %s\n", why);
    std::abort();
}

void finishAll() {
    runUntil([] {
        return std::all_of(all().streams.begin(), all().streams.end(), [](Stream* s) { return s->ops.empty(); });
    });
}

cudaError_t outcome(const char* call) {
    goOnAWhile();
    if (!device.failing.empty() && device.failing != call) return cudaSuccess;
    ++device.calls;
    if (device.calls != device.failAt) return cudaSuccess;
    device.failed = call;
    all().last = device.failure;
    return device.failure;
}

void reset() {
    device = {};
    device.usedBytes = all().usedBytes();
    device.pinnedBytes = all().pinned.bytes();
    all().dice.seed(1);
}

size_t alive() {
    return all().streams.size() - all().defaults + all().events + all().graphs + all().blocks.size() +
           all().pinned.blocks.size();
}

cudaError_t put(Stream& stream, Op op) {
    if (stream.capture) {
        if (op.awaited) fail("a capture waits for an event: what it depends on is not recorded here");
        stream.capture->ops.push_back(std::move(op));
        return cudaSuccess;
    }
    if (op.recorded) op.generation = ++op.recorded->asked;
    stream.ops.push_back(std::move(op));
    return cudaSuccess;
}

Stream& streamOf(cudaStream_t handle) {
    static Stream legacy, perThread;  // as the runtime numbers them
    static const bool known = [] {
        for (Stream* s : {&legacy, &perThread}) all().streams.push_back(s);
        all().defaults = 2;
        return true;
    }();
    static_cast<void>(known);
    const auto number = reinterpret_cast<uintptr_t>(handle);
    if (number <= 1) return legacy;
    if (number == 2) return perThread;
    if (std::find(all().streams.begin(), all().streams.end(), handle) == all().streams.end())
        fail("a stream that is not there");
    return *handle;
}

cudaError_t enqueue(cudaStream_t handle, const char* name, std::function<void()> work) {
    Stream& stream = streamOf(handle);
    if (const cudaError_t error = outcome(name)) return error;
    if (stream.device != all().current) return all().last = cudaErrorInvalidResourceHandle;
    ++device.kernels;
    return put(stream, {std::move(work), nullptr, nullptr, 0});
}

}  // namespace wz::emulated

using namespace wz::emulated;

cudaError_t cudaDeviceSynchronize() {
    if (const cudaError_t error = outcome("cudaDeviceSynchronize")) return error;
    finishAll();
    return cudaSuccess;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
    if (const cudaError_t error = outcome("cudaStreamCreate")) return error;
    *stream = new Stream;
    (*stream)->device = state().current;
    streamOf(nullptr);
    state().streams.push_back(*stream);
    return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t handle) {
    if (!handle) return cudaErrorInvalidResourceHandle;
    Stream& stream = streamOf(handle);
    runUntil([&] { return stream.ops.empty(); });
    std::erase(state().streams, &stream);
    delete &stream;
    return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t handle) {
    Stream& stream = streamOf(handle);
    if (const cudaError_t error = outcome("cudaStreamSynchronize")) return error;
    if (stream.capture) return state().last = cudaErrorStreamCaptureUnsupported;
    runUntil([&] { return stream.ops.empty(); });
    return cudaSuccess;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
    if (const cudaError_t error = outcome("cudaStreamWaitEvent")) return error;
    if (event->asked == 0) return cudaSuccess;  // was never recorded
    return put(streamOf(stream), {{}, nullptr, event, event->asked});
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) {
    if (const cudaError_t error = outcome("cudaEventCreate")) return error;
    *event = new Event;
    (*event)->timed = flags == cudaEventDefault;
    ++state().events;
    return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
    finishAll();
    delete event;
    --state().events;
    return cudaSuccess;
}

cudaError_t cudaEventRecordWithFlags(cudaEvent_t event, cudaStream_t handle, unsigned flags) {
    Stream& stream = streamOf(handle);
    if (const cudaError_t error = outcome("cudaEventRecord")) return error;
    if (stream.capture && flags != cudaEventRecordExternal) fail("a timer in a capture that is no external one");
    if (!stream.capture && flags == cudaEventRecordExternal) fail("an external timer outside a capture");
    return put(stream, {{}, event, nullptr, 0});
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
    return cudaEventRecordWithFlags(event, stream, 0);
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
    if (const cudaError_t error = outcome("cudaEventQuery")) return error;
    return event->done == event->asked ? cudaSuccess : (state().last = cudaErrorNotReady);
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    if (const cudaError_t error = outcome("cudaEventSynchronize")) return error;
    const uint64_t wanted = event->asked;
    runUntil([&] { return event->done >= wanted; });
    return cudaSuccess;
}

cudaError_t cudaEventElapsedTime(float* ms, cudaEvent_t from, cudaEvent_t to) {
    if (const cudaError_t error = outcome("cudaEventElapsedTime")) return error;
    if (!from->timed || !to->timed || from->asked == 0 || to->asked == 0)
        return state().last = cudaErrorInvalidResourceHandle;
    if (from->done != from->asked || to->done != to->asked) return state().last = cudaErrorNotReady;
    *ms = static_cast<float>(to->at_ms - from->at_ms);
    return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t handle, cudaStreamCaptureMode) {
    Stream& stream = streamOf(handle);
    if (const cudaError_t error = outcome("cudaStreamBeginCapture")) return error;
    if (stream.capture) fail("a capture is begun while one is under way");
    stream.capture = new Graph;
    ++state().graphs;
    ++device.captures;
    return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t handle, cudaGraph_t* graph) {
    Stream& stream = streamOf(handle);
    if (!stream.capture) fail("a capture is ended that was never begun");
    *graph = std::exchange(stream.capture, nullptr);
    const cudaError_t error = outcome("cudaStreamEndCapture");
    if (!error && !device.capturesFail) return cudaSuccess;
    cudaGraphDestroy(std::exchange(*graph, nullptr));
    return error ? error : (state().last = cudaErrorStreamCaptureInvalidated);
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* made, cudaGraph_t graph, unsigned long long) {
    if (const cudaError_t error = outcome("cudaGraphInstantiate")) return error;
    *made = new Graph(*graph);
    ++state().graphs;
    return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t graph, cudaStream_t stream) {
    if (const cudaError_t error = outcome("cudaGraphLaunch")) return error;
    ++device.graphLaunches;
    for (const Op& op : graph->ops) put(streamOf(stream), op);
    return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
    delete graph;
    --state().graphs;
    return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t graph) { return cudaGraphDestroy(graph); }
