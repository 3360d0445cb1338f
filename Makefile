# SPDX-License-Identifier: Apache-2.0
# `make test` and `make demo` do all their own set-up: a virtual environment in .venv, packages, the build.
PYTHON ?= python3
DEV_PYTHON ?= $(PYTHON)
VENV_PYTHON := .venv/bin/python
JOBS ?= 2
# AUTO builds the CUDA backend when nvcc works, ON insists on it, OFF leaves it out.
WZ_CUDA ?= AUTO
# AUTO runs the native tests when doctest's header is there, ON insists on them, OFF leaves them out.
NATIVE ?= AUTO
# Whether the wheel carries the CUDA backend: ON or OFF.
WHEEL_CUDA ?= OFF
PYTEST := OMP_NUM_THREADS=1 $(VENV_PYTHON) -m pytest
CMAKE := PATH="$(CURDIR)/.venv/bin:$$PATH" cmake
CTEST := PATH="$(CURDIR)/.venv/bin:$$PATH" ctest
HAS_DOCTEST := $(shell printf '\043include <doctest/doctest.h>\n' | $(CXX) -E -x c++ - >/dev/null 2>&1 && echo yes)
CPP_FILES = $(shell find cpp cuda tests/cpp -name '*.h' -o -name '*.cpp' -o -name '*.cu' | sort)

.PHONY: help test demo setup-test setup-demo pytest native sanitize cuda emulated lint format types layering stub stub-check \
        docs soak wheel aarch64-check clean dev

help:
	@echo "make test    set up, then run all tests          make demo     set up, then make the demo in demo/"
	@echo "make lint    format, types, layering, stub, docs make native   native tests alone"
	@echo "make wheel   a manylinux wheel in dist/          make sanitize native tests under ASan and UBSan"
	@echo "make soak    the long runs                       make cuda     compile the CUDA backend"
	@echo "make emulated  the CUDA backend's Python tests on an emulated GPU"
	@echo "make format  format all sources                  make stub     generate _core.pyi"
	@echo "make dev     build in place with this environment's packages"

# --- the two commands of the README ---------------------------------------------------------------------------------

test: setup-test native-if-there
	$(PYTEST) -n $(JOBS) --dist worksteal -m "not slow"

demo: setup-demo
	.venv/bin/wonderzoom demo -o demo

setup-test setup-demo: setup-%:
	@python=$$(PYTHON="$(PYTHON)" tools/check_system.sh) && \
	  "$$python" tools/bootstrap.py $(if $(filter test,$*),offline$(comma)dev,offline) --cuda $(WZ_CUDA)

comma := ,

# --- native code ----------------------------------------------------------------------------------------------------

.PHONY: native-if-there
native-if-there: setup-test
ifeq ($(NATIVE),OFF)
else ifeq ($(NATIVE)$(HAS_DOCTEST),AUTO)
	@echo "native tests left out: doctest's header is missing (Debian: apt-get install doctest-dev)"
else
	@$(MAKE) --no-print-directory native
endif

native: setup-test
	@mkdir -p build
	$(CMAKE) -S . -B build/native -G Ninja -DCMAKE_BUILD_TYPE=Release -DWZ_TESTS=ON -DWZ_CUDA=OFF > build/native.log 2>&1 \
	  || { cat build/native.log; exit 1; }
	$(CMAKE) --build build/native -j $(JOBS)
	$(CTEST) --test-dir build/native --output-on-failure -j $(JOBS)

# ASan and UBSan over the native tests; the first finding ends the run.
sanitize: setup-test
	@mkdir -p build
	$(CMAKE) -S . -B build/sanitize -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_CXX_FLAGS_RELWITHDEBINFO="-O1 -g" \
	  -DWZ_TESTS=ON -DWZ_CUDA=OFF -DWZ_SANITIZE=address,undefined > build/sanitize.log 2>&1 || { cat build/sanitize.log; exit 1; }
	$(CMAKE) --build build/sanitize -j $(JOBS)
	ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1 \
	  $(CTEST) --test-dir build/sanitize --output-on-failure -j $(JOBS)

# Compiles the CUDA backend and its parity tests, which say why they are skipped on a machine without a GPU.
cuda: setup-test
	@mkdir -p build
	$(CMAKE) -S . -B build/cuda -G Ninja -DCMAKE_BUILD_TYPE=Release -DWZ_CUDA=ON -DWZ_TESTS=$(if $(HAS_DOCTEST),ON,OFF) \
	  > build/cuda.log 2>&1 || { cat build/cuda.log; exit 1; }
	$(CMAKE) --build build/cuda -j $(JOBS) --target wz_cuda $(if $(HAS_DOCTEST),parity_tests)
	$(if $(HAS_DOCTEST),$(CTEST) --test-dir build/cuda --output-on-failure -R parity)

