#!/usr/bin/env bash
# Builds the last commit against LibTorch 2.x and runs the tests of the rooms that use it, in a
# Debian 13 (trixie) chroot, whose libtorch-dev is 2.6. Needs root, debootstrap, 6 GB of disk and,
# on 2 cores, most of an hour the first time; a second call with the same folder builds only what
# has changed. Not part of CI.
# Usage: scripts/check_libtorch2.sh FOLDER [JOBS]
set -euo pipefail

[[ $# -ge 1 ]] || { echo "usage: $0 FOLDER [JOBS]" >&2; exit 2; }
[[ $(id -u) -eq 0 ]] || { echo "$0: a chroot needs root" >&2; exit 1; }
command -v debootstrap >/dev/null || { echo "$0: install debootstrap" >&2; exit 1; }

mkdir -p "$1"
root=$(cd "$1" && pwd)
jobs=${2:-$(nproc)}
source=$(cd "$(dirname "$0")/.." && pwd)

# debootstrap's last step writes this; without it the folder is not a whole system.
[[ -e $root/.bootstrapped ]] || {
  # The mirror of this machine's own sources, which apt reads in both their formats.
  # shellcheck disable=SC2016  # apt fills $(REPO_URI) in
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' \
    'Label: Debian' 'Component: main' | sed -n 1p)
  [[ -n $mirror ]] || { echo "$0: apt has no list of a Debian mirror: apt-get update" >&2; exit 1; }
  debootstrap --variant=minbase trixie "$root" "$mirror"
  touch "$root/.bootstrapped"
}
mountpoint -q "$root/proc" || mount -t proc proc "$root/proc"
trap 'umount "$root/proc"' EXIT

# Only what changed gets a new time, so that ninja builds only that.
mkdir -p "$root/mer.new" "$root/mer"
git -C "$source" archive HEAD | tar -x -C "$root/mer.new"
cp "$source/scripts/install_deps.sh" "$root/mer.new/scripts/"
chroot "$root" bash /mer.new/scripts/install_deps.sh
chroot "$root" apt-get install -y -qq --no-install-recommends rsync >&2
chroot "$root" rsync -rlp --checksum --delete --exclude=/build /mer.new/ /mer/
rm -rf "$root/mer.new"

chroot "$root" bash -euo pipefail -c "
  cd /mer
  dpkg-query -W libtorch-dev
  # GCC 14 takes inlined parts of LibTorch for out-of-bounds accesses, so warnings stay warnings.
  cmake --preset release -B build -DMER_WERROR=OFF
  ninja -C build -j $jobs mer mer_engine mer_distributed_test mer_nn_test mer_train_test mer_predict_test
  ctest --test-dir build --output-on-failure -R '^(distributed|nn|train|predict)$'
  build/bin/mer doctor
"
