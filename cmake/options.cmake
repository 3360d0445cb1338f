# SPDX-License-Identifier: Apache-2.0
# Flags that every C++ target of the project gets, through the interface library wz_options.
add_library(wz_options INTERFACE)
target_include_directories(wz_options INTERFACE ${PROJECT_SOURCE_DIR}/cpp)
# Compilers contract a*b+c as they please otherwise, and pictures would differ between builds: FMA is written where it is meant.
target_compile_options(wz_options INTERFACE
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<NOT:$<CXX_COMPILER_ID:MSVC>>>:-ffp-contract=off;-fno-math-errno;-fno-trapping-math;-Wall;-Wextra;-Wshadow;-Wno-missing-field-initializers>)
if(WZ_SANITIZE)
  target_compile_options(wz_options INTERFACE -fsanitize=${WZ_SANITIZE} -fno-omit-frame-pointer -g)
  target_compile_options(wz_options INTERFACE -fno-sanitize-recover=all)
  target_link_options(wz_options INTERFACE -fsanitize=${WZ_SANITIZE})
endif()
option(WZ_PROFILER "Compile the profiler's zones in; off, they are not there at all" ON)
if(NOT WZ_PROFILER)
  target_compile_definitions(wz_options INTERFACE WZ_PROFILER=0)
endif()
# For wheels: only the C library then decides on which systems the module loads. What of the C++ library is not used is
# dropped, or its calls of the newest C library would count.
if(WZ_STATIC_RUNTIME)
  target_link_options(wz_options INTERFACE -static-libstdc++ -Wl,--exclude-libs,ALL -Wl,--gc-sections)
endif()

# wz_module(NAME SOURCES ... LINKS ...): one static library a folder; the link lines are the dependency table.
function(wz_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_library(wz_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(wz_${name} PUBLIC wz_options ${ARG_LINKS})
endfunction()
