// SPDX-License-Identifier: Apache-2.0
#include "bench/limits.h"
#include "bindings/arrays.h"
#include "raster/rasterizer.h"

namespace wz {

void bindBench(py::module_& module) {
    const py::call_guard<py::gil_scoped_release> unlocked;
    module.def("blend_rate", &blendRate, py::arg("threads"), py::arg("instructions"), py::arg("seconds"), unlocked,
               "Blended evaluations a second of the engine's blend pass on data that stays in the caches.");
    module.def("read_bandwidth", &readBandwidth, py::arg("threads"), py::arg("bytes"), py::arg("seconds"), unlocked,
               "Bytes a second, reading memory that no cache holds.");
    module.def("sort_rate", &sortRate, py::arg("threads"), py::arg("pairs"), py::arg("seconds"), unlocked,
               "Pairs a second of the engine's sort of tiles, keys in random order.");
    module.def("instructions_used", &instructionsUsed, py::arg("instructions"),
               "The instruction set that an engine made with this word draws with: what \"best\" is here.");
}

}  // namespace wz
