#!/usr/bin/env bash
# Builds the Debian package of the last commit in clean roots and tries it in other clean roots, where nothing but the
# package is installed. Needs root, mmdebstrap and 8 GB of disk a suite; on two cores some 15 minutes a suite.
# Packages go to FOLDER/out. Usage: scripts/make_packages.sh FOLDER [SUITE]…   (without: bookworm trixie)
set -euo pipefail

[[ $# -ge 1 ]] || { echo "usage: $0 FOLDER [SUITE]…" >&2; exit 2; }
source=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1/out"
folder=$(cd "$1" && pwd)
shift
suites=("${@:-bookworm}")
[[ $# -gt 0 ]] || suites=(bookworm trixie)

within() {  # root, then what bash is to do there
  local root=$1
  mountpoint -q "$root/proc" || mount -t proc proc "$root/proc"
  chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
    bash -euo pipefail -c "$2"
}
leave() { for root in "$folder"/*/proc; do umount "$root" 2>/dev/null || true; done; }
trap leave EXIT

for suite in "${suites[@]}"; do
  build=$folder/build-$suite
  "$source/scripts/clean_root.sh" "$build" "$suite"
  # Only what changed gets a new time, so that ninja builds only that.
  rm -rf "$build/mer.new" && mkdir -p "$build/mer"
  git clone -q "file://$source" "$build/mer.new"
  within "$build" 'bash /mer.new/scripts/install_deps.sh && apt-get install -y -qq rsync >&2
    rsync -rlp --checksum --delete --exclude=/build /mer.new/ /mer/ && rm -rf /mer.new'
  # GCC 14 takes inlined parts of LibTorch for out-of-bounds accesses, so warnings stay warnings.
  within "$build" "cd /mer && rm -f build/*.deb
    cmake --preset release -B build -DMER_WERROR=OFF -DMER_TESTS=OFF
    ninja -C build && cd build && cpack -G DEB"
  package=$folder/out/$(cd "$build/mer/build" && ls mer_*.deb | sed "s/\.deb/.$suite.deb/")
  cp "$build"/mer/build/mer_*.deb "$package"

  test=$folder/test-$suite
  rm -rf "$test" "$test.made"
  "$source/scripts/clean_root.sh" "$test" "$suite"
  cp "$package" "$test/tmp/mer.deb"
  within "$test" 'apt-get update -qq && apt-get install -y -qq --no-install-recommends /tmp/mer.deb >&2
    dpkg -L mer | xargs -d "\n" ls -d > /tmp/files
    useradd -m listener
    su -s /bin/bash listener -c "
      set -euo pipefail
      cd
      mer --version
      mer doctor
      mer synth -o demo --songs 4 --seconds 12
      mer predict demo --format jsonl -o moods.jsonl
      mer predict demo --fast --tags --format json > /dev/null 2>&1 && exit 1
      mer predict demo --tags --format csv > /dev/null
      mer tag moods.jsonl
      mer playlist moods.jsonl -o playlists
    "
    apt-get purge -y -qq mer >&2
    left=$(grep /mer /tmp/files | xargs -d "\n" ls -d 2>/dev/null || true)
    [[ -z $left ]] || { echo "left behind: $left" >&2; exit 1; }'
  echo "$package: $(stat -c %s "$package") bytes, works on $suite and leaves nothing" >&2
done
