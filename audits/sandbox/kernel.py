"""The few Linux calls the standard library of Python 3.11 does not offer, by ctypes.

Only the short-lived helper processes (`namespace`, `launch`) change their own namespaces and identity; the
process that supervises a run never does.
"""

import ctypes
import os

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38

MS_NOSUID = 2
MS_NODEV = 4
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18

# Who the audited program is on the host when we run as root: an identifier no distribution hands out. Root itself
# would escape RLIMIT_NPROC (never enforced for it) and would own every file under /proc/sys.
UNPRIVILEGED_ID = 1_894_000_017

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Leave the named namespaces for new ones; raises OSError with the kernel's word."""
    _check(_libc.unshare(ctypes.c_int(flags)), "unshare")


def setns(descriptor: int, kind: int) -> None:
    """Enter the namespace behind `descriptor`; `kind` is the CLONE_NEW… flag it must be of."""
    _check(_libc.setns(ctypes.c_int(descriptor), ctypes.c_int(kind)), "setns")


def prctl(option: int, value: int) -> None:
    """One prctl(2) switch on the calling process."""
    _check(_libc.prctl(option, value, 0, 0, 0), f"prctl({option})")


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    """mount(2); raises OSError naming the target."""
    result = _libc.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), data.encode())
    _check(result, f"mount {target}")


def become(uid: int) -> None:
    """Give up root for good, with all groups; stays dumpable so that /proc/self remains ours to write."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    prctl(PR_SET_DUMPABLE, 1)


def own_user_namespace(extra: int) -> None:
    """Enter a new user namespace (with the namespaces in `extra`) in which we are the one mapped user, as 0."""
    uid, gid = os.geteuid(), os.getegid()
    unshare(CLONE_NEWUSER | extra)
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
