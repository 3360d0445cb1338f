# SPDX-License-Identifier: Apache-2.0
PYTHON ?= python3
DEV_PYTHON ?= $(PYTHON)

.PHONY: dev
# For working on the project: builds the module in place with what the environment has (cmake, ninja, pybind11).
dev:
	@mkdir -p build
	@flock build/.lock sh -c '\
	  cmake -S . -B build/dev -G Ninja -DCMAKE_BUILD_TYPE=Release -DWZ_PYTHON=ON -DWZ_CUDA=$${WZ_CUDA:-OFF} \
	    -DSKBUILD_PROJECT_VERSION=0.1.0.dev -DPython_EXECUTABLE=$$($(DEV_PYTHON) -c "import sys; print(sys.executable)") \
	    -Dpybind11_DIR=$$($(DEV_PYTHON) -m pybind11 --cmakedir) > build/dev.log 2>&1 || { cat build/dev.log; exit 1; }; \
	  cmake --build build/dev 2>&1 | tail -n 40 && \
	  for so in build/dev/cpp/bindings/_core*.so; do cp $$so python/wonderzoom_rt/.$$(basename $$so).new && \
	    mv python/wonderzoom_rt/.$$(basename $$so).new python/wonderzoom_rt/$$(basename $$so); done'
