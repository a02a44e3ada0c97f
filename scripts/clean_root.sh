#!/usr/bin/env bash
# Makes a clean Debian root in FOLDER, unless it is there already, from the mirror that this machine's apt reads
# (MIRROR names another). Needs root and mmdebstrap. Usage: scripts/clean_root.sh FOLDER SUITE [PACKAGE]…
set -euo pipefail

[[ $# -ge 2 ]] || { echo "usage: $0 FOLDER SUITE [PACKAGE]…" >&2; exit 2; }
folder=$1 suite=$2
shift 2
[[ $(id -u) -eq 0 ]] || { echo "$0: a root of its own needs root" >&2; exit 1; }
command -v mmdebstrap >/dev/null || { echo "$0: install mmdebstrap" >&2; exit 1; }
[[ ! -e $folder.made ]] || exit 0  # written when the root is whole

# apt reads sources in two formats; this asks it for what it made of them.
# shellcheck disable=SC2016  # apt fills $(REPO_URI) in
mirror=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' \
  'Label: Debian' 'Component: main' | sed -n 1p)}
[[ -n $mirror ]] || { echo "$0: apt has no list of a Debian mirror: apt-get update, or set MIRROR" >&2; exit 1; }
packages=$(IFS=,; echo "$*")
rm -rf "$folder"
mmdebstrap --quiet --mode=root --variant=minbase --include="ca-certificates${packages:+,$packages}" \
  "$suite" "$folder" "$mirror" >&2
touch "$folder.made"
