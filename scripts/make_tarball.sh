#!/usr/bin/env bash
# Makes FOLDER/out/mer_VERSION_linux_amd64.tar.xz of the Debian package that scripts/make_packages.sh built in FOLDER: the
# program with the libraries that it is linked with, all but glibc's own, and tries it in a clean root of another Debian,
# where none of them is installed. Needs root, mmdebstrap and patchelf. Usage: scripts/make_tarball.sh FOLDER
set -euo pipefail

[[ $# -eq 1 ]] || { echo "usage: $0 FOLDER" >&2; exit 2; }
source=$(cd "$(dirname "$0")/.." && pwd)
folder=$(cd "$1" && pwd)
command -v patchelf >/dev/null || { echo "$0: install patchelf" >&2; exit 1; }
package=$(ls "$folder"/out/mer_*.bookworm.deb | tail -1)
name=mer_$(dpkg-deb -f "$package" Version)_linux_amd64
build=$folder/build-bookworm  # where the libraries are installed
tree=$folder/$name

rm -rf "$tree" && mkdir -p "$tree/lib"
dpkg-deb -x "$package" "$tree/unpacked"
mv "$tree"/unpacked/usr/* "$tree"
rm -r "$tree/unpacked"
cp -r "$tree/bin" "$tree/libexec" "$build/tmp/"
chroot "$build" ldd /tmp/bin/mer /tmp/libexec/mer/mer-engine | awk '$2 == "=>" {print $1, $3}' | sort -u |
  while read -r soname file; do
    case $soname in
      libc.so.* | libm.so.* | libpthread.so.* | libdl.so.* | librt.so.* | libresolv.so.* | libutil.so.*) ;;
      *) cp -L "$build$file" "$tree/lib/$soname" ;;
    esac
  done
rm -r "$build/tmp/bin" "$build/tmp/libexec"
for library in "$tree"/lib/*; do patchelf --set-rpath '$ORIGIN' "$library"; done
patchelf --set-rpath '$ORIGIN/../lib' "$tree/bin/mer"
patchelf --set-rpath '$ORIGIN/../../lib' "$tree/libexec/mer/mer-engine"
glibc=$(objdump -T "$tree"/lib/* "$tree/bin/mer" "$tree/libexec/mer/mer-engine" 2>/dev/null |
  grep -o 'GLIBC_2\.[0-9]*' | sort -uV | tail -1)
tar -C "$folder" -cJf "$folder/out/$name.tar.xz" "$name"

for suite in bookworm trixie; do
  test=$folder/tar-$suite
  rm -rf "$test" "$test.made"
  "$source/scripts/clean_root.sh" "$test" "$suite"
  tar -C "$test/opt" -xf "$folder/out/$name.tar.xz"
  mount -t proc proc "$test/proc"
  chroot "$test" env -i PATH=/usr/bin:/bin HOME=/tmp LC_ALL=C.UTF-8 bash -euo pipefail -c "
    cd /tmp
    mer=/opt/$name/bin/mer
    \$mer synth -o demo --songs 4 --seconds 12
    \$mer predict demo --format jsonl -o moods.jsonl
    \$mer tag moods.jsonl --write --min-confidence 0
    \$mer map moods.jsonl -o map.html" || { umount "$test/proc"; exit 1; }
  umount "$test/proc"
done
rm -rf "$tree"
echo "$folder/out/$name.tar.xz: $(stat -c %s "$folder/out/$name.tar.xz") bytes, wants $glibc or newer" >&2
