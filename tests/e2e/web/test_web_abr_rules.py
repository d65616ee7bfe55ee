"""What the player makes of transfers, playlists, screens and dropped pictures: pure rules, run where they will run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from web_origin import Origin

pytestmark = pytest.mark.e2e

CALL = """async ([module, name, ...rest]) => (await import(`/assets/abr/${module}.js`))[name](...rest)"""
RUNGS = [
    {"width": 640, "height": 360, "kbps": 250},
    {"width": 1280, "height": 720, "kbps": 500},
    {"width": 1280, "height": 720, "kbps": 1000},
    {"width": 1920, "height": 1080, "kbps": 2000},
    {"width": 1920, "height": 1080, "kbps": 4000},
]
DROPS = """async (looks) => {
  const { DropWatch } = await import("/assets/abr/drops.js");
  const watch = new DropWatch();
  const tops = [];
  for (const [total, dropped, level, atMs] of looks) {
    watch.feed({ total, dropped }, level, atMs);
    tops.push(Number.isFinite(watch.top(atMs)) ? watch.top(atMs) : null);
  }
  return tops;
}"""


def call(page: Page, origin: Origin, module: str, name: str, *arguments: object) -> object:
    """Call an exported function of a module of the engine's surroundings."""
    page.goto(origin.url)
    return page.evaluate(CALL, [module, name, *arguments])


def transfer(bits: float, start: float, first: float, end: float) -> dict[str, float]:
    """One transfer, times in milliseconds."""
    return {"bits": bits, "startMs": start, "firstMs": first, "endMs": end}


@pytest.mark.parametrize(
    ("mine", "others", "kbps", "seconds"),
    [
        (transfer(1_000_000, 0, 100, 1100), [], 1000, 1.0),
        # half of the sound came beside it: the link carried both
        (transfer(1_000_000, 0, 100, 1100), [transfer(200_000, 500, 600, 1600)], 1100, 1.0),
        (transfer(1_000_000, 0, 100, 1100), [transfer(200_000, 1100, 1200, 1600)], 1000, 1.0),
        (transfer(1_000_000, 0, 100, 1100), [transfer(0, 500, 0, 1600)], 1000, 1.0),
        # a burst behind a proxy: the wait was the transfer
        (transfer(1_000_000, 0, 990, 1000), [], 1000, 1.0),
        (transfer(100_000, 0, 10, 12), [], 10_000, 0.01),
    ],
)
def test_a_sample_is_what_the_whole_link_carried(
    page: Page, origin: Origin, mine: dict[str, float], others: list[object], kbps: float, seconds: float
) -> None:
    """The picture's bits and those of the sound that came at the same time, over the time the body took."""
    sample = call(page, origin, "samples", "sampleOf", mine, others)
    assert sample == {"kbps": pytest.approx(kbps), "seconds": pytest.approx(seconds), "ttfbS": mine["firstMs"] / 1000}


@pytest.mark.parametrize(
    "odd",
    [
        transfer(1_000_000, 0, 0, 1000),
        transfer(8 * 4095, 0, 10, 20),
        transfer(1_000_000, 0, 500, 400),
        transfer(1_000_000, 600, 500, 700),
        {"bits": None, "startMs": 0, "firstMs": 1, "endMs": 2},
        {"bits": 1_000_000, "startMs": 0, "firstMs": 1, "endMs": None},
    ],
)
def test_what_says_nothing_of_the_link_is_no_sample(page: Page, origin: Origin, odd: dict[str, object]) -> None:
    """No byte yet, too little, times that run backwards, what is no number."""
    assert call(page, origin, "samples", "sampleOf", odd, []) is None


def fragments(*sizes: int) -> list[dict[str, float]]:
    """Segments of two seconds as a playlist lists them."""
    return [{"start": 2.0 * n, "duration": 2.0, "byteLength": size} for n, size in enumerate(sizes)]


def test_sizes_come_from_the_playlists(page: Page, origin: Origin) -> None:
    """Of the segment that holds the place asked for; the sound that is loaded beside it is added."""
    rungs = [
        {"kbps": 250, "fragments": fragments(10, 50_000, 70_000)},
        {"kbps": 1000, "fragments": fragments(10, 20, 250_000)},
    ]
    assert call(page, origin, "sizes", "nextSizes", rungs, 3.99, 2, 0) == [560_000, 2_000_000]
    assert call(page, origin, "sizes", "nextSizes", rungs, 4, 2, 100) == [760_000, 2_200_000]


