#!/usr/bin/env bash
# Fails when a source file isn't formatted as .clang-format says.
set -euo pipefail
cd "$(dirname "$0")/.."
git ls-files '*.cpp' '*.hpp' | xargs clang-format --dry-run --Werror
echo "all sources are formatted" >&2
