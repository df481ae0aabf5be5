#!/bin/sh
# Everything that must hold. `test.sh` runs all of it, `test.sh checks` leaves the tests out.
# Each part runs although an earlier one failed; the summary names them, and the exit code is 1 when one did.
set -eu
cd "$(dirname "$0")/.."
only=${1:-all}
.ci/setup.sh dev
mkdir -p var/log
failed=""
summary=""

# part TITLE COMMAND...: quiet while it goes well, its whole output when it fails.
part() {
    title=$1
    shift
    began=$(date +%s)
    if "$@" >var/log/check.log 2>&1 </dev/null; then
        verdict=ok
    else
        verdict=FAILED
        failed="$failed $title;"
        cat var/log/check.log
    fi
    note "$verdict" "$title" "$began"
}

# tests TITLE ARGUMENTS...: pytest, shown as it runs.
tests() {
    title=$1
    shift
    began=$(date +%s)
    printf '\n%s\n' "$title"
    if .venv/bin/python -m pytest "$@" </dev/null; then
        verdict=ok
    else
        verdict=FAILED
        failed="$failed $title;"
    fi
    note "$verdict" "$title" "$began"
}

note() {
    line=$(printf '%-7s %s (%s s)' "$1" "$2" "$(($(date +%s) - $3))")
    summary="$summary$line
"
    echo "$line"
}

export PATH="$PWD/.venv/bin:$PATH:/usr/sbin:/sbin"
part "ruff check" ruff check
part "ruff format" ruff format --check
part "types" mypy compliance audits tests manage.py
part "import contracts" lint-imports
part "migrations" python manage.py makemigrations --check --dry-run --settings tests.settings
if [ "$only" = all ]; then
    # Tests of one file stay with one worker while they can, so that what a file sets up is set up once.
    tests "unit and integration tests" -q -n 2 --dist worksteal --durations=20 -m "not browser and not clients"
    tests "browser tests" -q -n 2 --dist worksteal -m browser
    # One run of all clients, installed on their own: nothing else beside it.
    tests "clients: capture matrix, policies for gateways" -q -m clients --durations=3 tests/capture/matrix tests/portfolio
fi

printf '\n%s' "$summary"
if [ -n "$failed" ]; then
    echo "FAILED:$failed"
    exit 1
fi
echo "all passed"
