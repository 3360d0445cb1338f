#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prints the path of a Python that can build and run the project. When something that only the system's package manager
# can install is missing, prints one line to paste (on stderr) and exits 1.
# PYTHON and CXX choose an interpreter and a compiler.
set -eu

min="3, 11"
packages=""
missing=""

need() {  # need DEBIAN FEDORA ARCH WHAT
    case "$manager" in
        apt-get) name=$1 ;;
        dnf) name=$2 ;;
        pacman) name=$3 ;;
        *) name="" ;;
    esac
    if [ -n "$name" ]; then packages="$packages $name"; fi
    missing="$missing${missing:+, }$4"
}

manager=""
for m in apt-get dnf pacman; do
    if command -v $m > /dev/null 2>&1; then manager=$m; break; fi
done

python=""
for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.14; do
    if "$candidate" -c "import sys; sys.exit(sys.version_info < ($min))" > /dev/null 2>&1; then
        python=$("$candidate" -c "import sys; print(sys.executable)")
        break
    fi
done

if [ -z "$python" ]; then
    suffix=""
    # An older system offers a newer interpreter beside its own.
    if command -v python3 > /dev/null 2>&1; then suffix=".11"; fi
    need "python3$suffix python3$suffix-venv python3$suffix-dev" "python3.11 python3.11-devel" python "Python >= 3.11"
else
    version=$("$python" -c "import sys; print('%d.%d' % sys.version_info[:2])")
    case "$python" in /usr/bin/*) debian="python$version" ;; *) debian="python3" ;; esac
    "$python" -c "import venv, ensurepip" > /dev/null 2>&1 ||
        need "$debian-venv" "python$version" python "Python's venv module"
    header=$("$python" -c "import os, sysconfig; print(os.path.join(sysconfig.get_path('include'), 'Python.h'))")
    [ -f "$header" ] || need "$debian-dev" "python$version-devel" python "Python's C headers"
fi

compiler=""
for candidate in ${CXX:-} c++ g++ clang++; do
    if printf '#include <concepts>\n#include <span>\n#include <thread>\nstd::jthread t;\n' |
        "$candidate" -std=c++20 -fsyntax-only -x c++ - > /dev/null 2>&1; then
        compiler=$candidate
        break
    fi
done
[ -n "$compiler" ] || need g++ gcc-c++ gcc "a C++20 compiler"

if [ -n "$missing" ]; then
    sudo=""
    if [ "$(id -u)" != 0 ]; then sudo="sudo "; fi
    case "$manager" in
        apt-get) line="${sudo}apt-get update && ${sudo}apt-get install -y$packages" ;;
        dnf) line="${sudo}dnf install -y$packages" ;;
        pacman) line="${sudo}pacman -S --needed$packages" ;;
        *) line="install" ;;
    esac
    echo "$line  # missing: $missing" >&2
    exit 1
fi
echo "$python"