def test_sizes_not_known_follow_a_rung_that_is(page: Page, origin: Origin) -> None:
    """A segment that costs a fifth more than nominal there is taken to do so here, within limits; else nominal."""
    known = {"kbps": 1000, "fragments": fragments(300_000)}
    rungs = [{"kbps": 500, "fragments": None}, known, {"kbps": 2000, "fragments": None}]
    assert call(page, origin, "sizes", "nextSizes", rungs, 0, 2, 0) == pytest.approx([1.2e6, 2.4e6, 4.8e6])
    rungs[1]["fragments"] = fragments(1_000_000)
    assert call(page, origin, "sizes", "nextSizes", rungs, 0, 2, 0) == pytest.approx([1.6e6, 8e6, 6.4e6])
    assert call(page, origin, "sizes", "nextSizes", rungs, 2, 2, 0) == pytest.approx([1e6, 2e6, 4e6])


def device(**said: object) -> dict[str, object]:
    """Return a large screen and a decoder that can do everything, but for what is said."""
    return {"width": 3840, "height": 2160, "saver": False, "low": False, "smooth": [], "efficient": [], **said}


@pytest.mark.parametrize(
    ("said", "others", "index", "reason"),
    [
        (device(), (99, 99), 4, "none"),
        (device(width=1280, height=720), (99, 99), 2, "screen"),
        (device(width=720, height=1280), (99, 99), 2, "screen"),
        (device(width=1366, height=768), (99, 99), 4, "none"),
        (device(width=320, height=240), (99, 99), 0, "screen"),
        (device(width=0, height=0), (99, 99), 4, "none"),
        (device(smooth=[True, True, True, False, False]), (99, 99), 2, "decoder"),
        (device(smooth=[False] * 5), (99, 99), 0, "decoder"),
        (device(efficient=[True, True, False, False, False]), (99, 99), 4, "none"),
        (device(saver=True), (99, 99), 1, "saver"),
        (device(low=True, efficient=[True, True, False, False, False]), (99, 99), 1, "battery"),
        (device(), (3, 99), 3, "drops"),
        (device(), (99, 1), 1, "server"),
        (device(width=1280, height=720), (1, 99), 1, "drops"),
    ],
)
def test_the_lowest_cap_counts(
    page: Page, origin: Origin, said: dict[str, object], others: tuple[int, int], index: int, reason: str
) -> None:
    """Screen in any orientation, decoder, data saver, dropped pictures, the server; never below the lowest rung."""
    assert call(page, origin, "caps", "capOf", RUNGS, said, *others) == {"index": index, "reason": reason}


def test_a_rung_whose_pictures_are_dropped_is_avoided_for_a_while(page: Page, origin: Origin) -> None:
    """Three bad looks in a row; then it may be tried again, and the next time it is avoided twice as long."""
    page.goto(origin.url)
    bad = [[0, 0, 3, 0], [100, 40, 3, 1000], [200, 80, 3, 2000], [300, 120, 3, 3000]]
    later = [[300, 120, 2, 62_999], [300, 120, 2, 63_000]]
    again = [[300, 120, 3, 70_000], *([300 + 100 * n, 120 + 40 * n, 3, 70_000 + n] for n in (1, 2, 3))]
    tops = page.evaluate(DROPS, [*bad, *later, *again, [600, 240, 2, 190_002], [600, 240, 2, 190_003]])
    assert tops == [None, None, None, 2, 2, None, None, None, None, 2, 2, None]


def test_a_moment_of_trouble_is_no_reason(page: Page, origin: Origin) -> None:
    """Few pictures, a good look between, paused or too fast, and the lowest rung: nothing is avoided."""
    page.goto(origin.url)
    few = [[0, 0, 3, 0], [80, 80, 3, 1]]
    between = [[100, 90, 3, 2], [200, 180, 3, 3], [300, 180, 3, 4], [400, 270, 3, 5], [500, 360, 3, 6]]
    paused = [[600, 460, -1, 7], [700, 560, -1, 8], [800, 660, -1, 9], [900, 760, -1, 10]]
    lowest = [[900, 760, 0, 11], *([900 + 100 * n, 760 + 100 * n, 0, 11 + n] for n in range(1, 5))]
    assert set(page.evaluate(DROPS, [*few, *between, *paused, *lowest])) == {None}
