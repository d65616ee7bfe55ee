"""How files are cut and what the page says of their pace: the pure rules, run where they will run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.waiting import until

from chalicelib.domain.uploads import MAX_PARTS, MIB, part_size

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page
    from web_origin import Origin, Scenario

pytestmark = pytest.mark.e2e

CALL = """async ([name, ...rest]) => (await import("/assets/upload/plan.js"))[name](...rest)"""
SPEED = """async (notes) => {
  const { Speed } = await import("/assets/upload/plan.js");
  const speed = new Speed();
  for (const [at, bytes] of notes) speed.note(at, bytes);
  return [speed.bytesPerS, speed.secondsFor(1000)];
}"""


def test_files_are_cut_as_the_server_cuts(page: Page, origin: Origin) -> None:
    """To the byte, around every size where the answer changes."""
    page.goto(f"{origin.url}/favicon.svg")
    edges = [8 * MIB * MAX_PARTS, 9 * MIB * MAX_PARTS, 64 * 1024 * MIB]
    sizes = [1, 8 * MIB, *(edge + more for edge in edges for more in (-1, 0, 1))]
    assert [page.evaluate(CALL, ["partSize", size]) for size in sizes] == [part_size(size) for size in sizes]


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        ([], [0, None]),
        ([[0, 0], [0.5, 100]], [0, None]),
        ([[0, 0], [2, 1000]], [500, 2]),
        ([[0, 0], [1, 9000], [20, 10_000], [22, 11_000]], [500, 2]),  # the first seconds are forgotten
        ([[0, 0], [4, 4000], [5, 1000], [7, 2000]], [500, 2]),  # a part started over
    ],
)
def test_speed_is_of_the_last_seconds(
    page: Page, origin: Origin, notes: list[list[float]], expected: list[float]
) -> None:
    """Nothing is said before there is a second to say it of."""
    page.goto(f"{origin.url}/favicon.svg")
    assert page.evaluate(SPEED, notes) == expected


def test_a_begun_upload_is_known_by_name_and_size(page: Page, origin: Origin) -> None:
    """Both, since either alone is often shared."""
    page.goto(f"{origin.url}/favicon.svg")
    begun = [{"filename": "a.mp4", "size_bytes": 5}, {"filename": "b.mp4", "size_bytes": 7}]
    assert page.evaluate(CALL, ["matching", begun, {"name": "b.mp4", "size": 7}]) == begun[1]
    assert page.evaluate(CALL, ["matching", begun, {"name": "b.mp4", "size": 5}]) is None
    assert page.evaluate(CALL, ["titleOf", "Interview 12.final.mp4"]) == "Interview 12.final"


def test_the_quality_chosen_in_the_settings_is_the_highest_by_itself(
    page: Page, origin: Origin, scenario: Callable[..., Scenario]
) -> None:
    """And saving data is told to the server, as if the network had asked for it."""
    recording = scenario()
    recording.finish()
    page.add_init_script("localStorage.setItem('headwater.cap', '180'); localStorage.setItem('headwater.saver', 'yes')")
    with page.expect_request("**/quality/recommended?*") as asked:
        page.goto(f"{origin.url}/watch/{recording.id}")
    assert "save_data=1" in asked.value.url
    page.evaluate("localStorage.removeItem('headwater.saver')")
    until(page, "headwater.player.pilot.cap.reason === 'wish' && headwater.player.pilot.cap.index === 1")
