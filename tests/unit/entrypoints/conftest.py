"""A container whose services a test chooses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chalicelib import container

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, object], None]:
    """Return a function that puts a service into the container under its builder's name."""

    def put(builder: str, service: object) -> None:
        monkeypatch.setattr(container, builder, lambda: service)

    return put
