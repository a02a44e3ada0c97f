#!/usr/bin/env bash
# Builds the Debian packages of the last commit in clean roots and tries them in other clean roots, where nothing but
# they are installed. Needs root, mmdebstrap and 8 GB of disk a suite; on two cores some 20 minutes a suite, later
# calls with the same folder build what changed. Packages go to FOLDER/out/SUITE.
# Usage: scripts/make_packages.sh FOLDER [SUITE]…   (without: bookworm trixie)
set -euo pipefail

[[ $# -ge 1 ]] || { echo "usage: $0 FOLDER [SUITE]…" >&2; exit 2; }
scripts=$(cd "$(dirname "$0")" && pwd)
source=$(dirname "$scripts")
mkdir -p "$1"
folder=$(cd "$1" && pwd)
shift
suites=("$@")
[[ $# -gt 0 ]] || suites=(bookworm trixie)

# The time in the packages, so that one commit gives one package.
SOURCE_DATE_EPOCH=$(git -C "$source" log -1 --format=%ct)

for suite in "${suites[@]}"; do
  build=$folder/build-$suite
  "$scripts/clean_root.sh" "$build" "$suite"
  rm -rf "$build/mer.new"
  git clone -q "file://$source" "$build/mer.new"
  # Only what changed gets a new time, so that ninja builds only that. GCC 14 takes inlined parts of LibTorch 2.6 for
  # out-of-bounds accesses, so warnings stay warnings.
  "$scripts/in_root.sh" "$build" "
    bash /mer.new/scripts/install_deps.sh
    apt-get install -y -qq rsync >&2
    rsync -rlp --checksum --delete --exclude=/build /mer.new/ /mer/
    rm -rf /mer.new /mer/build/*.deb
    cd /mer
    cmake --preset release -DMER_WERROR=OFF -DMER_TESTS=OFF
    ninja -C build -j \$(nproc)
    cd build
    SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH cpack -G DEB"
  packages=("$build"/mer/build/*.deb)

  test=$folder/test-$suite
  rm -rf "$test" "$test.made"
  "$scripts/clean_root.sh" "$test" "$suite"
  cp -r "${packages[@]}" "$scripts/try_program.sh" "$source/tests/apps/consumer" "$test/tmp"
  "$scripts/in_root.sh" "$test" '
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends /tmp/mer_*.deb >&2
    useradd -m listener
    su -s /bin/bash listener -c /tmp/try_program.sh
    apt-get install -y -qq --no-install-recommends /tmp/libmer-dev_*.deb cmake g++ make >&2
    cmake -S /tmp/consumer -B /tmp/consumer/build
    cmake --build /tmp/consumer/build
    /tmp/consumer/build/consumer
    dpkg -L mer libmer-dev | grep /mer | sort -u > /tmp/files
    apt-get purge -y -qq mer libmer-dev >&2
    left=$(xargs -d "\n" ls -d < /tmp/files 2>/dev/null || true)
    [[ -z $left ]] || { echo "left behind: $left" >&2; exit 1; }'
  rm -rf "$test" "$test.made" "$folder/out/$suite"
  mkdir -p "$folder/out/$suite"
  cp "${packages[@]}" "$folder/out/$suite"
  du -b "$folder/out/$suite"/* >&2
done
