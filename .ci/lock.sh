#!/bin/sh
# Compile requirements.in, requirements-dev.in and those of the clients whose calls are captured in tests.
# UPGRADE=1 moves to the newest versions that the .in files allow.
set -eu
cd "$(dirname "$0")/.."
upgrade=${UPGRADE:+--upgrade}
clients=tests/capture/matrix/environments
for name in requirements requirements-dev "$clients/current" "$clients/gateway" "$clients/older"; do
    # shellcheck disable=SC2086  # no word at all when it is empty
    .venv/bin/uv pip compile "$name.in" --output-file "$name.txt" --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --custom-compile-command "make lock" --quiet $upgrade
    echo "$name.txt: $(grep -c '^[a-z].*==' "$name.txt") packages"
done
