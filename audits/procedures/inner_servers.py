"""Servers that a pipeline ran inside its own sandbox: what they answered crossed no recorder, so it is named as a gap."""

from collections.abc import Iterator

from audits.sandbox.execution import ProxyOnly
from audits.sandbox.network import Network, SandboxError, inner_servers

KIND = "server_inside"


def gaps(network: Network | ProxyOnly) -> Iterator[tuple[str, str, str]]:
    """(kind, subject, words) for each server that answered over loopback while the network was open.

    Without isolation loopback is the host's own, where nobody can tell whose traffic it is: that run is proxy_only.
    """
    if isinstance(network, ProxyOnly):
        return
    try:
        found = inner_servers(network)
    except SandboxError as error:
        yield KIND, "loopback", f"Whether servers inside the pipeline answered is not known: {error}"
        return
    for server in found:
        yield (
            KIND,
            f"127.0.0.1:{server.port}",
            (
                f"A server inside the pipeline answered at port {server.port}: about {server.asked:,} bytes were asked and "
                f"{server.answered:,} answered over loopback, which is not recorded. If a model answered there, run its server "
                "outside and name it as an upstream, so that its answers are recorded."
            ),
        )
