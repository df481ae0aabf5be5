"""A time-stamping authority of the tests' own: `openssl ts` behind a loopback HTTP server."""

import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CONFIG = """
[tsa]
default_tsa = own
[own]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
certs = {folder}/ca.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.3.6.1.4.1.99999.1
digests = sha256, sha384, sha512
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
[for_stamps]
extendedKeyUsage = critical,timeStamping
[for_ca]
basicConstraints = critical,CA:true
[req]
distinguished_name = name
[name]
"""


class Authority:
    """`kind`: how its key is made, as `openssl genpkey` has it. `refuse` makes it answer 503, `answer` what is given."""

    def __init__(self, folder: Path, *kind: str) -> None:
        self.folder, self.refuse, self.answer = folder, False, b""
        (folder / "config").write_text(CONFIG.format(folder=folder))
        (folder / "serial").write_text("01")
        for name in ("ca", "tsa"):
            _openssl("genpkey", *kind, "-out", folder / f"{name}.key")
        _openssl("req", "-new", "-x509", "-key", folder / "ca.key", "-subj", "/CN=Test root", "-days", "30", "-config",
                 folder / "config", "-extensions", "for_ca", "-out", folder / "ca.pem")  # fmt: skip
        _openssl("req", "-new", "-key", folder / "tsa.key", "-subj", "/CN=Test authority", "-config", folder / "config", "-out",
                 folder / "tsa.csr")  # fmt: skip
        signing = ("-CA", folder / "ca.pem", "-CAkey", folder / "ca.key", "-set_serial", "7", "-days", "30")
        purpose = ("-extfile", folder / "config", "-extensions", "for_stamps")
        _openssl("x509", "-req", "-in", folder / "tsa.csr", *signing, *purpose, "-out", folder / "tsa.pem")
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/tsa"

    @property
    def roots(self) -> Path:
        return self.folder / "ca.pem"

    def stamp(self, query: bytes) -> bytes:
        with tempfile.NamedTemporaryFile() as file:
            file.write(query)
            file.flush()
            return _openssl(
                "ts", "-reply", "-queryfile", file.name, "-config", self.folder / "config", "-section", "own"
            )

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _openssl(*arguments: str | Path) -> bytes:
    return subprocess.run(["openssl", *map(str, arguments)], capture_output=True, check=True).stdout


def _handler(authority: Authority) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["content-length"]))
            if authority.refuse:
                self.send_error(503)
                return
            body = authority.answer or authority.stamp(query)
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Quiet."""

    return Handler


@contextmanager
def authority(folder: Path, *kind: str) -> Iterator[Authority]:
    made = Authority(folder, *kind)
    yield made
    made.close()
