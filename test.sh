#!/bin/sh
# Runs the tests of this checkout, with any arguments of pytest: ./test.sh -k half_close
# The first start makes .venv beside this file and gets what is missing; later ones just start.
set -eu

script=$0
[ ! -L "$script" ] || script=$(readlink -f -- "$script")
case $script in */*) ;; *) script=./$script ;; esac
root=$(CDPATH='' cd -- "${script%/*}/" && pwd -P)

# shellcheck source=tools/setup.sh
. "$root/tools/setup.sh"
make_ready test

if [ "$beside" != "$root" ]; then
    # What the tools write down can't stay in a checkout that we may only read.
    set -- -o "cache_dir=$beside/.pytest_cache" "$@"
    export HYPOTHESIS_STORAGE_DIRECTORY="$beside/.hypothesis" COVERAGE_FILE="$beside/.coverage"
fi
cd "$root"
# A file of tests on each processor, if all are asked for: see tests/side_by_side.py.
exec "$venv/bin/python" -m pytest -n auto --dist loadfile --no-loadscope-reorder "$@"
