// SPDX-License-Identifier: Apache-2.0
#include "raster/cpu/kernels.h"

namespace wz {

const Kernels* kernelsFor(InstructionSet set) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
    if (avx512 && (set == InstructionSet::Best || set == InstructionSet::Avx512)) return &kAvx512Kernels;
    if (avx2 && (set == InstructionSet::Best || set == InstructionSet::Avx2)) return &kAvx2Kernels;
#endif
    return set == InstructionSet::Best || set == InstructionSet::Baseline ? &kBaselineKernels : nullptr;
}

}  // namespace wz
