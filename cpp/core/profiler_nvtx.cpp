// SPDX-License-Identifier: Apache-2.0
#include "core/profiler_nvtx.h"

#include <cstdlib>
#include <cstring>
#include <initializer_list>

#if __has_include(<nvtx3/nvToolsExt.h>)
#include <nvtx3/nvToolsExt.h>
#elif __has_include(<dlfcn.h>)
#include <dlfcn.h>
#endif

namespace wz::profiler {
namespace {

#if __has_include(<nvtx3/nvToolsExt.h>)
constexpr const char* kKind = "header";

NvtxCalls findCalls() {
    return {[](const char* name) { return nvtxRangePushA(name); }, [] { return nvtxRangePop(); }};
}
#elif __has_include(<dlfcn.h>)
constexpr const char* kKind = "library";

NvtxCalls findCalls() {
    NvtxCalls calls;
    for (const char* library : {"libnvToolsExt.so.1", "libnvToolsExt.so"}) {
        void* const handle =
            ::dlopen(library, RTLD_NOW | RTLD_LOCAL);  // stays open: ranges may be pushed until the end
        if (!handle) continue;
        calls.push = reinterpret_cast<int (*)(const char*)>(::dlsym(handle, "nvtxRangePushA"));
        calls.pop = reinterpret_cast<int (*)()>(::dlsym(handle, "nvtxRangePop"));
        if (calls.push && calls.pop) return calls;
    }
    return {};
}
#else
constexpr const char* kKind = "none";

NvtxCalls findCalls() { return {}; }
#endif

}  // namespace

const NvtxCalls& nvtxCalls() {
    static const NvtxCalls calls = findCalls();
    return calls;
}

bool nvtxIsWanted() {
    const char* const asked = std::getenv("WONDERZOOM_NVTX");
    if (asked) return std::strcmp(asked, "1") == 0;
    return std::getenv("NVTX_INJECTION64_PATH") != nullptr;
}

const char* nvtxKind() { return kKind; }

}  // namespace wz::profiler
