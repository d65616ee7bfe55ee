"""The few calls of CloudFront that moto does not know, before moto: policies are kept as they were sent.

Nor can moto delete key groups: that they are gone is noted here, and they are then answered for as absent.
"""

from __future__ import annotations

import http.client
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

_KINDS = {
    "cache-policy": "CachePolicy",
    "origin-request-policy": "OriginRequestPolicy",
    "response-headers-policy": "ResponseHeadersPolicy",
}
_PATH = re.compile(rf"/2020-05-31/(?P<kind>{'|'.join(_KINDS)})(?:/(?P<id>[\w-]+))?")
_KEY_GROUP = re.compile(r"/2020-05-31/key-group/(?P<id>[\w-]+)")
_DECLARATION = re.compile(rb"^\s*<\?xml[^>]*\?>")
_HOP = {"transfer-encoding", "connection", "content-length", "date", "server"}
_NAMESPACE = "http://cloudfront.amazonaws.com/doc/2020-05-31/"


class EdgePolicies:
    """An address that answers for CloudFront: policies itself, everything else by asking `endpoint`."""

    def __init__(self, endpoint: str) -> None:
        self._upstream = urlsplit(endpoint)
        self.kept: dict[str, tuple[str, bytes]] = {}
        self.deleted: set[str] = set()
        policies = self

        class Handler(BaseHTTPRequestHandler):
            """One request."""

            def handle_any(self) -> None:
                """Answer it."""
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                path = self.path.partition("?")[0]
                found, group = _PATH.fullmatch(path), _KEY_GROUP.fullmatch(path)
                if found:
                    status, headers, content = policies.answer(self.command, found["kind"], found["id"], body)
                elif group and (self.command == "DELETE" or group["id"] in policies.deleted):
                    status, headers, content = policies.delete_group(self.command, group["id"])
                else:
                    status, headers, content = policies.forward(self.command, self.path, dict(self.headers), body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815  http.server's names

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, method: str, kind: str, name: str | None, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Keep, return or forget a policy."""
        if method == "POST":
            name = f"00000000-0000-0000-0000-{len(self.kept):012}"
            self.kept[name] = (kind, _DECLARATION.sub(b"", body))
        if method == "DELETE":
            self.kept.pop(name or "", None)
            return 204, {}, b""
        if name not in self.kept:
            return 404, {}, _error("NoSuchPolicy")
        root = _KINDS[kind]
        head = f'<{root} xmlns="{_NAMESPACE}"><Id>{name}</Id><LastModifiedTime>2026-01-01T00:00:00Z</LastModifiedTime>'
        content = head.encode() + self.kept[name][1] + f"</{root}>".encode()
        return 201 if method == "POST" else 200, {"ETag": "E1", "Content-Type": "text/xml"}, content

    def delete_group(self, method: str, name: str) -> tuple[int, dict[str, str], bytes]:
        """Note that a key group is gone; whoever asks for it afterwards hears that."""
        if method == "DELETE" and name not in self.deleted:
            self.deleted.add(name)
            return 204, {}, b""
        return 404, {"Content-Type": "text/xml"}, _error("NoSuchResource")

    def forward(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Ask moto."""
        connection = http.client.HTTPConnection(self._upstream.hostname or "", self._upstream.port)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            kept = {name: value for name, value in answer.getheaders() if name.lower() not in _HOP}
            return answer.status, kept, answer.read()
        finally:
            connection.close()

    def __enter__(self) -> Self:
        """Begin to answer."""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()


def _error(code: str) -> bytes:
    return f"<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>".encode()
