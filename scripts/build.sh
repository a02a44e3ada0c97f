#!/usr/bin/env bash
# Configures and builds with a preset. Usage: scripts/build.sh [PRESET [TARGET]…], all of release without
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:-release}
shift || true
cmake --preset "$preset" >/dev/null
cmake --build --preset "$preset" ${1:+--target "$@"}
