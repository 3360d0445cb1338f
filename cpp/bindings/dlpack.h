// SPDX-License-Identifier: Apache-2.0
// The structs of the DLPack protocol by its public layout: version 0, which every library reads, and version 1.
#pragma once

#include <cstdint>

namespace wz::dlpack {

inline constexpr int32_t kCpu = 1, kCuda = 2;
inline constexpr uint8_t kUnsigned = 1, kFloat = 2;

struct Device {
    int32_t type, id;
};

struct DataType {
    uint8_t code, bits;
    uint16_t lanes;
};

struct Tensor {
    void* data;
    Device device;
    int32_t ndim;
    DataType type;
    int64_t* shape;
    int64_t* strides;  // elements
    uint64_t byteOffset;
};

struct ManagedTensor {
    Tensor tensor;
    void* context;
    void (*deleter)(ManagedTensor* self);
};

struct Version {
    uint32_t major, minor;
};
inline constexpr Version kVersion{1, 0};
inline constexpr uint64_t kIsCopied = 2;

struct ManagedTensorVersioned {
    Version version;
    void* context;
    void (*deleter)(ManagedTensorVersioned* self);
    uint64_t flags;
    Tensor tensor;
};
static_assert(sizeof(void*) != 8 ||
              (sizeof(Tensor) == 48 && sizeof(ManagedTensor) == 64 && sizeof(ManagedTensorVersioned) == 80));

}  // namespace wz::dlpack
