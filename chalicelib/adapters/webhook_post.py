"""One POST to somebody else's server, such that it reaches public addresses only and ends in time.

The name is looked up here and the connection goes to the very address that was checked: a name that answers
differently the second time is never asked twice. No redirect is followed, no proxy used, no cookie kept.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

from chalicelib.domain.webhooks.delivery import Answer, Failure
from chalicelib.domain.webhooks.targets import may_reach

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chalicelib.domain.webhooks.targets import Target

    Resolver = Callable[[str, int], Sequence[str]]

TIMEOUT_S = 10.0
"""For everything: name, connection, handshake, request and answer."""
MOST_READ = 64 * 1024
"""Of an answer, so that the line ends well; nobody looks at it."""
MOST_ADDRESSES = 3
"""Tried one after the other while there is time."""
_MOST_RETRY_DIGITS = 6


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host; raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class WebhookPost:
    """Implements webhook_ports.Poster."""

    def __init__(
        self,
        *,
        local: bool,
        resolver: Resolver = resolve,
        tls: ssl.SSLContext | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """`local` lets it reach loopback as well; `tls` says whom to trust, by default whom the system does."""
        self._local = local
        self._resolver = resolver
        self._tls = tls
        self._timeout_s = timeout_s

    def post(self, target: Target, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send it; what goes wrong is the answer's `error`."""
        began = time.monotonic()
        try:
            status, retry_after_s = self._post(target, headers, body, began + self._timeout_s)
        except _Failed as failure:
            return Answer(None, failure.code.value, _ms_since(began))
        redirected = Failure.REDIRECTED.value if 300 <= status < 400 else ""  # noqa: PLR2004  HTTP's own classes
        return Answer(status, redirected, _ms_since(began), retry_after_s)

    def _post(self, target: Target, headers: Mapping[str, str], body: bytes, deadline: float) -> tuple[int, int | None]:
        connection = http.client.HTTPConnection(target.host, target.port)
        line = self._line(target, deadline)
        # A server that sends a byte now and then would keep every single read within its time.
        cutter = threading.Timer(_left(deadline), _cut, [line])
        cutter.daemon = True
        cutter.start()
        try:
            if isinstance(line, ssl.SSLSocket):
                line.do_handshake()
            connection.sock = line
            connection.putrequest("POST", target.path, skip_host=True, skip_accept_encoding=True)
            for name, value in {"host": target.authority, **headers, "content-length": str(len(body))}.items():
                connection.putheader(name, value)
            connection.putheader("connection", "close")
            connection.endheaders(body)
            answer = connection.getresponse()
            if time.monotonic() >= deadline:
                raise TimeoutError  # a line that was cut reads like a head that came to its end
            status, retry = answer.status, _seconds(answer.headers.get("retry-after"))
            with suppress(OSError, http.client.HTTPException):
                answer.read(MOST_READ)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _Failed(_code(error, deadline)) from None
        finally:
            cutter.cancel()
            connection.close()
            line.close()
        return status, retry

    def _line(self, target: Target, deadline: float) -> socket.socket:
        """Connect; the handshake is left to be made, where it can be cut off."""
        line = self._connect(target, deadline)
        if not target.secure:
            return line
        try:
            tls = self._tls or _system_trust()
            return tls.wrap_socket(line, server_hostname=target.host, do_handshake_on_connect=False)
        except (OSError, ValueError):
            line.close()
            raise _Failed(Failure.TLS_FAILED) from None

    def _connect(self, target: Target, deadline: float) -> socket.socket:
        try:
            addresses = self._resolver(target.host, target.port)
        except (OSError, UnicodeError):
            raise _Failed(Failure.NAME_NOT_FOUND) from None
        # One forbidden address among public ones is no accident: none of them is tried.
        if not addresses or not all(may_reach(address, local=self._local) for address in addresses):
            raise _Failed(Failure.ADDRESS_REFUSED if addresses else Failure.NAME_NOT_FOUND)
        error: OSError | None = None
        for address in list(addresses)[:MOST_ADDRESSES]:
            try:
                return socket.create_connection((address, target.port), timeout=_left(deadline))
            except OSError as refused:
                error = refused
        raise _Failed(_code(error, deadline))


class _Failed(Exception):
    """No answer came; `code` says why."""

    def __init__(self, code: Failure) -> None:
        super().__init__(code)
        self.code = code


@cache
def _system_trust() -> ssl.SSLContext:
    return ssl.create_default_context()


def _left(deadline: float) -> float:
    return max(0.05, deadline - time.monotonic())


def _cut(line: socket.socket) -> None:
    with suppress(OSError):
        socket.socket.shutdown(line, socket.SHUT_RDWR)  # TLS's own would take the line's state from who reads it


def _code(error: BaseException | None, deadline: float) -> Failure:
    if isinstance(error, TimeoutError) or time.monotonic() >= deadline:
        return Failure.TIMED_OUT
    if isinstance(error, ssl.SSLError):
        return Failure.TLS_FAILED
    return Failure.UNREACHABLE if isinstance(error, OSError) else Failure.ANSWER_INVALID


def _seconds(text: str | None) -> int | None:
    """Read a Retry-After that is a number; the other form, a date, is left to our own waits."""
    plain = text is not None and text.isascii() and text.isdigit() and len(text) <= _MOST_RETRY_DIGITS
    return int(text) if plain and text is not None else None


def _ms_since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
