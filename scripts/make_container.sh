#!/usr/bin/env bash
# Makes FOLDER/out/mer-VERSION.SUITE.docker.tar, an image for docker load and podman load, from the package that
# scripts/make_packages.sh left in FOLDER/out/SUITE, on a clean root (FROM scratch), and tries it. Needs root,
# mmdebstrap, buildah and 8 GB of disk; no daemon. Usage: scripts/make_container.sh FOLDER [SUITE]   (without: bookworm)
set -euo pipefail

[[ $# -ge 1 && $# -le 2 ]] || { echo "usage: $0 FOLDER [SUITE]" >&2; exit 2; }
command -v buildah >/dev/null || { echo "$0: install buildah" >&2; exit 1; }
scripts=$(cd "$(dirname "$0")" && pwd)
folder=$(cd "$1" && pwd)
suite=${2:-bookworm}
packages=("$folder/out/$suite"/mer_*.deb)
[[ -e ${packages[0]} ]] || { echo "$0: first scripts/make_packages.sh $folder $suite" >&2; exit 1; }
version=$(dpkg-deb -f "${packages[0]}" Version)
version=${version%-*}

root=$folder/image-$suite
rm -rf "$root" "$root.made"
"$scripts/clean_root.sh" "$root" "$suite"
cp "${packages[0]}" "$root/tmp/mer.deb"
"$scripts/in_root.sh" "$root" '
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends /tmp/mer.deb ffmpeg >&2
  apt-get clean
  rm -rf /tmp/mer.deb /var/lib/apt/lists/* /var/cache/* /var/log/* /usr/share/man /usr/share/locale
  mkdir /music /moods
  chown 1000:1000 /music /moods'

# vfs and chroot: works inside containers and virtual machines, too.
in_store() { buildah --root "$folder/store" --runroot "$folder/store.run" --storage-driver vfs "$@"; }
forget() { in_store rm --all >/dev/null; in_store rmi --all --force >/dev/null; rm -rf "$folder/store" "$folder/store.run"; }
trap forget EXIT
container=$(in_store from scratch)
in_store add --quiet "$container" "$root" / >/dev/null
rm -rf "$root" "$root.made"
in_store config --entrypoint '["mer"]' --cmd --help --user 1000:1000 --volume /music --workingdir /music \
  --env LC_ALL=C.UTF-8 --env PATH=/usr/local/bin:/usr/bin:/bin \
  --label org.opencontainers.image.title=mer --label "org.opencontainers.image.version=$version" \
  --label "org.opencontainers.image.licenses=GPL-3.0-or-later" "$container"
in_store commit --quiet "$container" "mer:$version" >/dev/null
image=$folder/out/mer-$version.$suite.docker.tar
rm -f "$image"
in_store push --quiet "mer:$version" "docker-archive:$image:mer:$version"
in_store rm "$container" >/dev/null

# What was written is read back, and tried by a user that the image doesn't know.
in_store rmi --all --force >/dev/null
in_store pull --quiet "docker-archive:$image" >/dev/null
container=$(in_store from "mer:$version")
run() { in_store run --isolation chroot --user 1234:100 "$@"; }
run -v "$scripts/try_program.sh:/try_program.sh:ro" "$container" -- bash /try_program.sh
du -h "$image" >&2
