// SPDX-License-Identifier: Apache-2.0
#include <pybind11/stl.h>

#include <array>

#include "bindings/arrays.h"
#include "shared/camera.h"

namespace wz {

void bindCamera(py::module_& module) {
    py::class_<Camera>(module, "Camera", "A pinhole camera as the engine takes it; see wonderzoom_rt.Camera.")
        .def(py::init([](std::array<double, 3> position, std::array<double, 4> orientation, double focal,
                         std::array<double, 2> principal, int width, int height) {
                 Camera camera;
                 camera.position = {position[0], position[1], position[2]};
                 camera.worldFromCamera = {orientation[0], orientation[1], orientation[2], orientation[3]};
                 camera.focal_px = focal;
                 camera.cx_px = principal[0];
                 camera.cy_px = principal[1];
                 camera.width = width;
                 camera.height = height;
                 return camera;
             }),
             py::arg("position"), py::arg("orientation"), py::arg("focal"), py::arg("principal"), py::arg("width"),
             py::arg("height"))
        .def_property_readonly("position",
                               [](const Camera& c) { return std::array{c.position.x, c.position.y, c.position.z}; })
        .def_property_readonly("orientation",
                               [](const Camera& c) {
                                   const Quatd q = c.worldFromCamera;
                                   return std::array{q.w, q.x, q.y, q.z};
                               })
        .def_readonly("focal", &Camera::focal_px)
        .def_property_readonly("principal", [](const Camera& c) { return std::array{c.cx_px, c.cy_px}; })
        .def_readonly("width", &Camera::width)
        .def_readonly("height", &Camera::height);
}

}  // namespace wz
