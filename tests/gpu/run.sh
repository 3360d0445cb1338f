#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Everything that needs a GPU, in under nine minutes, with no network and no step by hand:
#     bash tests/gpu/run.sh [folder]        (tests/bench/results)
# Builds for this GPU alone, then parity, CUDA's sanitizers, benchmarks and peers. Leaves DEVICE-DATE.log and .json in the
# folder. Needs nvcc, cmake and ninja, doctest's header and a Python (PYTHON=...) with numpy, Pillow, pybind11, for the peers
# torch and gsplat. What such a machine lacks can come along in build/carry: include/doctest/doctest.h, and Python packages in
# site/ (pip install --target). COMMIT=... names the commit where there is no git. A part that cannot run is named in
# the results. Exit code: the number of parts that failed.
set -uo pipefail
cd "$(dirname "$0")/../.."

results=$(mkdir -p "${1:-tests/bench/results}" && cd "${1:-tests/bench/results}" && pwd)
python=${PYTHON:-python3}
build=build/gpu
limit_s=530
started=$SECONDS
export PATH=$PATH:/usr/local/cuda/bin
[ -d build/carry/site ] && export PYTHONPATH=$PWD/build/carry/site
[ -d build/carry/include ] && export WZ_DOCTEST_DIR=$PWD/build/carry/include
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

command -v nvidia-smi > /dev/null || { echo "no GPU: nvidia-smi is not there" >&2; exit 1; }
device=$(nvidia-smi --query-gpu=name --format=csv,noheader | head -n 1)
capability=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader | head -n 1 | tr -d .)
name=$(echo "$device" | tr -cs 'A-Za-z0-9' '-' | sed 's/^-//; s/-$//')-$(date -u +%Y%m%d-%H%M%S)
log=$results/$name.log
: > "$log"
failures=0

# part NAME SECONDS COMMAND...: runs it within what is left of the time, notes how it went.
part() {
    local title=$1 most=$2 from=$SECONDS left=$((limit_s - SECONDS + started)) code state
    shift 2
    printf '\n=== %s (after %d s)\n' "$title" $((SECONDS - started)) | tee -a "$log"
    if [ "$left" -lt 10 ]; then
        state="left out: no time" code=-1
    else
        timeout "$((most < left ? most : left))" bash -c '"$@"' part "$@" > "$work/out" 2>&1
        code=$?
        cat "$work/out" >> "$log"
        tail -n 15 "$work/out"
        case $code in
            0) state=passed ;;
            77) state="left out: $(tail -n 1 "$work/out")" ;;
            124) state="failed: took more than its time" failures=$((failures + 1)) ;;
            *) state="failed: exit code $code" failures=$((failures + 1)) ;;
        esac
    fi
    printf '%s: %s (%d s)\n' "$title" "$state" $((SECONDS - from)) | tee -a "$log"
    printf '%s\t%s\t%d\t%d\n' "$title" "$state" "$code" $((SECONDS - from)) >> "$work/parts"
}

configure() {
    cmake -S . -B $build -G Ninja -DCMAKE_BUILD_TYPE=Release -DWZ_CUDA=ON -DCMAKE_CUDA_FLAGS=-lineinfo \
        -DCMAKE_CUDA_ARCHITECTURES="$capability-real" "$@"
}

# The parity tests need no Python, and the module no doctest: where the one cannot be built, the other is.
compile_parity() {
    configure -DWZ_TESTS=ON -DWZ_PYTHON=OFF ${WZ_DOCTEST_DIR:+-DWZ_DOCTEST_DIR="$WZ_DOCTEST_DIR"} &&
        cmake --build $build --target parity_tests
}

compile_module() {
    configure -DWZ_TESTS=OFF -DWZ_PYTHON=ON -DSKBUILD_PROJECT_VERSION=0.1.0.dev \
        -DPython_EXECUTABLE="$("$python" -c 'import sys; print(sys.executable)')" \
        -Dpybind11_DIR="$("$python" -m pybind11 --cmakedir)" &&
        cmake --build $build --target _core &&
        cp $build/cpp/bindings/_core*.so python/wonderzoom_rt/
}

# The tool's findings fail the part; a machine without it leaves the part out. Errors of calls are the backend's to report: the
# runtime's own look at the driver fails here and there and means nothing.
sanitizer() {
    command -v compute-sanitizer > /dev/null || { echo "compute-sanitizer is not there"; return 77; }
    local tool=$1 cases=$2
    shift 2
    compute-sanitizer --tool "$tool" --report-api-errors no "$@" --error-exitcode 9 \
        $build/tests/parity/parity_tests -tc="$cases"
}

wonderzoom() { PYTHONPATH=python:${PYTHONPATH:-} "$python" -m wonderzoom_rt.cli "$@"; }

# gsplat compiles its kernels when it is first used, for minutes: beside the parts that no clock looks at.
prepare_peers() {
    TORCH_CUDA_ARCH_LIST=${capability%?}.${capability: -1} timeout 400 "$python" -c '
import importlib.util
if all(importlib.util.find_spec(name) for name in ("torch", "gsplat")):
    import gsplat.cuda._backend'
}

peers() {
    while [ ! -e "$work/prepared" ]; do sleep 1; done
    cat "$work/prepared"
    wonderzoom bench "$@"
}

export build python capability work WZ_GPU_PROMISED=1
export -f configure compile_parity compile_module sanitizer wonderzoom peers

(prepare_peers > "$work/preparing" 2>&1; mv "$work/preparing" "$work/prepared") &
preparing=$!

small="passes up to*,frames in device*,long lists*"
part "build of the parity tests" 200 compile_parity
part "build of the module" 200 compile_module
part doctor 30 wonderzoom doctor --json
part parity 60 $build/tests/parity/parity_tests
part memcheck 80 sanitizer memcheck "*" --leak-check full
part racecheck 60 sanitizer racecheck "$small"
part initcheck 60 sanitizer initcheck "$small"
part synccheck 40 sanitizer synccheck "$small"
for scene in field-2m field-500k needle crossing stack-12; do
    part "bench $scene" 60 wonderzoom bench $scene --backend cuda --frames 60 --json "$work/$scene.json"
done
part "peers at field-2m" 90 peers field-2m --backend cuda --peers --json "$work/peers-field-2m.json"
part "peers at field-500k" 60 peers field-500k --backend cuda --peers \
    --json "$work/peers-field-500k.json"
kill $preparing 2> /dev/null

"$python" - "$work" "$results/$name.json" "$device" $((SECONDS - started)) << 'PYTHON'
import json, os, pathlib, shutil, subprocess, sys

work, target, device, seconds = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
commit = os.environ.get("COMMIT") or None
if commit is None and shutil.which("git"):
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True).stdout.strip() or None
rows = [line.split("\t") for line in (work / "parts").read_text().splitlines()]
parts = {name: {"state": state, "exit_code": int(code), "seconds": int(took)} for name, state, code, took in rows}
results = {file.stem: json.loads(file.read_text()) for file in sorted(work.glob("*.json"))}
answer = {"device": device, "commit": commit, "seconds": seconds, "parts": parts, "benchmarks": results}
pathlib.Path(target).write_text(json.dumps(answer, indent=1) + "\n")
PYTHON
printf '\n%d parts failed after %d s: %s and %s.json\n' $failures $((SECONDS - started)) "$log" "$results/$name" | tee -a "$log"
exit $failures
