"""SnapStart: a process that has been started is frozen, and its memory goes on as many functions at once.

So what the first event would have to import and build is done before, and what must not be the same twice afterwards:
the state of `random`, which spreads retries, connections, and credentials. Tokens and ids come from the kernel, which
Lambda seeds anew. Whatever is secret is fetched on use, after the restore.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from chalicelib.adapters import clients
from chalicelib.config import will_be_frozen

if TYPE_CHECKING:
    from collections.abc import Callable


def prepare(*builders: Callable[[], object], services: tuple[str, ...] = ()) -> None:
    """Build ahead what a function needs, and register the hooks, where Lambda is going to freeze this process.

    Nothing is called over the network. Elsewhere nothing happens: what is not needed is not paid for.
    """
    if not will_be_frozen():
        return
    # Lambda's runtime brings it
    from snapshot_restore_py import (  # type: ignore[import-untyped]  # noqa: PLC0415
        register_after_restore,
        register_before_snapshot,
    )

    for builder in builders:
        builder()
    for service in services:
        clients.client(service)
    register_before_snapshot(clients.reset)
    register_after_restore(thaw)


def thaw() -> None:
    """Begin to differ from every other copy: other dice, own credentials, own connections."""
    random.seed()
    clients.reset()
