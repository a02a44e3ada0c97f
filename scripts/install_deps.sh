#!/usr/bin/env bash
# Installs the Debian packages that mer needs. Usage: scripts/install_deps.sh [build|test|python|experiments]…
# Without an argument: build. Uses sudo when not root. Does nothing when all are there.
set -euo pipefail

# file, dpkg-dev: for cpack -G DEB.
build="g++ cmake ninja-build pkg-config git file dpkg-dev libtorch-dev libopenblas-openmp-dev libsndfile1-dev
  libmpg123-dev libsoxr-dev libfftw3-dev libhwy-dev libeigen3-dev libcli11-dev libspdlog-dev libyaml-cpp-dev
  nlohmann-json3-dev libxxhash-dev libzip-dev libtag1-dev libcmark-gfm-dev libchromaprint-dev
  libcmark-gfm-extensions-dev libgloo-dev libsvm-dev libopencv-ml-dev libgtest-dev libgmock-dev
  gnuplot-nox fonts-dejavu-core node-d3"
# ffmpeg, lame, mpcenc: tests make files with them; mer uses ffmpeg for what libraries can't read.
# What builds the Python package, and what its tests compare with.
python="pybind11-dev python3-dev python3-venv python3-numpy python3-torch"
test="$python ffmpeg lame musepack-tools clang-format clang-tidy clang libclang-rt-14-dev python3 python3-jsonschema
  libbenchmark-dev parallel"
experiments="$test openmpi-bin fluidsynth fluid-soundfont-gm unzip iproute2"

packages=""
for group in "${@:-build}"; do
  case $group in
    build) packages+=" $build" ;;
    python) packages+=" $build $python" ;;
    test) packages+=" $build $test" ;;
    experiments) packages+=" $build $experiments" ;;
    *) echo "unknown group '$group', allowed: build, test, python, experiments" >&2; exit 2 ;;
  esac
done

missing=""
for package in $(tr ' ' '\n' <<<"$packages" | sort -u); do
  status=$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null || true)
  [[ $status == ii* ]] || missing+=" $package"
done
if [[ -z $missing ]]; then
  echo "all packages are installed" >&2
  exit 0
fi

as_root=()
if [[ $(id -u) -ne 0 ]]; then
  command -v sudo >/dev/null || { echo "not root and no sudo: install by hand:$missing" >&2; exit 1; }
  as_root=(sudo)
fi
echo "installing:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq >&2
# shellcheck disable=SC2086  # one word a package
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >&2
