#!/usr/bin/env bash
# Installs what is needed, builds with warnings as errors, runs every test and checks the formatting.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install_deps.sh test
scripts/build.sh release
ctest --preset release -j2
scripts/check_format.sh
