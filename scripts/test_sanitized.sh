#!/usr/bin/env bash
# The rooms without LibTorch once more under AddressSanitizer and UndefinedBehaviorSanitizer.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install_deps.sh test
cmake --preset asan -DMER_TORCH=OFF >/dev/null
cmake --build --preset asan
ctest --preset asan -j2
