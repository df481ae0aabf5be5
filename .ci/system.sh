# Sourced by setup.sh: what wheels can't carry. Needs $log, fail and step.

PATH=$PATH:/usr/sbin:/sbin

has_library() {
    for directory in /lib /usr/lib /usr/local/lib /lib/*-linux-gnu /usr/lib/*-linux-gnu /lib64 /usr/lib64; do
        [ -e "$directory/$1" ] && return 0
    done
    return 1
}

has_program() {
    command -v "$1" >/dev/null 2>&1
}

# The Debian packages that are missing of each kind, on one line.
missing_for_paper() {
    has_library libpango-1.0.so.0 || printf 'libpango-1.0-0 '
    has_library libpangoft2-1.0.so.0 || printf 'libpangoft2-1.0-0 '
    has_library libharfbuzz-subset.so.0 || printf 'libharfbuzz-subset0 '
}

missing_for_sandbox() {
    has_program bwrap || printf 'bubblewrap '
    has_program nft || printf 'nftables '
    has_program ip || printf 'iproute2 '
    { has_program unshare && has_program setpriv; } || printf 'util-linux '
    [ -e /etc/ssl/certs/ca-certificates.crt ] || printf 'ca-certificates '
}

missing_for_tests() {
    has_program chromium || has_program chromium-browser || has_program google-chrome || printf 'chromium '
    has_program pdftoppm || printf 'poppler-utils '
    has_program git || printf 'git '
    has_program java || printf 'default-jre-headless '
    # the clients of other languages whose calls are captured in tests
    has_program node || printf 'nodejs '
    has_program npm || printf 'npm '
    has_program go || printf 'golang-go '
    has_program javac || printf 'default-jdk-headless '
    has_program curl || printf 'curl '
}

# install_packages NAME...: by apt, as root or by sudo without a password; fails when neither is possible.
install_packages() {
    has_program apt-get || return 1
    if [ "$(id -u)" -eq 0 ]; then
        as_root=env
    elif has_program sudo && sudo -n true 2>/dev/null; then
        as_root="sudo -n env"
    else
        return 1
    fi
    apt="$as_root DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 -qq"
    # shellcheck disable=SC2086  # the command and the list are meant to be split
    if step "system packages $*" $apt install --yes --no-install-recommends "$@"; then
        return
    fi
    # shellcheck disable=SC2086
    step "list of system packages" $apt update && step "system packages $*" $apt install --yes --no-install-recommends "$@"
}

# system_libraries run|dev: install what is missing. Without paper there are no reports and without a browser no tests;
# without the sandbox audits still run, recorded by a proxy only.
system_libraries() {
    needed=$(missing_for_paper)
    optional=$(missing_for_sandbox)
    [ "$1" = dev ] && needed="$needed$(missing_for_tests)"
    [ -z "$needed$optional" ] && return
    # shellcheck disable=SC2086
    install_packages $needed $optional && return
    if [ -n "$needed" ]; then
        fail "please install as root: apt-get install $needed${optional% }"
    fi
    echo "audits will run without isolation (recorded as proxy_only) until root runs: apt-get install ${optional% }"
}
