"""Requests to other people's servers: sent to the address that was checked, over TLS, and at an end in time."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from support.receiver import Receiver, free_port

from chalicelib.adapters.webhook_post import WebhookPost
from chalicelib.domain.webhooks.targets import Target

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEADERS = {"content-type": "application/json", "webhook-id": "evt_1"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Serve plain HTTP on loopback."""
    with Receiver() as serving:
        yield serving


def plain(port: int, host: str = "127.0.0.1", path: str = "/hook?k=v") -> Target:
    """Name a target without TLS."""
    return Target(secure=False, host=host, port=port, path=path)


def poster(*answers: list[str], **options: object) -> tuple[WebhookPost, list[str]]:
    """Return a poster whose names resolve to `answers`, one after the other, and the names it was asked for."""
    asked: list[str] = []
    left = list(answers)

    def resolver(host: str, _port: int) -> list[str]:
        asked.append(host)
        return left.pop(0) if len(left) > 1 else left[0]

    return WebhookPost(local=True, resolver=resolver, **options), asked  # type: ignore[arg-type]


def test_the_request_arrives_as_it_was_meant(receiver: Receiver) -> None:
    """Path, headers and body; its own Host; and the answer's status."""
    sender, _ = poster(["127.0.0.1"])
    answer = sender.post(plain(receiver.port, "hooks.test"), HEADERS, b'{"a":1}')
    assert (answer.status, answer.error, answer.arrived) == (204, "", True)
    (got,) = receiver.received
    assert (got.path, got.body, got.headers["host"]) == ("/hook?k=v", b'{"a":1}', f"hooks.test:{receiver.port}")
    assert HEADERS.items() <= got.headers.items()


def test_a_name_is_resolved_once(receiver: Receiver) -> None:
    """A rebinding server answers with something else the second time: it is never asked a second time."""
    sender, asked = poster(["127.0.0.1"], ["10.0.0.1"])
    assert sender.post(plain(receiver.port, "rebind.test"), HEADERS, b"{}").status == 204
    assert asked == ["rebind.test"]
    assert sender.post(plain(receiver.port, "rebind.test"), HEADERS, b"{}").error == "address_refused"
    assert len(receiver.received) == 1


@pytest.mark.parametrize("inside", ["127.0.0.1", "169.254.169.254", "10.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_a_public_name_with_a_private_address_is_refused(receiver: Receiver, inside: str) -> None:
    """Alone or among public ones; nothing is connected to."""
    for addresses in ([inside], ["1.1.1.1", inside]):
        sender = WebhookPost(local=False, resolver=lambda _host, _port, found=addresses: found)  # type: ignore[misc]
        answer = sender.post(plain(receiver.port, "inside.test"), HEADERS, b"{}")
        assert (answer.status, answer.error) == (None, "address_refused")
    assert receiver.received == []


def test_redirects_are_not_followed(receiver: Receiver) -> None:
    """They would lead anywhere."""
    receiver.answers.append((302, {"location": receiver.url}))
    sender, _ = poster(["127.0.0.1"])
    answer = sender.post(plain(receiver.port), HEADERS, b"{}")
    assert (answer.status, answer.error, answer.arrived) == (302, "redirected", False)
    assert len(receiver.received) == 1


@pytest.mark.parametrize(("text", "seconds"), [("120", 120), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("-1", None)])
def test_receivers_ask_for_time(receiver: Receiver, text: str, seconds: int | None) -> None:
    """In seconds."""
    receiver.answers.append((503, {"retry-after": text}))
    sender, _ = poster(["127.0.0.1"])
    answer = sender.post(plain(receiver.port), HEADERS, b"{}")
    assert (answer.status, answer.retry_after_s) == (503, seconds)


def test_nobody_there() -> None:
    """A refused connection, and a name without an address."""
    sender, _ = poster(["127.0.0.1"])
    assert sender.post(plain(free_port()), HEADERS, b"{}").error == "unreachable"

    def unknown(_host: str, _port: int) -> list[str]:
        raise socket.gaierror

    assert WebhookPost(local=True, resolver=unknown).post(plain(9), HEADERS, b"").error == "name_not_found"


def authority(folder: Path, host: str) -> tuple[Path, ssl.SSLContext]:
    """Make a certificate for a host that is its own authority; returns its file and what a server needs."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "here")])
    day = timedelta(days=1)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, datetime.now(UTC) - day, datetime.now(UTC) + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "authority.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "authority.pem", folder / "key.pem")
    return folder / "authority.pem", server


def test_tls_is_verified_for_the_name(tmp_path: Path) -> None:
    """A certificate of somebody we trust, for the host that was meant; nothing less."""
    trusted, server = authority(tmp_path, "hooks.test")
    trusting, doubting = ssl.create_default_context(cafile=str(trusted)), ssl.create_default_context()
    with Receiver(tls=server) as receiver:
        meant = Target(secure=True, host="hooks.test", port=receiver.port, path="/hook")
        other = Target(secure=True, host="other.test", port=receiver.port, path="/hook")
        assert poster(["127.0.0.1"], tls=trusting)[0].post(meant, HEADERS, b"{}").status == 204
        assert poster(["127.0.0.1"], tls=trusting)[0].post(other, HEADERS, b"{}").error == "tls_failed"
        assert poster(["127.0.0.1"], tls=doubting)[0].post(meant, HEADERS, b"{}").error == "tls_failed"
        assert len(receiver.received) == 1


def test_a_handshake_that_never_ends_is_cut() -> None:
    """Half a record, and then nothing."""
    server = Odd(b"\x16\x03\x03\x40\x00")
    try:
        sender, _ = poster(["127.0.0.1"], timeout_s=0.5)
        target = Target(secure=True, host="hooks.test", port=server.port, path="/")
        assert sender.post(target, HEADERS, b"{}").error == "timed_out"
    finally:
        server.close()


class Odd:
    """Takes one connection and says what it is told, then keeps it open until the other side ends it."""

    def __init__(self, *says: bytes) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._says = says
        self._thread = Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        line, _ = self._listening.accept()
        with line:
            line.recv(65536)
            for text in self._says:
                line.sendall(text)
            line.settimeout(20)
            with suppress(ConnectionError):
                while line.recv(65536):
                    pass

    def close(self) -> None:
        """End it."""
        self._thread.join()
        self._listening.close()


@pytest.mark.parametrize(
    ("says", "error"),
    [
        ((), "timed_out"),
        ((b"HTTP/1.1 200 OK\r\nx-slow: ",), "timed_out"),
        ((b"SSH-2.0-OpenSSH_9.6\r\n",), "answer_invalid"),
    ],
)
def test_servers_that_are_none(says: tuple[bytes, ...], error: str) -> None:
    """Silent ones, ones that never come to an end, and ones that speak something else."""
    server = Odd(*says)
    try:
        sender, _ = poster(["127.0.0.1"], timeout_s=0.5)
        answer = sender.post(plain(server.port), HEADERS, b"{}")
        assert (answer.status, answer.error) == (None, error)
    finally:
        server.close()


def test_a_long_answer_is_not_read_to_its_end() -> None:
    """Its status counts; the rest may be endless."""
    server = Odd(b"HTTP/1.1 200 OK\r\ncontent-length: 999999999\r\n\r\n", b"x" * 200_000)
    try:
        sender, _ = poster(["127.0.0.1"], timeout_s=5.0)
        assert sender.post(plain(server.port), HEADERS, b"{}").status == 200
    finally:
        server.close()
