// SPDX-License-Identifier: Apache-2.0
// The one place where C++ exceptions become the package's own.
#include "bindings/arrays.h"

namespace wz {
namespace {

void raise(const char* name, const char* what) {
    const py::object type = py::module_::import("wonderzoom_rt.errors").attr(name);
    PyErr_SetString(type.ptr(), what);
}

}  // namespace

void bindErrors(py::module_&) {
    py::register_local_exception_translator([](std::exception_ptr pointer) {
        try {
            if (pointer) std::rethrow_exception(pointer);
        } catch (const InputError& error) { raise("InputError", error.what()); } catch (const WorldError& error) {
            raise("WorldError", error.what());
        } catch (const DeviceError& error) { raise("DeviceError", error.what()); }
    });
}

}  // namespace wz
