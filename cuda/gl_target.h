// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "cuda/cuda_core.h"

namespace wz {

// Throws InputError for a size that is not positive. A texture that CUDA cannot take is no error: pictures are then read
// back.
std::unique_ptr<TextureTarget> makeGlTarget(std::shared_ptr<CudaCore> core, uint32_t texture, int32_t width,
                                            int32_t height, bool bottomUp);

}  // namespace wz
