// SPDX-License-Identifier: Apache-2.0
// NVTX ranges without a build dependency: the library libnvToolsExt.so.1 of a CUDA toolkit is opened at run time when there is one.
// Where the build finds the header-only NVTX 3 (nvtx3/nvToolsExt.h, in every CUDA toolkit since 10) that is compiled in instead,
// and needs no library: it loads the tool that NVTX_INJECTION64_PATH names.
#pragma once

namespace wz::profiler {

struct NvtxCalls {
    int (*push)(const char* name) = nullptr;
    int (*pop)() = nullptr;
};

// Null pointers when NVTX is not present. Looked for once.
const NvtxCalls& nvtxCalls();
// Whether ranges are wanted: a listening tool started this process, or WONDERZOOM_NVTX is 1.
bool nvtxIsWanted();
// "header": compiled in; "library": looked for at run time.
const char* nvtxKind();

}  // namespace wz::profiler
