#!/bin/sh
# Make .venv and see to the system libraries. `setup.sh run` is what Clausetrail needs, `setup.sh dev` what its tests need too,
# `setup.sh gate` what reads a source tree and no more: no system libraries.
# Runs again in a moment when nothing has changed. PYTHON chooses the interpreter.
set -eu
cd "$(dirname "$0")/.."
wanted=${1:-run}
. .ci/system.sh

mkdir -p var/log
chmod 700 var
log=var/log/setup.log
: >"$log"

fail() {
    printf 'make setup: %s\n' "$1" >&2
    exit 1
}

# step TITLE COMMAND...: run it, its output in the log, and say how long it took; returns its exit code.
step() {
    title=$1
    shift
    [ -t 1 ] && printf '%s ...\r' "$title"
    began=$(date +%s)
    code=0
    "$@" >>"$log" 2>&1 </dev/null || code=$?
    [ "$code" -eq 0 ] && printf '%s (%s s)\n' "$title" "$(($(date +%s) - began))"
    return "$code"
}

# fits PYTHON: runs, and is a version that our pinned wheels exist for.
fits() {
    "$1" -c 'import sys, ssl, zlib, ctypes; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1
}

choose_python() {
    if [ -n "${PYTHON:-}" ]; then
        fits "$PYTHON" || fail "PYTHON=$PYTHON does not run, or is not Python 3.11, 3.12 or 3.13"
        echo "$PYTHON"
        return
    fi
    for candidate in python3 python3.13 python3.12 python3.11; do
        if fits "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    fail "no Python 3.11, 3.12 or 3.13 found: install one (Debian 12: apt-get install python3 python3-venv), or set PYTHON"
}

make_venv() {
    python=$(choose_python)
    if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        version=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
        install_packages "$version" || fail "this Python can't make environments; please install as root: apt-get install $version"
    fi
    rm -rf .venv
    step "environment .venv ($("$python" --version))" "$python" -m venv .venv || fail "making .venv failed: $(tail -n 3 "$log")"
}

# The entry of uv in requirements-dev.txt, with its hashes: pinned in one place only.
pinned_uv() {
    awk '/^uv==/ { found = 1 } found { print } found && !/\\$/ { exit }' requirements-dev.txt
}

install_requirements() {
    files="-r requirements.txt"
    [ "$wanted" = dev ] && files="$files -r requirements-dev.txt"
    pinned_uv >var/uv-requirements.txt
    if ! .venv/bin/uv --version >/dev/null 2>&1; then
        step "installer uv" .venv/bin/python -m pip install --quiet --no-deps --require-hashes -r var/uv-requirements.txt ||
            echo "uv can't be installed: pip does its work, more slowly"
    fi
    # Behind a proxy that signs for itself, the system's certificates are those that count.
    certificates=""
    [ -e /etc/ssl/certs/ca-certificates.crt ] && certificates=--system-certs
    # shellcheck disable=SC2086  # the lists are meant to be split
    if [ -x .venv/bin/uv ] && VIRTUAL_ENV=.venv step "packages" .venv/bin/uv pip install $certificates --require-hashes $files
    then
        return
    fi
    # pip knows registries that only its own configuration names.
    # shellcheck disable=SC2086
    step "packages, by pip" .venv/bin/python -m pip install --quiet --require-hashes $files || {
        tail -n 15 "$log" >&2
        fail "the packages can't be installed (the lines above are the end of $log)"
    }
}

[ "$wanted" = gate ] || system_libraries "$wanted"

stamp=.venv/clausetrail-$wanted
digest=$(cat requirements.txt requirements-dev.txt .ci/setup.sh | sha256sum)
if [ -x .venv/bin/python ] && .venv/bin/python -c '' 2>/dev/null && [ "$(cat "$stamp" 2>/dev/null)" = "$digest" ]; then
    exit 0
fi
if ! { [ -x .venv/bin/python ] && fits .venv/bin/python && .venv/bin/python -m pip --version >/dev/null 2>&1; }; then
    make_venv
fi
install_requirements
echo "$digest" >"$stamp"
[ "$wanted" = dev ] && echo "$digest" >.venv/clausetrail-run
exit 0
