# The common part of ./socklab.sh, ./test.sh and .ci/run; sourced, with $root set to the checkout.
# shellcheck shell=sh
#
#   make_ready run|test|dev
#       sees to Python, iproute2 and a virtual environment with this checkout in it (editable),
#       and sets $venv. Says what it does on stderr, and nothing when there is nothing to do.
#       Exits with 3 and one sentence when this machine can't do it.
#
# Every start of socklab goes through here, so the way without work is a handful of shell
# builtins and two `cat`; Python is looked for only when something is missing.
#
# How a half-made environment is told from a whole one: `.venv.lock` beside it is locked while
# somebody works on it and holds a word until the work is done. The kernel drops the lock of a
# process that was killed; the word stays, and the next one starts anew. Children inherit the
# lock on purpose: a pip that outlives a killed shell is still at work.
#
# POSIX sh: dash and busybox ash run it.

# The oldest Python that pyproject.toml allows, and where to look for one.
oldest=3.11
pythons="python3 python3.14 python3.13 python3.12 python3.11"

# A plain user's PATH often lacks the folders in which some systems keep ss and ip.
PATH=$PATH:/usr/sbin:/sbin

# $beside: where .venv and what the tools leave may be written. The checkout itself, or, where
# that is somebody else's or read-only, a folder in the user's cache.
: "${root:?}"
if [ -w "$root" ] && { [ ! -e "$root/.venv" ] || [ -w "$root/.venv" ]; }; then
    beside=$root
else
    beside=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/socklab$root
fi

make_ready() {
    level=$1
    # A .venv that the owner of a read-only checkout has made serves everybody who can run it.
    for venv in "$root/.venv" "$beside/.venv"; do
        if is_ready && has_ss; then
            return
        fi
    done
    set_up
}

# --- Is there anything to do? ---------------------------------------------------------------

is_ready() {
    case $level in
        run) program=socklab ;;
        test) program=pytest ;;
        dev) program=ruff ;;
    esac
    # Without the program somebody else, say `uv sync`, has been tidying up in there.
    [ -x "$venv/bin/python" ] && [ -x "$venv/bin/$program" ] && is_of_this_checkout &&
        [ -r "$venv/.socklab-$level" ] &&
        [ "$(cat "$venv/.socklab-$level")" = "$(cat "$root/pyproject.toml")" ]
}

# A virtual environment has its own path written all over it, so a moved or copied one is not
# ours; nor is one made by another Python than the one that is asked for.
is_of_this_checkout() {
    made_at='' made_with=''
    [ -r "$venv/.socklab-made" ] || return 1
    { IFS= read -r made_at && IFS= read -r made_with; } <"$venv/.socklab-made" || return 1
    [ "$made_at" = "$root" ] && { [ -z "${PYTHON-}" ] || [ "$PYTHON" = "$made_with" ]; }
}

# Not `ip`: on Alpine that may be busybox's, which socklab can't use. ss is always iproute2's.
has_ss() {
    command -v ss >/dev/null
}

# --- Doing it -------------------------------------------------------------------------------

set_up() {
    [ "$(uname -s)" = Linux ] ||
        fail "the labs run on Linux's own TCP: use a Linux machine, a container or WSL 2"
    find_python
    if ! { mkdir -p -- "$beside" && : >>"$venv.lock"; } 2>/dev/null; then
        [ "$beside" != "$root" ] || fail "can't write to $venv.lock: remove it, or make it yours"
        fail "neither this checkout nor $beside may be written: set XDG_CACHE_HOME to a folder of yours"
    fi
    exec 9>>"$venv.lock"
    lock
    has_ss || get_iproute2
    is_ready || make_venv
    exec 9>&-
}

say() {
    printf 'socklab: %s\n' "$*" >&2
}

fail() {
    say "$*"
    exit 3
}

# Run a command; show what it printed only if it failed.
quietly() {
    if ! printed=$("$@" 2>&1); then
        printf '%s\n' "$printed" >&2
        return 1
    fi
}

# flock(1) is not everywhere, but Python is: a lock belongs to the open file, which the shell
# shares with the child that locks it.
lock() {
    "$python" -I -c '
import fcntl, sys
try:
    fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    print("socklab: another set-up is under way: waiting for it to end", file=sys.stderr)
    try:
        fcntl.flock(9, fcntl.LOCK_EX)
    except KeyboardInterrupt:
        sys.exit(130)
except OSError:
    pass  # a file system without locks: two set-ups at once are rare enough there
' 9>&9
}

