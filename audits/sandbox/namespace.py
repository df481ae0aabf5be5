"""Makes the sealed network and hands its sockets and namespaces out: `python -m audits.sandbox.namespace FD`.

A short-lived helper process. It enters a new user and network namespace, opens the three listening sockets inside,
sends every packet to them, proves by trial that they do arrive, and passes descriptors over the socket FD
(SCM_RIGHTS). Then it ends: the namespace lives as long as the descriptors do. Any failing step ends it with a
message and without descriptors, so nothing can be launched: it fails closed.
"""

import json
import os
import socket
import subprocess
import sys

from audits.sandbox import kernel

ADDRESS_4 = "10.255.255.2"  # what the audited program sees as its own address
IP_ORIGDSTADDR = 20
IPV6_ORIGDSTADDR = 74
IP_TRANSPARENT = 19
IPV6_TRANSPARENT = 75
SO_ORIGINAL_DST = 80

# A local route for everything ("AnyIP"): each packet to any address comes back in through lo, there is no other way.
ROUTES = f"""link set lo up
address add {ADDRESS_4}/32 dev lo
route add local 0.0.0.0/0 dev lo src {ADDRESS_4}
route add local ::/0 dev lo
"""

# Programs of one pipeline may talk to each other over loopback: it cannot leave the namespace. What servers among them
# are asked and answer is counted by port (segments that push data to a reader): nobody records it, so it must be named.
RULES = """
table inet audit {
  set asked { type inet_service; flags dynamic; size 65536; }
  set answered { type inet_service; flags dynamic; size 65536; }
  chain way_out {
    type nat hook output priority -100; policy accept;
    udp dport 53 redirect to :53
    ip daddr { 127.0.0.0/8, %(own)s } return
    ip6 daddr ::1 return
    meta l4proto tcp redirect to :%(tcp)d
  }
  chain sink {
    type filter hook prerouting priority -150; policy accept;
    ct direction reply accept
    ip daddr { 127.0.0.0/8, %(own)s } accept
    ip6 daddr ::1 accept
    udp dport 53 accept
    meta nfproto ipv4 meta l4proto udp tproxy ip to :%(udp)d accept
    meta nfproto ipv6 meta l4proto udp tproxy ip6 to :%(udp)d accept
  }
  chain among_themselves {
    type filter hook output priority -10; policy accept;
    ip daddr != { 127.0.0.0/8, %(own)s } return
    ip6 daddr != ::1 return
    tcp dport %(tcp)d return
    tcp sport %(tcp)d return
    tcp flags & psh != psh return
    ct direction original update @asked { tcp dport counter }
    ct direction reply update @answered { tcp sport counter }
  }
  chain only_known_protocols {
    type filter hook output priority 0; policy accept;
    meta l4proto { tcp, udp } accept
    icmp type != echo-request accept
    icmpv6 type != echo-request accept
    counter reject
  }
}
"""


class SetupError(Exception):
    """A step of the set-up failed; the text says which, and what the program or kernel answered."""


def configure(program: list[str], text: str) -> None:
    """Feed `text` to a program that must succeed."""
    try:
        done = subprocess.run(program, input=text, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SetupError(f"{program[0]}: {error}") from error
    if done.returncode != 0:
        raise SetupError(f"{' '.join(program)} ended with {done.returncode}: {(done.stderr or done.stdout).strip()}")


def tcp_listener() -> socket.socket:
    """Every redirected connection of both families; the wanted address is SO_ORIGINAL_DST of each."""
    listener = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    listener.bind(("::", 0))
    listener.listen(4096)
    return listener


def dns_socket(family: socket.AddressFamily, address: str) -> socket.socket:
    """Bound to loopback by name: a socket on the wildcard address would answer from the wrong source address."""
    resolver = socket.socket(family, socket.SOCK_DGRAM)
    resolver.bind((address, 53))
    return resolver


def udp_sink() -> socket.socket:
    """All other UDP of both families, with the address it was meant for in the ancillary data."""
    sink = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    sink.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    sink.setsockopt(socket.IPPROTO_IP, IP_TRANSPARENT, 1)
    sink.setsockopt(socket.IPPROTO_IPV6, IPV6_TRANSPARENT, 1)
    sink.setsockopt(socket.IPPROTO_IP, IP_ORIGDSTADDR, 1)
    sink.setsockopt(socket.IPPROTO_IPV6, IPV6_ORIGDSTADDR, 1)
    sink.bind(("::", 0))
    return sink


def prove_tcp(listener: socket.socket, family: socket.AddressFamily, address: str) -> None:
    """A connection to a foreign address must end at the listener."""
    listener.settimeout(2)
    with socket.socket(family, socket.SOCK_STREAM) as client:
        client.settimeout(2)
        client.connect((address, 9))
        accepted, _ = listener.accept()
        with accepted:
            if accepted.getpeername()[1] != client.getsockname()[1]:
                raise SetupError(f"a connection to {address} did not arrive at the recorder's socket")
    listener.settimeout(None)


def prove_udp(receiver: socket.socket, family: socket.AddressFamily, address: str, port: int) -> None:
    """A datagram to a foreign address must end at the given socket."""
    receiver.settimeout(2)
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.sendto(b"proof", (address, port))
        if receiver.recv(64) != b"proof":
            raise SetupError(f"a datagram to {address} port {port} did not arrive at the recorder's socket")
    receiver.settimeout(None)


def build() -> tuple[list[int], list[socket.socket]]:
    """The namespace descriptors (user, network) and the sockets (tcp, dns, dns6, udp), in that order."""
    if os.geteuid() == 0:
        kernel.become(kernel.UNPRIVILEGED_ID)
    kernel.own_user_namespace(kernel.CLONE_NEWNET)
    configure(["ip", "-batch", "-"], ROUTES)
    tcp, udp = tcp_listener(), udp_sink()
    dns, dns6 = dns_socket(socket.AF_INET, "127.0.0.1"), dns_socket(socket.AF_INET6, "::1")
    ports = {"own": ADDRESS_4, "tcp": tcp.getsockname()[1], "udp": udp.getsockname()[1]}
    configure(["nft", "-f", "-"], RULES % ports)
    prove_tcp(tcp, socket.AF_INET, "192.0.2.1")
    prove_tcp(tcp, socket.AF_INET6, "2001:db8::1")
    prove_udp(udp, socket.AF_INET, "192.0.2.1", 443)
    prove_udp(udp, socket.AF_INET6, "2001:db8::1", 443)
    prove_udp(dns, socket.AF_INET, "192.0.2.1", 53)
    prove_udp(dns6, socket.AF_INET6, "2001:db8::1", 53)
    spaces = [os.open(f"/proc/self/ns/{kind}", os.O_RDONLY) for kind in ("user", "net")]
    return spaces, [tcp, dns, dns6, udp]


def main() -> int:
    """Build, then send one JSON message with the descriptors attached (or the reason why there are none)."""
    control = socket.socket(fileno=int(sys.argv[1]))
    try:
        spaces, sockets = build()
    except (OSError, SetupError) as error:
        control.sendall(json.dumps({"error": str(error)}).encode())
        return 1
    descriptors = [*spaces, *(each.fileno() for each in sockets)]
    socket.send_fds(control, [json.dumps({"address": ADDRESS_4}).encode()], descriptors)
    return 0


if __name__ == "__main__":
    sys.exit(main())
