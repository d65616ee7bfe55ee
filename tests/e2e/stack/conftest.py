"""One embedded cloud for all tests of this folder, and a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.stack import ROOT, Stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The embedded cloud, up."""
    stack = Stack(tmp_path_factory.mktemp("cloud") / "data")
    stack.start()
    yield stack
    assert stack.stop() == 0, "".join(stack.output)


@pytest.fixture(scope="session")
def short_clip() -> Path:
    """Five seconds of real 720p."""
    return ROOT / "tests/media/short-720p25.mp4"


@pytest.fixture(scope="session")
def long_clip() -> Path:
    """A minute of real 1080p."""
    return ROOT / "tests/media/demo-1080p30.mp4"


@pytest.fixture
def complaints() -> list[str]:
    """What the page's console complained about."""
    return []


@pytest.fixture
def page(browser: Browser, complaints: list[str]) -> Iterator[Page]:
    """A fresh browser context."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.on("console", lambda line: complaints.append(line.text) if line.type in {"warning", "error"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
