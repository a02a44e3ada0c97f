#!/usr/bin/env bash
# Makes a container image of the Debian package that scripts/make_packages.sh built in FOLDER, on a root of its own (FROM
# scratch), as FOLDER/out/mer_VERSION.oci.tar, and predicts a song in it. Needs root, mmdebstrap and buildah; where
# containers can't be nested buildah works by chroot, as here. Usage: scripts/make_container.sh FOLDER
set -euo pipefail

[[ $# -eq 1 ]] || { echo "usage: $0 FOLDER" >&2; exit 2; }
source=$(cd "$(dirname "$0")/.." && pwd)
folder=$(cd "$1" && pwd)
package=$(ls "$folder"/out/mer_*.bookworm.deb | tail -1)
version=$(dpkg-deb -f "$package" Version)
root=$folder/image
store=(--storage-driver vfs --root "$folder/buildah" --runroot "$folder/buildah-run")

rm -rf "$root" "$root.made"
"$source/scripts/clean_root.sh" "$root" bookworm ffmpeg
cp "$package" "$root/tmp/mer.deb"
chroot "$root" env DEBIAN_FRONTEND=noninteractive bash -euo pipefail -c '
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends /tmp/mer.deb >&2
  apt-get clean
  rm -rf /tmp/* /var/lib/apt/lists/* /var/cache/* /usr/share/man /usr/share/locale
  find /usr/share/doc -type f ! -name copyright ! -path "/usr/share/doc/mer/*" -delete
  mkdir /music && useradd -u 1000 -m listener && chown listener /music'

container=$(buildah "${store[@]}" from scratch)
buildah "${store[@]}" add -q "$container" "$root" /
buildah "${store[@]}" config --entrypoint '["/usr/bin/mer"]' --cmd '--help' --workingdir /music --volume /music \
  --user 1000:1000 --env LC_ALL=C.UTF-8 --env PATH=/usr/bin:/bin \
  --label org.opencontainers.image.title=mer --label "org.opencontainers.image.version=$version" \
  --label org.opencontainers.image.licenses=GPL-3.0-or-later "$container"
buildah "${store[@]}" run --isolation chroot "$container" -- \
  bash -euo pipefail -c 'cd /home/listener && mer synth -o demo --songs 4 --seconds 12 && mer predict demo && mer doctor'
rm -f "$folder/out/mer_$version.oci.tar"
buildah "${store[@]}" commit -q "$container" "oci-archive:$folder/out/mer_$version.oci.tar:mer:$version"
buildah "${store[@]}" rm "$container" >&2
rm -rf "$folder/buildah" "$folder/buildah-run"
echo "$folder/out/mer_$version.oci.tar: $(stat -c %s "$folder/out/mer_$version.oci.tar") bytes" >&2
