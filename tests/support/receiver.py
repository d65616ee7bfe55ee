"""A webhook's receiver on loopback: checks signatures as Standard Webhooks says, and answers as told."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import ssl
    from types import TracebackType


@dataclass(frozen=True)
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Return the payload."""
        return json.loads(self.body)

    def verified(self, secret: str) -> bool:
        """True when one of the signatures is that secret's: written here anew, from the specification."""
        key = base64.b64decode(secret.split("_", 1)[1])
        text = b".".join([self.headers["webhook-id"].encode(), self.headers["webhook-timestamp"].encode(), self.body])
        mine = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
        return any(one == f"v1,{mine}" for one in self.headers["webhook-signature"].split(" "))


@dataclass
class Receiver:
    """Use it as a context. `answers` are statuses with headers, taken from the left; 204 when there is none."""

    tls: ssl.SSLContext | None = None
    answers: deque[tuple[int, dict[str, str]]] = field(default_factory=deque)
    received: list[Received] = field(default_factory=list)
    changed: Condition = field(default_factory=Condition)

    def __enter__(self) -> Self:
        """Serve on a free port of loopback."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                with receiver.changed:
                    receiver.received.append(Received(self.path, headers, body))
                    status, more = receiver.answers.popleft() if receiver.answers else (204, {})
                    receiver.changed.notify_all()
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                if status != 204:
                    self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                """Stay quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if self.tls is not None:
            self._server.socket = self.tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        """The port it serves on."""
        return int(self._server.server_port)

    @property
    def url(self) -> str:
        """Where to send webhooks."""
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}/hook"

    def wait(self, count: int, timeout_s: float = 30.0) -> list[Received]:
        """Wait for so many requests; returns all."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.received) >= count, timeout_s), self.received
            return list(self.received)


def free_port() -> int:
    """Return a port of loopback on which nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
