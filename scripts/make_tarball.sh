#!/usr/bin/env bash
# Makes FOLDER/out/mer-VERSION-linux-amd64.tar.xz: Debian 12's package with all libraries but glibc, for any Linux with
# a glibc that is not older. The package is what scripts/make_packages.sh left in FOLDER/out/bookworm. Then tries it in
# clean roots of SUITE…, where none of the libraries is installed. Needs root, mmdebstrap, patchelf, 4 GB of disk.
# Usage: scripts/make_tarball.sh FOLDER [SUITE]…   (without: trixie)
set -euo pipefail

[[ $# -ge 1 ]] || { echo "usage: $0 FOLDER [SUITE]…" >&2; exit 2; }
command -v patchelf >/dev/null || { echo "$0: install patchelf" >&2; exit 1; }
scripts=$(cd "$(dirname "$0")" && pwd)
folder=$(cd "$1" && pwd)
shift
suites=("$@")
[[ $# -gt 0 ]] || suites=(trixie)
packages=("$folder"/out/bookworm/mer_*.deb)
[[ -e ${packages[0]} ]] || { echo "$0: first scripts/make_packages.sh $folder bookworm" >&2; exit 1; }

root=$folder/tarball
rm -rf "$root" "$root.made"
"$scripts/clean_root.sh" "$root" bookworm
cp "${packages[0]}" "$root/tmp/mer.deb"
# shellcheck disable=SC2016  # for the root's bash and dpkg
"$scripts/in_root.sh" "$root" '
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends /tmp/mer.deb >&2
  tree=/tmp/mer-$(dpkg-query -W -f "\${source:Upstream-Version}" mer)-linux-amd64
  mkdir -p "$tree/bin" "$tree/libexec" "$tree/lib/mer" "$tree/share/doc"
  cp /usr/bin/mer "$tree/bin"
  cp -r /usr/libexec/mer "$tree/libexec"
  cp -r /usr/share/mer "$tree/share"
  cp -r /usr/share/doc/mer "$tree/share/doc"
  cp -r --parents /usr/share/bash-completion/completions/mer /tmp
  mv /tmp/usr/share/bash-completion "$tree/share"

  # Each library under the name that it is looked for by; whose it is, and that package'"'"'s licence.
  licenses=$tree/share/doc/mer/libraries
  mkdir -p "$licenses"
  cp -r /usr/share/common-licenses "$licenses"
  {
    ldd /usr/bin/mer /usr/libexec/mer/mer-engine /usr/lib/x86_64-linux-gnu/libchromaprint.so.1
    echo "libchromaprint.so.1 => /usr/lib/x86_64-linux-gnu/libchromaprint.so.1"
  } | sed -nE "s/^\s*(\S+) => (\S+).*/\1 \2/p" | sort -u | while read -r name file; do
    real=$(realpath "$file")
    owner=$({ dpkg -S "$real" || dpkg -S "${real#/usr}"; } 2>/dev/null | sed -n "1s/:.*//p")
    [[ -n $owner ]] || { echo "whose is $real?" >&2; exit 1; }
    [[ $owner != libc6 ]] || continue
    cp "$real" "$tree/lib/mer/$name"
    cp -L "/usr/share/doc/$owner/copyright" "$licenses/$owner"
    dpkg-query -W -f "\${Package} \${Version}, source \${source:Package} \${source:Version}\n" "$owner"
  done | sort -u > "$licenses/PACKAGES"
  echo "$tree" > /tmp/tree'
tree=$root$(cat "$root/tmp/tree")

# RPATH, unlike RUNPATH, also holds for the libraries of libraries and those that are loaded by name.
patchelf --force-rpath --set-rpath "\$ORIGIN/../lib/mer" "$tree/bin/mer"
patchelf --force-rpath --set-rpath "\$ORIGIN/../../lib/mer" "$tree/libexec/mer/mer-engine"
for library in "$tree"/lib/mer/*; do
  [[ -z $(patchelf --print-rpath "$library") ]] || patchelf --set-rpath "\$ORIGIN" "$library"
done
glibc=$(readelf -VW "$tree/bin/mer" "$tree/libexec/mer/mer-engine" "$tree"/lib/mer/* | grep -oE 'GLIBC_2\.[0-9]+' |
  sort -V | tail -1)
cat > "$tree/README" <<END
${tree##*/}: bin/mer runs from any folder, on Linux with glibc ${glibc#GLIBC_} or later and an x86-64 processor.
To uninstall, delete this folder. How to use it: share/doc/mer/README.md.

mer's sources are under Apache-2.0. These programs and the libraries in lib/mer are, as a whole, under the GNU General
Public License, version 3 or later: share/doc/mer/copyright and NOTICE say why, share/doc/mer/libraries holds each
library's licence, and PACKAGES there its Debian package, version and source package. The models in share/mer/models
are for research use.
END
tarball=$folder/out/${tree##*/}.tar.xz
tar -C "${tree%/*}" --sort=name --owner=0 --group=0 --numeric-owner -c "${tree##*/}" | xz -T0 > "$tarball"
du -sh "$tree" >&2
du -h "$tarball" >&2
rm -rf "$root" "$root.made"

for suite in "${suites[@]}"; do
  root=$folder/test-tarball-$suite
  rm -rf "$root" "$root.made"
  "$scripts/clean_root.sh" "$root" "$suite"
  tar -C "$root/opt" -xf "$tarball"
  cp "$scripts/try_program.sh" "$root/tmp"
  "$scripts/in_root.sh" "$root" '
    ln -s /opt/mer-*/bin/mer /usr/local/bin/mer
    useradd -m listener
    su -s /bin/bash listener -c "/tmp/try_program.sh /usr/local/bin/mer"'
  rm -rf "$root" "$root.made"
  echo "$tarball works on $suite" >&2
done
