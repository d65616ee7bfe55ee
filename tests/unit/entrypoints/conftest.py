"""A container whose services a test chooses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chalicelib import analytics_container, container, live_container, webhook_container

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, object], None]:
    """Return a function that puts a service into the container under its builder's name."""

    def put(builder: str, service: object) -> None:
        monkeypatch.setattr(container, builder, lambda: service)

    return put


@pytest.fixture
def serve_live(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, object], None]:
    """Return a function that does the same to the container of live streams."""

    def put(builder: str, service: object) -> None:
        monkeypatch.setattr(live_container, builder, lambda: service)

    return put


@pytest.fixture
def serve_analytics(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, object], None]:
    """Return a function that does the same to the container of analytics."""

    def put(builder: str, service: object) -> None:
        monkeypatch.setattr(analytics_container, builder, lambda: service)

    return put


@pytest.fixture
def serve_hooks(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, object], None]:
    """Return a function that does the same to the container of webhooks."""

    def put(builder: str, service: object) -> None:
        monkeypatch.setattr(webhook_container, builder, lambda: service)

    return put
