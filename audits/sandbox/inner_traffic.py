"""Reads what was counted of the traffic over loopback inside: `python -m audits.sandbox.inner_traffic USER_FD NET_FD`.

A short-lived helper process. It enters the namespaces of a sealed network and prints one JSON list of two objects, bytes
by port: what servers inside were asked, and what they answered. Nothing inside can change the counts: the rules belong to
the namespace's owner, and the audited program has no capability there.
"""

import json
import subprocess
import sys

from audits.sandbox import kernel
from audits.sandbox.launch import enter


def counted(name: str) -> dict[int, int]:
    """Bytes by port of one of the sets in namespace.RULES. Raises OSError with nft's word."""
    done = subprocess.run(
        ["nft", "-j", "list", "set", "inet", "audit", name], capture_output=True, text=True, timeout=20
    )
    if done.returncode != 0:
        raise OSError(f"nft ended with {done.returncode}: {done.stderr.strip()}")
    found: dict[int, int] = {}
    for entry in json.loads(done.stdout)["nftables"]:
        for item in entry.get("set", {}).get("elem", []):
            element = item["elem"]
            found[int(element["val"])] = int(element["counter"]["bytes"])
    return found


def main() -> int:
    """Enter, count, print; 1 with a message when that can't be done."""
    try:
        enter({"user_namespace": int(sys.argv[1]), "network_namespace": int(sys.argv[2])})
        # Only namespaces were entered: nothing of the audited program's files or processes is in reach.
        print(json.dumps([counted("asked"), counted("answered")]))
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    kernel.prctl(kernel.PR_SET_PDEATHSIG, 9)
    sys.exit(main())
