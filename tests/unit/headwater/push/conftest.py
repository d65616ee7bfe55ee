"""A server for the push agent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.live_server import LiveServer, serve

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server() -> Iterator[LiveServer]:
    """A server on which a stream is on."""
    memory = LiveServer()
    http = serve(memory)
    memory.start()
    yield memory
    http.shutdown()
    http.server_close()
