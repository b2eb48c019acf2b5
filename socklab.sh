#!/bin/sh
# Runs socklab from this checkout: ./socklab.sh run half-close
# The first start makes .venv beside this file and gets what is missing; later ones just start.
set -eu

script=$0
[ ! -L "$script" ] || script=$(readlink -f -- "$script")
case $script in */*) ;; *) script=./$script ;; esac
root=$(CDPATH='' cd -- "${script%/*}/" && pwd -P)

# shellcheck source=tools/setup.sh
. "$root/tools/setup.sh"
make_ready run
exec "$venv/bin/socklab" "$@"
