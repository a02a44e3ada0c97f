#!/usr/bin/env bash
# Installs what is needed, builds with warnings as errors and runs every test; then the checks of
# style. Usage: scripts/test.sh [--quick]   (--quick: only build and tests)
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install_deps.sh test
scripts/build.sh release
ctest --preset release -j2
[[ ${1:-} == --quick ]] && exit 0

scripts/check_format.sh
# The rooms without LibTorch once more under AddressSanitizer and UndefinedBehaviorSanitizer.
cmake --preset asan -DMER_TORCH=OFF >/dev/null
cmake --build --preset asan
ctest --preset asan -j2
