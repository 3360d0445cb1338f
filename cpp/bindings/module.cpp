// SPDX-License-Identifier: Apache-2.0
#include "bindings/arrays.h"
#include "shared/config.h"
#include "shared/fade.h"
#include "shared/surfel.h"

PYBIND11_MODULE(_core, module) {
    module.doc() = "The native engine of wonderzoom_rt. Private: use the package's own classes.";
    module.attr("__version__") = WZ_VERSION;
    module.attr("SURFEL_BYTES") = sizeof(wz::Surfel);
    module.attr("PIXELS_PER_CELL") = 1 << wz::kCellOctaves;
    module.attr("CUTOFF_SIGMA") = wz::kCutoffMax;
    module.attr("BAND_REST") = static_cast<double>(wz::kBandRest);
    wz::bindErrors(module);
    wz::bindCamera(module);
    wz::bindWorld(module);
    wz::bindCuda(module);
    wz::bindEngine(module);
    wz::bindDevice(module);
    wz::bindBench(module);
    wz::bindLift(module);  // after bindCamera: it takes one
    wz::bindProfiler(module);
}
