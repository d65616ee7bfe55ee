"""FFmpeg reads sources over TLS, and checks whom it talks to."""

from __future__ import annotations

import ssl
import threading
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from support.pipeline import FFMPEG

from chalicelib.adapters.ffmpeg import FfmpegEncoder
from chalicelib.errors import Transient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SILENCE = ("-v", "error", "-nostdin", "-f", "lavfi", "-i", "anullsrc")


def go_on(_frames: int, _fps: float, /) -> bool:
    """The work is still wanted."""
    return True


@pytest.fixture
def tls_server(tmp_path: Path) -> Iterator[str]:
    """A second of sound over HTTPS; its certificate is its own authority, in authority.pem."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "here")])
    day = timedelta(days=1)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, datetime.now(UTC) - day, datetime.now(UTC) + day)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (tmp_path / "authority.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    FfmpegEncoder(FFMPEG).run_to_file([*SILENCE, "-t", "1", str(tmp_path / "s.wav")], timeout_s=20, beat=go_on)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(tmp_path)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "authority.pem", tmp_path / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}/s.wav"
    server.shutdown()
    server.server_close()
    thread.join()


class QuietHandler(SimpleHTTPRequestHandler):
    """Files, without a line for each."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_https_is_read_and_its_certificate_checked(
    tls_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S3 is reached over TLS: an authority that the system trusts is enough, any other is not."""
    command = ["-nostdin", "-v", "error", "-i", tls_server, "-f", "null", "-"]
    with monkeypatch.context() as patch:
        patch.delenv("SSL_CERT_FILE", raising=False)
        with pytest.raises(Transient, match="certificate verify failed"):
            FfmpegEncoder(FFMPEG).run_to_file(command, timeout_s=20, beat=go_on)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    assert FfmpegEncoder(FFMPEG).run_to_file(command, timeout_s=20, beat=go_on) > 0
