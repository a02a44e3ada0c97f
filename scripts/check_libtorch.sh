#!/usr/bin/env bash
# Builds against another LibTorch than the installed one and runs the tests. Not part of CI.
#   a version  that PyTorch's wheel, installed by pip into FOLDER from the index that pip is set to
#              (it must be a wheel for CPUs: others want the CUDA toolkit); needs 3 GB of disk
#   debian13   libtorch-dev of Debian 13 (2.6) in a chroot in FOLDER, with the last commit; needs
#              root, debootstrap and 6 GB of disk
# On 2 cores most of an hour the first time; later calls with the same folder build what changed.
# Usage: scripts/check_libtorch.sh FOLDER [VERSION|debian13]
set -euo pipefail

[[ $# -ge 1 && $# -le 2 ]] || { echo "usage: $0 FOLDER [VERSION|debian13]" >&2; exit 2; }
mkdir -p "$1"
folder=$(cd "$1" && pwd)
wanted=${2:-2.13.0}
source=$(cd "$(dirname "$0")/.." && pwd)

if [[ $wanted != debian13 ]]; then
  [[ -x $folder/venv/bin/python ]] || python3 -m venv "$folder/venv"
  python=$folder/venv/bin/python
  "$python" -m pip install -q "torch==$wanted"
  cmake -S "$source" -B "$folder/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DMER_WERROR=ON \
    -DCMAKE_PREFIX_PATH="$("$python" -c 'import torch; print(torch.utils.cmake_prefix_path)')"
  ninja -C "$folder/build"
  ctest --test-dir "$folder/build" --output-on-failure
  "$folder/build/bin/mer" doctor
  exit
fi

[[ $(id -u) -eq 0 ]] || { echo "$0: a chroot needs root" >&2; exit 1; }
command -v debootstrap >/dev/null || { echo "$0: install debootstrap" >&2; exit 1; }

# debootstrap's last step writes this; without it the folder is not a whole system.
[[ -e $folder/.bootstrapped ]] || {
  # The mirror of this machine's own sources, which apt reads in both their formats.
  # shellcheck disable=SC2016  # apt fills $(REPO_URI) in
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' \
    'Label: Debian' 'Component: main' | sed -n 1p)
  [[ -n $mirror ]] || { echo "$0: apt has no list of a Debian mirror: apt-get update" >&2; exit 1; }
  debootstrap --variant=minbase trixie "$folder" "$mirror"
  touch "$folder/.bootstrapped"
}
mountpoint -q "$folder/proc" || mount -t proc proc "$folder/proc"
trap 'umount "$folder/proc"' EXIT

# Only what changed gets a new time, so that ninja builds only that.
mkdir -p "$folder/mer.new" "$folder/mer"
git -C "$source" archive HEAD | tar -x -C "$folder/mer.new"
chroot "$folder" bash /mer.new/scripts/install_deps.sh
chroot "$folder" apt-get install -y -qq --no-install-recommends rsync >&2
chroot "$folder" rsync -rlp --checksum --delete --exclude=/build /mer.new/ /mer/
rm -rf "$folder/mer.new"

chroot "$folder" bash -euo pipefail -c '
  cd /mer
  dpkg-query -W libtorch-dev
  # GCC 14 takes inlined parts of LibTorch for out-of-bounds accesses, so warnings stay warnings.
  cmake --preset release -B build -DMER_WERROR=OFF
  ninja -C build mer mer_engine mer_distributed_test mer_nn_test mer_train_test mer_predict_test
  ctest --test-dir build --output-on-failure -R "^(distributed|nn|train|predict)$"
  build/bin/mer doctor
'
