// SPDX-License-Identifier: Apache-2.0
// Memory and devices of the emulated CUDA runtime.
#include <cstring>

#include "runtime_state.h"

using namespace wz::emulated;

namespace {

char* newBlock(Blocks& blocks, size_t bytes) {
    auto* data = static_cast<char*>(std::aligned_alloc(256, (bytes + 255) / 256 * 256));
    if (!data) fail("no memory");
    std::memset(data, 0xcd, bytes);
    blocks.blocks[data] = bytes;
    return data;
}

// Freeing waits for all work, as the runtime's does.
cudaError_t freeBlock(Blocks& blocks, void* data) {
    if (!data) return cudaSuccess;
    const auto found = blocks.blocks.find(static_cast<char*>(data));
    if (found == blocks.blocks.end()) fail("memory is freed that is not there");
    finishAll();
    blocks.blocks.erase(found);
    std::free(data);
    return cudaSuccess;
}

void checkIsDevice(const void* data, size_t bytes) {
    if (!state().blocks.hold(data, bytes)) fail("a copy reaches beyond a block of device memory");
}

void checkIsPinned(const void* data, size_t bytes) {
    if (!state().pinned.hold(data, bytes)) fail("an asynchronous copy of memory that is not page-locked");
}

}  // namespace

const char* cudaGetErrorString(cudaError_t error) {
    switch (error) {
        case cudaSuccess: return "no error";
        case cudaErrorMemoryAllocation: return "out of memory";
        case cudaErrorNotReady: return "device not ready";
        case cudaErrorNotSupported: return "operation not supported";
        case cudaErrorStreamCaptureInvalidated: return "operation failed due to a previous error during capture";
        default: return "an emulated error";
    }
}

cudaError_t cudaGetLastError() { return std::exchange(state().last, cudaSuccess); }

cudaError_t cudaDriverGetVersion(int* version) {
    *version = CUDART_VERSION;
    return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int* count) {
    *count = device.devices;
    return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
    *properties = {"emulated GPU", device.memoryBytes, 0, 0};
    return cudaSuccess;
}

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, void (*)()) {
    attributes->binaryVersion = 0;
    return cudaSuccess;
}

cudaError_t cudaGetDevice(int* number) {
    *number = state().current;
    return cudaSuccess;
}

cudaError_t cudaSetDevice(int number) {
    if (number < 0 || number >= device.devices) return state().last = cudaErrorInvalidDevice;
    state().current = number;
    return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
    if (const cudaError_t error = outcome("cudaMemGetInfo")) return error;
    *total = device.memoryBytes;
    *free = device.memoryBytes - std::min(device.memoryBytes, device.usedBytes);
    return cudaSuccess;
}

cudaError_t cudaMalloc(void** data, size_t bytes) {
    if (const cudaError_t error = outcome("cudaMalloc")) return error;
    for (const Stream* stream : state().streams)
        if (stream->capture) return state().last = cudaErrorStreamCaptureUnsupported;
    if (device.usedBytes + bytes > device.memoryBytes) return state().last = cudaErrorMemoryAllocation;
    *data = newBlock(state().blocks, bytes);
    device.usedBytes = state().usedBytes();
    ++device.allocations;
    return cudaSuccess;
}

cudaError_t cudaFree(void* data) {
    if (data) ++device.frees;
    freeBlock(state().blocks, data);
    device.usedBytes = state().usedBytes();
    return cudaSuccess;
}

cudaError_t cudaMallocHost(void** data, size_t bytes) {
    if (const cudaError_t error = outcome("cudaMallocHost")) return error;
    *data = newBlock(state().pinned, bytes);
    device.pinnedBytes = state().pinned.bytes();
    return cudaSuccess;
}

cudaError_t cudaFreeHost(void* data) {
    freeBlock(state().pinned, data);
    device.pinnedBytes = state().pinned.bytes();
    return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
    if (const cudaError_t error = outcome("cudaMemcpyAsync")) return error;
    kind == cudaMemcpyDeviceToHost ? checkIsPinned(to, bytes) : checkIsDevice(to, bytes);
    kind == cudaMemcpyHostToDevice ? checkIsPinned(from, bytes) : checkIsDevice(from, bytes);
    return put(streamOf(stream), {[=] { std::memcpy(to, from, bytes); }, nullptr, nullptr, 0});
}

cudaError_t cudaMemsetAsync(void* to, int value, size_t bytes, cudaStream_t stream) {
    if (const cudaError_t error = outcome("cudaMemsetAsync")) return error;
    checkIsDevice(to, bytes);
    return put(streamOf(stream), {[=] { std::memset(to, value, bytes); }, nullptr, nullptr, 0});
}

extern "C" cudaError_t cudaGraphicsGLRegisterImage(cudaGraphicsResource**, unsigned, unsigned, unsigned) {
    return state().last = cudaErrorNotSupported;
}
cudaError_t cudaGraphicsMapResources(int, cudaGraphicsResource_t*, cudaStream_t) { return cudaErrorNotSupported; }
cudaError_t cudaGraphicsUnmapResources(int, cudaGraphicsResource_t*, cudaStream_t) { return cudaErrorNotSupported; }
cudaError_t cudaGraphicsUnregisterResource(cudaGraphicsResource_t) { return cudaErrorNotSupported; }
cudaError_t cudaGraphicsSubResourceGetMappedArray(cudaArray_t*, cudaGraphicsResource_t, unsigned, unsigned) {
    return cudaErrorNotSupported;
}
cudaError_t cudaMemcpy2DToArrayAsync(cudaArray_t, size_t, size_t, const void*, size_t, size_t, size_t, cudaMemcpyKind,
                                     cudaStream_t) {
    return cudaErrorNotSupported;
}