# The CUDA backend's tests without a GPU: its host code on an emulated runtime, its kernels lane by lane, under Python.
EMULATED_TESTS := tests/python/test_backend.py tests/python/test_device_frame.py tests/python/test_doctor.py
emulated: setup-test
	@mkdir -p build
	$(CMAKE) -S . -B build/emulated -G Ninja -DCMAKE_BUILD_TYPE=Release -DWZ_PYTHON=ON -DWZ_CUDA=EMULATED \
	  -DSKBUILD_PROJECT_VERSION=0.1.0.dev -DPython_EXECUTABLE=$(abspath $(VENV_PYTHON)) \
	  -Dpybind11_DIR=$$($(VENV_PYTHON) -m pybind11 --cmakedir) > build/emulated.log 2>&1 || { cat build/emulated.log; exit 1; }
	$(CMAKE) --build build/emulated -j $(JOBS) --target _core
	rm -rf build/emulated/python && mkdir build/emulated/python && cp -r python/wonderzoom_rt build/emulated/python
	rm -f build/emulated/python/wonderzoom_rt/_core*.so
	cp build/emulated/cpp/bindings/_core*.so build/emulated/python/wonderzoom_rt
	PYTHONPATH=build/emulated/python $(PYTEST) -p no:cacheprovider $(EMULATED_TESTS)

# The portable code path on 64-bit ARM: g++-aarch64-linux-gnu compiles the libraries and the native tests, qemu-user runs
# the tests when it is there.
aarch64-check: setup-test
	@command -v aarch64-linux-gnu-g++ > /dev/null || \
	  { echo "apt-get install -y g++-aarch64-linux-gnu qemu-user  # missing: a cross compiler for 64-bit ARM" >&2; exit 1; }
	@mkdir -p build
	$(CMAKE) -S . -B build/aarch64 -G Ninja -DCMAKE_TOOLCHAIN_FILE=cmake/aarch64-linux-gnu.cmake -DCMAKE_BUILD_TYPE=Release \
	  -DWZ_TESTS=$(if $(HAS_DOCTEST),ON,OFF) -DWZ_CUDA=OFF > build/aarch64.log 2>&1 || { cat build/aarch64.log; exit 1; }
	$(CMAKE) --build build/aarch64 -j $(JOBS)
	@if command -v qemu-aarch64 > /dev/null && [ -n "$(HAS_DOCTEST)" ]; then \
	  $(CTEST) --test-dir build/aarch64 --output-on-failure -j $(JOBS); fi

# --- Python ---------------------------------------------------------------------------------------------------------

pytest: setup-test
	$(PYTEST) -n $(JOBS) --dist worksteal -m "not slow"

# The long runs; their results are written to tests/results and committed.
soak: setup-test
	$(PYTEST) -m slow --soak
	$(VENV_PYTHON) tests/soak/quality.py --photos tests/data --quality fast -o tests/results/quality-fast.json

wheel: setup-test
	$(VENV_PYTHON) tools/make_wheel.py --cuda $(WHEEL_CUDA)

# --- checks that run nothing ----------------------------------------------------------------------------------------

lint: setup-test layering types stub-check
	$(VENV_PYTHON) -m ruff check .
	$(VENV_PYTHON) -m ruff format --check .
	.venv/bin/clang-format --dry-run --Werror $(CPP_FILES)
	$(VENV_PYTHON) tools/check_docs.py

layering: setup-test
	$(VENV_PYTHON) tools/layering.py

types: setup-test
	$(VENV_PYTHON) -m mypy

stub: setup-test
	$(VENV_PYTHON) tools/make_stub.py

stub-check: setup-test
	$(VENV_PYTHON) tools/make_stub.py --check

docs: setup-test
	$(VENV_PYTHON) tools/check_docs.py --run

format: setup-test
	$(VENV_PYTHON) -m ruff format .
	$(VENV_PYTHON) -m ruff check --fix .
	.venv/bin/clang-format -i $(CPP_FILES)

clean:
	rm -rf build dist .venv

# --- working on the project -----------------------------------------------------------------------------------------

# Builds the module in place with what the environment has (cmake, ninja, pybind11).
dev:
	@mkdir -p build
	@flock build/.lock sh -c '\
	  cmake -S . -B build/dev -G Ninja -DCMAKE_BUILD_TYPE=Release -DWZ_PYTHON=ON -DWZ_CUDA=$(if $(filter AUTO,$(WZ_CUDA)),OFF,$(WZ_CUDA)) \
	    -DSKBUILD_PROJECT_VERSION=0.1.0.dev -DPython_EXECUTABLE=$$($(DEV_PYTHON) -c "import sys; print(sys.executable)") \
	    -Dpybind11_DIR=$$($(DEV_PYTHON) -m pybind11 --cmakedir) > build/dev.log 2>&1 || { cat build/dev.log; exit 1; }; \
	  cmake --build build/dev 2>&1 | tail -n 40 && \
	  for so in build/dev/cpp/bindings/_core*.so; do cp $$so python/wonderzoom_rt/.$$(basename $$so).new && \
	    mv python/wonderzoom_rt/.$$(basename $$so).new python/wonderzoom_rt/$$(basename $$so); done'
