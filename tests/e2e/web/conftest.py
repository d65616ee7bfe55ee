"""A browser, a stand-in origin and real media for the tests of the pages."""

from __future__ import annotations

import itertools
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # test folders are no packages; these two modules are ours alone
from web_live import LiveSource, make_live_media
from web_media import make_ladder
from web_origin import Origin, Scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext, Page
    from web_live import LiveMedia
    from web_media import Ladder

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def ladder(tmp_path_factory: pytest.TempPathFactory) -> Ladder:
    """Three rungs and audio, 24 s in chunks of 2, 4, 8 and 10 s."""
    return make_ladder(ROOT / "build/layers/ffmpeg/bin/ffmpeg", tmp_path_factory.mktemp("media"))


@pytest.fixture
def origin() -> Iterator[Origin]:
    """Pages, API and CDN on a free port."""
    origin = Origin(ROOT / "web")
    thread = threading.Thread(target=origin.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield origin
    origin.shutdown()
    thread.join()
    origin.server_close()


@pytest.fixture
def scenario(origin: Origin, ladder: Ladder) -> Callable[..., Scenario]:
    """Make recordings that the origin knows; keywords are fields of Scenario."""
    numbers = itertools.count()

    def make(**fields: object) -> Scenario:
        made = Scenario(id=f"rec_{next(numbers):020d}", ladder=ladder, **fields)
        origin.scenarios[made.id] = made
        return made

    return make


@pytest.fixture(scope="session")
def live_media(tmp_path_factory: pytest.TempPathFactory) -> LiveMedia:
    """Two rungs and audio, two minutes in segments of 1 s."""
    return make_live_media(ROOT / "build/layers/ffmpeg/bin/ffmpeg", tmp_path_factory.mktemp("live"))


@pytest.fixture
def stream(scenario: Callable[..., Scenario], live_media: LiveMedia) -> Iterator[Callable[..., Scenario]]:
    """Make recordings that are live streams, with so many segments behind them; further keywords are LiveSource's."""
    made: list[Scenario] = []

    def make(published: int = 8, **fields: object) -> Scenario:
        recording = scenario(title="Rivers, live")
        recording.live = LiveSource(recording.id, live_media, **fields)
        recording.live.publish(published)
        made.append(recording)
        return recording

    yield make
    for recording in made:
        recording.live.halt()
        recording.live.drop()


@pytest.fixture
def open_context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Open browser contexts; keywords are Playwright's."""
    contexts = []

    def make(**options: object) -> BrowserContext:
        context = browser.new_context(**options)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def complaints() -> list[str]:
    """Console warnings, console errors and page errors of pages opened with `page`."""
    return []


@pytest.fixture
def page(open_context: Callable[..., BrowserContext], complaints: list[str]) -> Page:
    """Open a page whose complaints are collected."""
    page = open_context(viewport={"width": 1280, "height": 800}).new_page()
    page.on("console", lambda line: complaints.append(line.text) if line.type in {"warning", "error"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return page


@pytest.fixture(scope="session")
def screenshots() -> Path:
    """Return the folder that people look at after a run; git ignores it."""
    folder = ROOT / "artifacts" / "web"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
