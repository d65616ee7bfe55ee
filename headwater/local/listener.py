"""The listening socket and the HTTP server on it: IPv4 loopback only."""

from __future__ import annotations

import errno
import resource
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

ADDRESS = "127.0.0.1"
_BACKLOG = 1024
_CLOSE_S = 1.0


class PortBusy(Exception):
    """Somebody else has the port; the message is a sentence for the person who asked for it."""


def listen(port: int) -> socket.socket:
    """Take the port (0: any free one) and listen at once, so that nobody can take it while the rest starts.

    Raises PortBusy.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((ADDRESS, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortBusy(f"Port {port} is in use: stop what uses it, or choose another with --port.") from None
        if error.errno == errno.EACCES:
            raise PortBusy(f"Port {port} needs special rights: choose one above 1023 with --port.") from None
        raise
    return listener


def url_of(listener: socket.socket) -> str:
    """Return the origin that the socket stands for."""
    return f"http://{ADDRESS}:{listener.getsockname()[1]}"


def allow_connections() -> None:
    """Raise this process's limit of open files as far as it may: each viewer is a socket."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@asynccontextmanager
async def serving(
    listener: socket.socket, handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
) -> AsyncIterator[None]:
    """Answer requests while the context is open; open connections get a second to finish at its end."""
    # Bodies stay as sent: a Content-Encoding is part of an uploaded object, not of the connection.
    server = web.Server(handler, auto_decompress=False, access_log=None)
    runner = web.ServerRunner(server, shutdown_timeout=_CLOSE_S)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    try:
        yield
    finally:
        await runner.cleanup()
