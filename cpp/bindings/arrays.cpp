// SPDX-License-Identifier: Apache-2.0
#include "bindings/arrays.h"

namespace wz {

std::string describeArray(const py::array& array) {
    std::string shape = "(";
    for (py::ssize_t i = 0; i < array.ndim(); ++i) shape += (i ? ", " : "") + std::to_string(array.shape(i));
    const bool contiguous = array.flags() & py::array::c_style;
    return std::string(py::str(array.dtype())) + " " + shape + ")" + (contiguous ? "" : ", not contiguous");
}

}  // namespace wz
