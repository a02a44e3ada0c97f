#!/usr/bin/env bash
# Builds the fuzz targets with clang and both sanitizers and runs each: 2 s, or as many as are given.
# What makes one crash or hang is kept in build/fuzz/tests/fuzz as crash-* or timeout-*.
# Usage: scripts/fuzz.sh [SECONDS]
set -euo pipefail
cd "$(dirname "$0")/.."

cmake --preset fuzz
cmake --build --preset fuzz --target fuzz_targets
if [[ $# -eq 0 ]]; then
  ctest --preset fuzz -j2
  exit
fi
cd build/fuzz/tests/fuzz
for target in fuzz_*; do
  [[ -x $target ]] || continue
  name=${target#fuzz_}
  "./$target" "-max_total_time=$1" -timeout=20 -rss_limit_mb=2048 "found/$name" "seeds/$name"
done
