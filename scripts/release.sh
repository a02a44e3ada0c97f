#!/usr/bin/env bash
# Makes what a release consists of, from the last commit, in FOLDER/artefacts: the source, Debian packages for bookworm
# and trixie, a tarball for other Linuxes, and SHA256SUMS of them all. Packages and tarball are tried where nothing else is
# installed. The Python package is in the source (pip install mer-VERSION/python). Needs root, mmdebstrap, patchelf, 16 GB
# of disk; on two cores an hour.
# Usage: scripts/release.sh FOLDER [SUITE]…   (without: bookworm trixie; bookworm must be among them)
set -euo pipefail

[[ $# -ge 1 ]] || { echo "usage: $0 FOLDER [SUITE]…" >&2; exit 2; }
scripts=$(cd "$(dirname "$0")" && pwd)
source=$(dirname "$scripts")
if ! git -C "$source" diff --quiet HEAD; then
  echo "$0: there are changes that are not committed; a release is made of a commit" >&2
  exit 1
fi
mkdir -p "$1"
folder=$(cd "$1" && pwd)
shift
suites=("$@")
[[ $# -gt 0 ]] || suites=(bookworm trixie)
[[ " ${suites[*]} " == *" bookworm "* ]] || { echo "$0: the tarball is made of bookworm's package" >&2; exit 2; }

version=$(sed -n 's/^project(mer VERSION \([0-9.]*\).*/\1/p' "$source/CMakeLists.txt")
artefacts=$folder/artefacts
rm -rf "$artefacts"
mkdir -p "$artefacts"

git -C "$source" archive --format=tar --prefix="mer-$version/" HEAD | xz -T0 >"$artefacts/mer-$version.tar.xz"

"$scripts/make_packages.sh" "$folder" "${suites[@]}"
for suite in "${suites[@]}"; do
  cp "$folder/out/$suite"/*.deb "$artefacts/"
done
"$scripts/make_tarball.sh" "$folder"
cp "$folder/out"/mer-*-linux-*.tar.xz "$artefacts/"

(cd "$artefacts" && sha256sum -- * >SHA256SUMS && sha256sum --check --quiet SHA256SUMS)
ls -l "$artefacts"
