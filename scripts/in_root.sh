#!/usr/bin/env bash
# Runs bash commands in a root that scripts/clean_root.sh made. Needs root. Usage: scripts/in_root.sh ROOT COMMANDS
set -euo pipefail
[[ $# -eq 2 ]] || { echo "usage: $0 ROOT COMMANDS" >&2; exit 2; }
if ! mountpoint -q "$1/proc"; then
  mount -t proc proc "$1/proc"
  trap 'umount "$1/proc"' EXIT
fi
chroot "$1" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
  bash -euo pipefail -c "$2"
