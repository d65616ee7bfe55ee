"""Who comes too often waits as long as they are told, and then everything goes on: page, command line, script."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from support.stack import Stack, someone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
PATIENCE_S = 240
FILES, AT_ONCE = 6, 2


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A cloud in which a person makes two recordings at once, and then one in two seconds."""
    stack = Stack(tmp_path_factory.mktemp("strict") / "data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADWATER_RATES", json.dumps({"make": [AT_ONCE, 30], "watch": [40, 1]}))
        stack.start()
    yield stack
    assert stack.stop() == 0, "".join(stack.output)


def names(stack: Stack, user: str) -> list[str]:
    """File names of a person's recordings whose whole file has arrived."""
    with stack.api(user) as api:
        found = api.get("/recordings", params={"limit": 100}).raise_for_status().json()["recordings"]
    assert len({one["id"] for one in found}) == len({one["filename"] for one in found}), found
    return sorted(one["filename"] for one in found if one["status"] != "uploading")


def test_the_page_uploads_more_files_than_it_may_begin_at_once(strict: Stack, page: Page, tmp_path: Path) -> None:
    """It waits for each by itself; nobody has to press anything, and nothing is made twice."""
    user, files = someone("bulk"), [tmp_path / f"{number}.mp4" for number in range(FILES)]
    for file in files:
        file.write_bytes(file.name.encode() * 100)
    refused: list[int] = []
    page.on("response", lambda answer: refused.append(answer.status) if answer.status == 429 else None)
    page.goto(strict.url)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("User").fill(user)
    page.get_by_role("button", name="Sign in").click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    chooser.value.set_files(files)
    deadline = time.monotonic() + PATIENCE_S
    while names(strict, user) != [file.name for file in files]:
        assert time.monotonic() < deadline, page.locator("#uploads").inner_text()
        page.wait_for_timeout(500)
    assert refused
    expect(page.locator('#uploads li[data-stage="failed"]')).to_have_count(0)


def test_the_command_line_waits(strict: Stack, tmp_path: Path) -> None:
    """Four files one after the other, as a script would: each arrives."""
    user = someone("script")
    for number in range(4):
        file = tmp_path / f"{number}.mp4"
        file.write_bytes(b"x" * 100)
        done = strict.cli("upload", str(file), "--json", user=user)
        assert "recording_id" in done.stdout or "rec_" in done.stdout, done.stderr
    assert names(strict, user) == [f"{number}.mp4" for number in range(4)]


def test_callers_at_once_get_as_much_as_one(strict: Stack) -> None:
    """Thirty calls in parallel from several functions: no more pass than the rate allows, the rest say when to come."""
    with strict.api(someone("crowd")) as api:

        def make(_: int) -> tuple[int, str]:
            answer = api.post("/recordings", json={"title": "Crowd", "live": True})
            return answer.status_code, answer.headers.get("Retry-After", "")

        began = time.monotonic()
        with ThreadPoolExecutor(10) as pool:
            answers = list(pool.map(make, range(30)))
        took_s = time.monotonic() - began
    made = [answer for answer in answers if answer == (201, "")]
    assert AT_ONCE <= len(made) <= AT_ONCE + 1 + took_s / 2
    assert all(status == 429 and int(after) >= 1 for status, after in answers if status != 201)
