#!/usr/bin/env bash
# Makes a table of docs/results again. See scripts/reproduce.py --help.
exec python3 "$(dirname "$0")/reproduce.py" "$@"
