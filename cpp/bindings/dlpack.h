// SPDX-License-Identifier: Apache-2.0
// The structs of the DLPack protocol (version 0, the one every library reads), by its public layout.
#pragma once

#include <cstdint>

namespace wz::dlpack {

inline constexpr int32_t kCuda = 2;
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
static_assert(sizeof(void*) != 8 || (sizeof(Tensor) == 48 && sizeof(ManagedTensor) == 64));

}  // namespace wz::dlpack
