"""A seccomp filter for the audited program, assembled by hand for x86_64 and aarch64.

It is the third lock behind the namespaces and the missing capabilities: calls that only break-outs, debuggers and
administrators need answer "not permitted". Whatever the filter does not name stays allowed.
"""

import platform
import struct

EPERM, ENOSYS, EAFNOSUPPORT = 1, 38, 97
ALLOW, ERRNO, KILL = 0x7FFF0000, 0x00050000, 0x80000000
LOAD, JUMP_EQUAL, JUMP_AT_LEAST, JUMP_ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE = 0, 4  # offsets in struct seccomp_data; argument n lies at 16 + 8n (little endian, low half)
NEW_NAMESPACES = 0x7E020080  # all CLONE_NEW… bits
X32 = 0x40000000
AF_UNIX, AF_INET, AF_INET6, AF_NETLINK = 1, 2, 10, 16
TIOCSTI, TIOCLINUX = 0x5412, 0x541C

# name: (x86_64, aarch64); None where the call does not exist
REFUSED: dict[str, tuple[int | None, int | None]] = {
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "pidfd_getfd": (438, 438), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "chroot": (161, 51), "move_mount": (429, 429), "open_tree": (428, 428), "mount_setattr": (442, 442),
    "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "add_key": (248, 217),
    "request_key": (249, 218), "keyctl": (250, 219), "bpf": (321, 280), "perf_event_open": (298, 241),
    "userfaultfd": (323, 282), "open_by_handle_at": (304, 265), "init_module": (175, 105), "finit_module": (313, 273),
    "delete_module": (176, 106), "kexec_load": (246, 104), "kexec_file_load": (320, 294), "swapon": (167, 224),
    "swapoff": (168, 225), "reboot": (169, 142), "acct": (163, 89), "quotactl": (179, 60), "syslog": (103, 116),
    "iopl": (172, None), "ioperm": (173, None), "modify_ldt": (154, None), "shmget": (29, 194),
}  # fmt: skip
# "No such call" makes libraries use the older call, whose arguments we can read, or do without.
UNKNOWN: dict[str, tuple[int | None, int | None]] = {
    "clone3": (435, 435), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
}  # fmt: skip
CLONE, UNSHARE, SOCKET, IOCTL = (56, 220), (272, 97), (41, 198), (16, 29)
ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _refuse(number: int, error: int) -> list[bytes]:
    return [_step(JUMP_EQUAL, number, 0, 1), _step(RETURN, ERRNO | error)]


def _argument_rule(number: int, argument: int, test: list[bytes]) -> list[bytes]:
    """For one call: load an argument and run `test`, which must return; other calls jump over it."""
    return [_step(JUMP_EQUAL, number, 0, len(test) + 1), _step(LOAD, 16 + 8 * argument), *test]


def _one_of(values: list[int], then: int, otherwise: int) -> list[bytes]:
    """Return `then` when the loaded argument is one of the values, else `otherwise`."""
    last = len(values)
    steps = [_step(JUMP_EQUAL, value, last - index, 0) for index, value in enumerate(values)]
    return [*steps, _step(RETURN, otherwise), _step(RETURN, then)]


def syscall_filter(machine: str | None = None) -> bytes | None:
    """The filter as an array of struct sock_filter, or None for a processor we keep no call numbers of."""
    known = ARCHITECTURES.get(machine or platform.machine())
    if known is None:
        return None
    column, architecture = known
    no_namespace = [_step(JUMP_ANY_BIT, NEW_NAMESPACES, 0, 1), _step(RETURN, ERRNO | EPERM), _step(RETURN, ALLOW)]
    families = _one_of([AF_UNIX, AF_INET, AF_INET6, AF_NETLINK], ALLOW, ERRNO | EAFNOSUPPORT)
    terminal = _one_of([TIOCSTI, TIOCLINUX], ERRNO | EPERM, ALLOW)
    steps = [
        _step(LOAD, ARCHITECTURE), _step(JUMP_EQUAL, architecture, 1, 0), _step(RETURN, KILL), _step(LOAD, NUMBER),
    ]  # fmt: skip
    if column == 0:
        steps += [_step(JUMP_AT_LEAST, X32, 0, 1), _step(RETURN, ERRNO | ENOSYS)]
    for table, error in ((REFUSED, EPERM), (UNKNOWN, ENOSYS)):
        for numbers in table.values():
            number = numbers[column]
            steps += _refuse(number, error) if number is not None else []
    # From here on each rule that matches its call also returns, so the number stays loaded for the next rule.
    steps += _argument_rule(CLONE[column], 0, no_namespace)
    steps += _argument_rule(UNSHARE[column], 0, no_namespace)
    steps += _argument_rule(SOCKET[column], 0, families)
    steps += _argument_rule(IOCTL[column], 1, terminal)
    return b"".join([*steps, _step(RETURN, ALLOW)])
