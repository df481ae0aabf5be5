"""A recorder with the pipeline's only way out in its hands: sealed where the kernel allows, a plain proxy where not."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from audits.capture.allowance import Allowance
from audits.capture.authority import ensure_authority
from audits.capture.config import ConfigError, Content, Phase, Policy, RecorderConfig, Recording, Secret
from audits.capture.process import RecorderFailed, RecorderProcess, RecorderSockets, start_recorder
from audits.procedures.lifecycle import AuditFailed
from audits.sandbox.capability import probe
from audits.sandbox.execution import ProxyOnly
from audits.sandbox.network import Network, open_network


@dataclass(frozen=True)
class WayOut:
    """What a command is run with: its network, and the recorder that answers there."""

    network: Network | ProxyOnly
    recorder: RecorderProcess


@contextmanager
def way_out(
    *,
    run_id: int,
    phase: Phase,
    spool: Path,
    blobs: Path,
    authority: Path,
    policies: Mapping[str, Policy] | None = None,
    upstreams: Mapping[str, str] | None = None,
    secrets: tuple[Secret, ...] = (),
    private_hosts: tuple[str, ...] = (),
    mask_salt: str = "",
    allowance: Allowance | None = None,
    recording: Recording | None = None,
    content: Content = "full",
) -> Iterator[WayOut]:
    """Open the network of one phase and record all that leaves through it. `authority`: folder of the recorder's CA.

    Raises AuditFailed for an upstream or a secret that can't be used.
    """
    certificate, key = authority / "ca.pem", authority / "ca.key"
    ensure_authority(certificate, key)
    config = RecorderConfig(
        run_id=str(run_id),
        phase=phase,
        spool_directory=spool,
        blob_directory=blobs,
        ca_certificate=certificate,
        ca_key=key,
        policies=dict(policies or {}),
        upstreams=dict(upstreams or {}),
        secrets=secrets,
        private_hosts=private_hosts,
        mask_salt=mask_salt,
        allowance=allowance,
        recording=recording,
        content=content,
    )
    try:
        config.check()
    except ConfigError as error:
        raise AuditFailed(f"The recorder can't be told what to do: {error}") from error
    with _network() as (network, sockets):
        recorder = _started(config, sockets)
        try:
            yield WayOut(network, recorder)
        finally:
            recorder.stop()


def _started(config: RecorderConfig, sockets: RecorderSockets) -> RecorderProcess:
    try:
        return start_recorder(config, sockets)
    except RecorderFailed as error:
        if config.recording is None:
            raise
        raise AuditFailed(f"{config.recording.name} can't be replayed: {error}") from error


@contextmanager
def _network() -> Iterator[tuple[Network | ProxyOnly, RecorderSockets]]:
    if probe().isolation == "enforced":
        with open_network() as network:
            yield (
                network,
                RecorderSockets(
                    transparent=[network.tcp_socket],
                    dns=[network.dns_socket, network.dns6_socket],
                    udp_sink=[network.udp_socket],
                ),
            )
        return
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield ProxyOnly(f"http://127.0.0.1:{listening.getsockname()[1]}"), RecorderSockets(proxy=[listening])
