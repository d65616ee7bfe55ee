"""Every page, for everybody: on a phone and on a desk, by day and by night, with a screen reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.axe import serious
from support.pages import BASICS, kept_session, pages
from support.stack import ROOT, Stack, someone

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

SIZES = {"desk": (1440, 900, "light"), "phone": (360, 740, "dark")}


@pytest.fixture(scope="session")
def rivers(stack: Stack, short_clip: Path) -> tuple[str, str]:
    """Upload a recording as somebody who has no other, and wait until it is ready; its id and its owner."""
    owner = someone("rita")
    return str(stack.upload(short_clip, "--title", "Rivers", "--wait", user=owner)["id"]), owner


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", pages(""))
def test_page(stack: Stack, browser: Browser, rivers: tuple[str, str], name: str, size: str) -> None:
    """What it is for is there; axe finds nothing serious, the console is silent, nothing scrolls sideways."""
    recording, owner = rivers
    path, selector = pages(recording)[name]
    width, height, scheme = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    try:
        session = kept_session(stack.token(owner), owner)
        context.add_init_script(f"sessionStorage.setItem('headwater.session', {session!r})")
        page = context.new_page()
        complaints: list[str] = []
        page.on("console", lambda line: complaints.append(line.text) if line.type in {"warning", "error"} else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(stack.url + path)
        page.wait_for_selector(selector)
        page.wait_for_load_state("networkidle")
        folder = ROOT / "artifacts/web"
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=folder / f"page-{name}-{size}.png", full_page=True)
        assert (serious(page), page.evaluate(BASICS), complaints) == ([], [], [])
    finally:
        context.close()
