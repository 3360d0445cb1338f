# SPDX-License-Identifier: Apache-2.0
# Cross compiles to 64-bit ARM with Debian's g++-aarch64-linux-gnu; runs tests through qemu-user when it is there.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_FIND_ROOT_PATH /usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
find_program(WZ_QEMU_AARCH64 NAMES qemu-aarch64 qemu-aarch64-static)
if(WZ_QEMU_AARCH64)
  set(CMAKE_CROSSCOMPILING_EMULATOR "${WZ_QEMU_AARCH64};-L;/usr/aarch64-linux-gnu")
endif()
