"""Files dropped on the library: what is said of each, refused, under way, paused or held up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from support.axe import serious

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import BrowserContext, Page, Route
    from web_origin import Origin, Scenario

pytestmark = pytest.mark.e2e

SESSION = """sessionStorage.setItem("headwater.session", JSON.stringify(
  {token: "t-mara", user: "mara", role: "publisher", expires_at: "2100-01-01T00:00:00Z"}))"""
DROP = """(files) => {
  const transfer = new DataTransfer();
  for (const [name, size] of files) transfer.items.add(new File([new Uint8Array(size)], name, { type: "video/mp4" }));
  for (const kind of ["dragenter", "dragover", "drop"]) {
    document.body.dispatchEvent(new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));
    if (kind === "dragover") window.veiled = !document.querySelector(".drop-veil").hidden;
  }
}"""
MIB = 1024 * 1024


def begin(route: Route) -> None:
    """Answer POST /recordings as the API does; files that are called so are too large."""
    if route.request.method != "POST":
        route.fallback()
        return
    asked = json.loads(route.request.post_data or "")
    if asked["filename"] == "huge.mp4":
        problem = {"status": 413, "code": "upload_too_large", "detail": "Files may have up to 68719476736 bytes."}
        route.fulfill(status=413, json=problem)
        return
    parts = [
        {"part_number": n, "size_bytes": 8 * MIB, "url": f"/held/{asked['filename']}?partNumber={n}"} for n in (1, 2)
    ]
    upload = {"part_size_bytes": 8 * MIB, "part_count": 2, "uploaded": [], "parts": parts}
    upload["expires_at"] = "2100-01-01T00:00:00Z"
    route.fulfill(status=201, json={"recording": {"id": f"rec_{asked['filename'][:-4]}"}, "upload": upload})


def first_alone(route: Route) -> None:
    """Let the first part arrive and hold the others."""
    if "partNumber=1" in route.request.url:
        route.fulfill(status=200, headers={"ETag": '"1"'})


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light")])
def test_each_file_says_how_it_stands(
    width: int,
    scheme: str,
    origin: Origin,
    scenario: Callable[..., Scenario],
    open_context: Callable[..., BrowserContext],
    screenshots: Path,
) -> None:
    """Refused with a code and a sentence, under way with percent, paused; empty ones are not begun."""
    done, live = scenario(title="Evening lecture"), scenario(title="The delta, live", recording_status="live")
    done.finish()
    origin.pages = [[done, live]]
    page = open_context(viewport={"width": width, "height": 844}, color_scheme=scheme).new_page()
    page.add_init_script(SESSION)
    page.route("**/api/v1/recordings", begin)
    page.route("**/held/**", first_alone)
    page.goto(origin.url)
    expect(page.get_by_role("region", name="Live now").get_by_role("listitem")).to_have_count(1)
    expect(page.locator("#recordings").get_by_role("listitem")).to_have_count(1)
    page.evaluate(
        DROP, [["field trip.mp4", 12 * MIB], ["huge.mp4", 6 * MIB], ["interview.mp4", 10 * MIB], ["empty.mp4", 0]]
    )
    assert page.evaluate("window.veiled")
    expect(page.get_by_text("empty.mp4 is empty, or a folder.")).to_be_visible()
    uploads = page.get_by_role("region", name="Uploads")
    rows = {name: uploads.get_by_role("listitem").filter(has_text=name) for name in ("field", "huge", "interview")}
    expect(rows["huge"]).to_contain_text("Files may have up to 68719476736 bytes.")
    expect(rows["huge"]).to_contain_text("upload_too_large")
    expect(rows["huge"].get_by_role("button", name="Try again huge.mp4")).to_be_visible()
    expect(rows["field"]).to_contain_text("8.4 MB of 12.6 MB")
    expect(rows["interview"]).to_contain_text("8.4 MB of 10.5 MB")
    rows["interview"].get_by_role("button", name="Pause interview.mp4").click()
    expect(rows["interview"]).to_contain_text("Paused at 80 %")
    expect(rows["field"].get_by_role("link", name="field trip.mp4")).to_have_attribute(
        "href", "/recordings/rec_field%20trip"
    )
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.screenshot(path=screenshots / f"console-uploads-{width}-{scheme}.png")


def test_who_may_only_watch_is_not_asked_to_upload(page: Page, origin: Origin) -> None:
    """The page says what one can do instead."""
    page.add_init_script(SESSION.replace("publisher", "viewer"))
    page.goto(origin.url)
    expect(page.get_by_text("Your role lets you watch what others share with you")).to_be_visible()
    expect(page.get_by_role("button", name="Upload")).to_be_hidden()
