// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "raster/cpu/kernels.h"
#include "raster/rasterizer.h"

namespace wz {

// "best", "avx512", "avx2" or "baseline". Throws InputError for another word.
InstructionSet instructionSetNamed(const std::string& name);

// With the inner loops of one instruction set; nullptr when the machine or the build has not got it.
std::unique_ptr<Rasterizer> makeCpuRasterizer(int threads, InstructionSet set);

}  // namespace wz
