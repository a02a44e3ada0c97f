#!/usr/bin/env bash
# Builds against the LibTorch of a PyTorch wheel and runs all tests. PyTorch is
# installed into a virtual environment in FOLDER by pip, from the index that pip is set to; it must
# be a wheel for CPUs, as others want the CUDA toolkit too. Needs 3 GB of disk; on 2 cores most of
# half an hour the first time, later only what has changed. Not part of CI.
# Usage: scripts/check_libtorch.sh FOLDER [VERSION]
set -euo pipefail

[[ $# -ge 1 ]] || { echo "usage: $0 FOLDER [VERSION]" >&2; exit 2; }
folder=$1
version=${2:-2.13.0}
source=$(cd "$(dirname "$0")/.." && pwd)

[[ -x $folder/venv/bin/python ]] || python3 -m venv "$folder/venv"
python=$folder/venv/bin/python
"$python" -m pip install -q "torch==$version"
cmake -S "$source" -B "$folder/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DMER_WERROR=ON \
  -DCMAKE_PREFIX_PATH="$("$python" -c 'import torch; print(torch.utils.cmake_prefix_path)')"
ninja -C "$folder/build"
ctest --test-dir "$folder/build" --output-on-failure
"$folder/build/bin/mer" doctor