# Sets $python to a real interpreter, not to the name that leads there: what python3 means
# changes when the system is upgraded, and the .venv made with it would change underneath us.
find_python() {
    probe='
import os, sys
if sys.version_info < tuple(map(int, sys.argv[1].split("."))):
    print("Python %d.%d" % sys.version_info[:2])
    sys.exit(41)
try:
    import ensurepip, venv
except ImportError:
    sys.exit(42)
print(os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable))
'
    too_old='' without_venv=''
    for candidate in ${PYTHON:+"$PYTHON"} $pythons; do
        command -v "$candidate" >/dev/null || continue
        status=0
        python=$("$candidate" -I -c "$probe" "$oldest" 2>/dev/null) || status=$?
        case $status in
            0)
                if [ -n "${PYTHON-}" ] && [ "$candidate" != "$PYTHON" ]; then
                    say "PYTHON=$PYTHON is no Python $oldest or newer with venv: using $candidate"
                fi
                return
                ;;
            41) too_old=${too_old:-"$candidate is $python"} ;;
            42) without_venv=${without_venv:-$candidate} ;;
        esac
    done
    package_manager
    if [ -n "$without_venv" ]; then
        case $manager in
            apt-get) cure=$(as_root "apt-get install $without_venv-venv") ;;
            *) cure="install the package with $without_venv's venv, or set PYTHON to another Python" ;;
        esac
        fail "$without_venv can't make virtual environments, its venv module is not installed: $cure"
    elif [ -n "$too_old" ]; then
        fail "needs Python $oldest or newer, and $too_old: install a newer one and set PYTHON to its path"
    else
        fail "needs Python $oldest or newer: $(as_root "$install $python_packages"), or set PYTHON to its path"
    fi
}

make_venv() {
    # Read now: what is installed below is what is written down as installed.
    wanted=$(cat "$root/pyproject.toml")
    if can_keep_venv; then
        say "bringing $venv up to date"
    else
        say "making $venv with $python (once, ten seconds or so)"
        echo unfinished >&9
        quietly "$python" -m venv --clear "$venv" ||
            fail "$python could not make $venv (its words are above)"
    fi
    echo unfinished >&9
    case $level in
        run) target=$root levels=run ;;
        test) target="${root}[test]" levels="run test" ;;
        dev) target="${root}[dev]" levels="run test dev" ;;
    esac
    # --no-user: a user's own pip settings may ask for what no virtual environment can do.
    quietly "$venv/bin/python" -m pip install --quiet --no-user --disable-pip-version-check \
        --editable "$target" || {
        : >"$venv.lock" # pip refused; that leaves nothing half-done
        fail "pip could not install what socklab needs (its words are above): when that is mended, start again"
    }
    for done in $levels; do
        printf '%s\n' "$wanted" >"$venv/.socklab-$done"
    done
    printf '%s\n' "$root" "${PYTHON-}" >"$venv/.socklab-made"
    : >"$venv.lock"
}

# Keep the one that is there if nobody was interrupted in it, it runs, and nobody asks for
# another Python. One that was made by hand or by uv is as good as ours.
can_keep_venv() {
    [ ! -s "$venv.lock" ] && [ -x "$venv/bin/python" ] || return 1
    if [ -e "$venv/.socklab-made" ]; then
        is_of_this_checkout || return 1
    else
        [ -z "${PYTHON-}" ] || return 1
    fi
    quietly "$venv/bin/python" -m pip --version 2>/dev/null ||
        quietly "$venv/bin/python" -m ensurepip 2>/dev/null
}

get_iproute2() {
    package_manager
    [ -n "$manager" ] || fail "ss is not installed: install iproute2 with your package manager"
    if [ "$(id -u)" -ne 0 ]; then
        fail "ss is not installed, and installing it takes root: $(as_root "$install $iproute2")"
    fi
    say "ss is not installed: $install $iproute2"
    # shellcheck disable=SC2086 # $install and $refresh are commands of several words
    quietly $install $agree $iproute2 2>/dev/null 9>&- ||
        { quietly $refresh && quietly $install $agree $iproute2; } 9>&- ||
        fail "$manager could not install $iproute2 (its words are above)"
    has_ss || fail "$manager installed $iproute2, and still there is no ss in $PATH"
}

# Sets the words of the package manager that is here: $install takes what `as_root` shows to
# a person, $agree is added when nobody is there to be asked.
package_manager() {
    for manager in apt-get dnf apk pacman ''; do
        [ -z "$manager" ] || command -v "$manager" >/dev/null || continue
        break
    done
    iproute2=iproute2 python_packages=python3
    case $manager in
        apt-get)
            install="apt-get install" agree="-y --no-install-recommends" refresh="apt-get update"
            python_packages="python3 python3-venv"
            export DEBIAN_FRONTEND=noninteractive
            ;;
        dnf) install="dnf install" agree=-y refresh="dnf makecache" iproute2=iproute ;;
        apk) install="apk add" agree='' refresh="apk update" ;;
        pacman)
            install="pacman -S" agree="--noconfirm --needed" refresh="pacman -Sy"
            python_packages=python
            ;;
        *) install="install with your package manager:" ;;
    esac
}

# The command as this user would have to type it.
as_root() {
    if [ "$(id -u)" -eq 0 ] || [ -z "$manager" ]; then
        printf '%s\n' "$*"
    elif command -v sudo >/dev/null; then
        printf 'sudo %s\n' "$*"
    elif command -v doas >/dev/null; then
        printf 'doas %s\n' "$*"
    else
        printf "su -c '%s'\n" "$*"
    fi
}
