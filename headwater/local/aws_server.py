"""The process that is AWS: moto behind a small threaded server. Started by `aws.AwsEmulator`, never by hand.

Prints `endpoint http://127.0.0.1:PORT` when it answers, or `refused SENTENCE` when the data folder cannot be used.
A line of JSON on standard input names the roles that are known from then on; it is answered with `enforced`.
Ends when its standard input closes, so it cannot outlive whoever started it.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import threading
import traceback
from http import HTTPStatus
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import ThreadedWSGIServer
from werkzeug.wsgi import LimitedStream

from headwater.local import durable_s3, durable_sqs, durable_tables, quick_tables
from headwater.local.iam_gate import IamGate
from headwater.local.needs import Place
from headwater.local.object_reads import ObjectReads
from headwater.local.persistence import DataFolderError, Store

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

_IDLE_S = 300
_DRAIN = 1024 * 1024


class EmulatedAws:
    """The WSGI application: behind IAM reads of objects from their files, DynamoDB under its lock, the rest to moto."""

    def __init__(self, store: Store, *, account: str, region: str) -> None:
        durable_s3.install(store)
        durable_sqs.install(store)
        durable_tables.install(store, region=region)
        quick_tables.install()
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._tables = durable_tables.DurableTables(self._call_moto, store, account=account, region=region)
        self._reads = ObjectReads(account)
        self.iam = IamGate(Place(account, region))

    def _call_moto(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        app: Any = self._moto.get_application(environ)
        answer: Iterable[bytes] = app(environ, start_response)
        return answer

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        return self.iam.respond(environ, start_response, self._answer)

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        if target.startswith("DynamoDB"):
            body = environ["wsgi.input"].read()
            environ["wsgi.input"] = io.BytesIO(body)
            return self._tables.respond(environ, start_response, target.rpartition(".")[2], body)
        if environ["REQUEST_METHOD"] == "GET" and not target:
            answer = self._reads.respond(environ, start_response)
            if answer is not None:
                return answer
        return self._call_moto(environ, start_response)


class KeepAliveHandler(MotoRequestHandler):
    """HTTP/1.1 with connections that stay open: werkzeug's own handler closes each after one answer."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = _IDLE_S

    def run_wsgi(self) -> None:
        """Answer one request and leave the connection at the start of the next."""
        environ = self.make_environ()
        if "wsgi.input_terminated" not in environ:
            environ["wsgi.input"] = LimitedStream(
                cast("IO[bytes]", self.rfile), int(environ.get("CONTENT_LENGTH") or 0)
            )
        head: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Any:
            head[:] = [status, headers]

        body: Iterable[bytes] = []
        try:
            body = self.server.app(environ, start_response)
            self._drain(environ["wsgi.input"])
            self._answer(head[0], head[1], body)
        except OSError:
            self.close_connection = True  # the caller went away
        except Exception:  # noqa: BLE001  whatever moto stumbles over, the caller gets an answer
            traceback.print_exc()
            self.close_connection = True
            self._answer("500 Internal Server Error", [], [])
        finally:
            getattr(body, "close", lambda: None)()

    def _drain(self, stream: Any) -> None:
        left = stream.read(_DRAIN)
        if len(left) == _DRAIN:
            self.close_connection = True

    def _answer(self, status: str, headers: list[tuple[str, str]], body: Iterable[bytes]) -> None:
        code, _, phrase = status.partition(" ")
        names = {name.lower() for name, _ in headers}
        bodyless = self.command == "HEAD" or int(code) in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}
        if "content-length" not in names and not bodyless:
            body = [b"".join(body)]
            headers = [*headers, ("Content-Length", str(len(body[0])))]
        self.send_response(int(code), phrase)
        for name, value in headers:
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if not bodyless:
            for piece in body:
                self.wfile.write(piece)

    def log(self, *_: Any) -> None:
        """Say nothing: one line per request would drown everything else."""


def serve(folder: Path, *, account: str, region: str) -> int:
    """Serve until standard input closes; returns the exit code."""
    try:
        store = Store(folder)
    except DataFolderError as error:
        print(f"refused {error}", flush=True)  # noqa: T201  the parent reads it
        return 1
    app = EmulatedAws(store, account=account, region=region)
    server = ThreadedWSGIServer("127.0.0.1", 0, app, handler=KeepAliveHandler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 5}, daemon=True).start()
    print(f"endpoint http://127.0.0.1:{server.port}", flush=True)  # noqa: T201  the parent reads it
    for line in sys.stdin:
        app.iam.enforce(json.loads(line))
        print("enforced", flush=True)  # noqa: T201  the parent reads it
    store.close()
    return 0


def main() -> None:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--account", required=True)
    parser.add_argument("--region", required=True)
    options = parser.parse_args()
    code = serve(options.folder, account=options.account, region=options.region)
    sys.stdout.flush()
    # Long polls hold threads; there is nothing left to lose, so do not wait for them.
    os._exit(code)


if __name__ == "__main__":
    main()
