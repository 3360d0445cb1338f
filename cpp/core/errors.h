// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>

namespace wz {

// Bad input from a caller: says what was expected and what came. Python: wonderzoom_rt.errors.InputError.
class InputError : public std::invalid_argument {
public:
    using std::invalid_argument::invalid_argument;
};

// A world file that cannot be opened, read or written. Python: wonderzoom_rt.errors.WorldError.
class WorldError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// The GPU, its driver or its memory failed; names the call, the pass and the file. Python: wonderzoom_rt.errors.DeviceError.
class DeviceError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

}  // namespace wz
