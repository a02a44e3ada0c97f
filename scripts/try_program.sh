#!/usr/bin/env bash
# Tries an installed mer on songs that it composes: packages, image and tarball alike. Usage: scripts/try_program.sh [MER]
set -euo pipefail
mer=${1:-mer}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
set -x
"$mer" --version
"$mer" doctor
"$mer" synth -o demo --songs 8 --seconds 12
"$mer" predict demo --format jsonl -o moods.jsonl
[[ $(wc -l < moods.jsonl) -eq 8 ]]
"$mer" predict demo --tags
"$mer" predict demo --fast
"$mer" tag moods.jsonl
"$mer" tag moods.jsonl --write -q
"$mer" playlist moods.jsonl -o playlists
