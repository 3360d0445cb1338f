// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <new>

#include "cuda/check.h"

namespace wz {

// Makes a device current in the calling thread while it lives; then the one that was current before is again.
class DeviceScope {
public:
    explicit DeviceScope(int device) {
        WZ_CUDA("start", cudaGetDevice(&before_));
        if (before_ == device) return;
        WZ_CUDA("start", cudaSetDevice(device));
        changed_ = true;
    }
    // Where nothing may be thrown, and only memory is given back, for which any device will do.
    DeviceScope(int device, std::nothrow_t) noexcept {
        changed_ = cudaGetDevice(&before_) == cudaSuccess && before_ != device && cudaSetDevice(device) == cudaSuccess;
        cudaGetLastError();
    }
    DeviceScope(const DeviceScope&) = delete;
    DeviceScope& operator=(const DeviceScope&) = delete;
    ~DeviceScope() {
        if (changed_) cudaSetDevice(before_);
    }

private:
    int before_ = 0;
    bool changed_ = false;
};

}  // namespace wz
