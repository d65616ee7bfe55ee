"""What surrounds the picture: a poster before it moves, and where a jump would lead."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.waiting import eventually, until
from web_media import DURATION_S, SEGMENT_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import BrowserContext, Page
    from web_origin import Origin, Scenario

pytestmark = pytest.mark.e2e

FFMPEG = Path(__file__).parents[3] / "build/layers/ffmpeg/bin/ffmpeg"
RAW = ("-pix_fmt", "rgb24", "-f", "rawvideo")
TILES = DURATION_S // SEGMENT_S
PREVIEW = "document.querySelector('media-time-range').shadowRoot.querySelector('media-preview-thumbnail')"


def run(*arguments: str, data: bytes = b"") -> bytes:
    """FFmpeg from standard input to standard output."""
    command = [FFMPEG, "-v", "error", *arguments, "pipe:1"]
    return subprocess.run(command, input=data, capture_output=True, check=True, timeout=60).stdout


def jpeg(picture: str) -> bytes:
    """One generated picture."""
    return run("-f", "lavfi", "-i", picture, "-frames:v", "1", "-q:v", "2", "-f", "mjpeg")


def red(tile: int) -> int:
    """How red a tile is; it has no other colour."""
    return 20 + 18 * tile


def is_red(colour: tuple[int, int, int], wanted: int) -> bool:
    """True for that much red and nothing else."""
    return abs(colour[0] - wanted) <= 8 and max(colour[1:]) < 12


@pytest.fixture(scope="module")
def sprite() -> bytes:
    """Twelve tiles in three rows, each redder than the one before."""
    number = "floor(X/160)+5*floor(Y/90)"
    return jpeg(f"color=black:s=800x270,format=rgb24,geq=r='20+18*({number})':g=0:b=0")


def track(tiles: int) -> bytes:
    """The thumbnail track of the first tiles, as the encoder writes it."""
    lines = ["WEBVTT", ""]
    for tile in range(tiles):
        start, end = (f"00:00:{second:02d}.000" for second in (tile * SEGMENT_S, (tile + 1) * SEGMENT_S))
        box = f"{160 * (tile % 5)},{90 * (tile // 5)},160,90"
        lines += [f"{start} --> {end}", f"00000-a.jpg#xywh={box}", ""]
    return "\n".join(lines).encode()


def hover(page: Page, second: float) -> None:
    """Put the pointer on the timeline."""
    box = page.locator("media-time-range").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * second / DURATION_S - 3, box["y"] + box["height"] / 2)
    page.mouse.move(box["x"] + box["width"] * second / DURATION_S, box["y"] + box["height"] / 2)


def shown(page: Page) -> tuple[int, int, int]:
    """Mean colour of the middle of the thumbnail that is on screen, which it may still be fading in."""
    until(page, f"{PREVIEW}.getBoundingClientRect().width > 50 && getComputedStyle({PREVIEW}).visibility === 'visible'")
    x, y, width, height = page.evaluate(
        f"(({{x, y, width, height}}) => [x, y, width, height])({PREVIEW}.getBoundingClientRect())"
    )
    clip = {"x": x + width / 4, "y": y + height / 4, "width": width / 2, "height": height / 2}
    png = page.screenshot(clip=clip)
    pixel = run("-f", "png_pipe", "-i", "pipe:0", "-vf", "scale=1:1:flags=area", *RAW, data=png)
    return pixel[0], pixel[1], pixel[2]


def test_hovering_the_timeline_shows_the_moment(
    page: Page,
    origin: Origin,
    scenario: Callable[..., Scenario],
    sprite: bytes,
    complaints: list[str],
    screenshots: Path,
) -> None:
    """The tile of the time under the pointer, in every row of the sprite."""
    recording = scenario(stills={"storyboard.vtt": track(TILES), "00000-a.jpg": sprite})
    recording.finish()
    page.goto(f"{origin.url}/watch/{recording.id}")
    until(page, "window.headwater.video.currentTime > 0.2")
    for second in (3, 11, 23):
        hover(page, second)
        row, column = divmod(second // SEGMENT_S, 5)
        until(page, f"{PREVIEW}.getAttribute('mediapreviewcoords') === '{160 * column} {90 * row} 160 90'")
        eventually(lambda: is_red(shown(page), red(second // SEGMENT_S)), lambda: (second, shown(page)), page)  # noqa: B023
    page.screenshot(path=screenshots / "preview.png")
    assert complaints == []


def test_thumbnails_grow_with_the_recording(
    page: Page, origin: Origin, scenario: Callable[..., Scenario], sprite: bytes, complaints: list[str]
) -> None:
    """Where nothing is encoded yet the frame stays empty; once it is, the tile is there without a reload."""
    recording = scenario(done={"a-main": 1, "v-low": 2}, stills={"storyboard.vtt": track(3), "00000-a.jpg": sprite})
    page.goto(f"{origin.url}/watch/{recording.id}")
    until(page, "window.headwater.video.textTracks[0]?.cues?.length === 4")
    hover(page, 21)
    eventually(lambda: max(shown(page)) < 40, lambda: shown(page), page)
    recording.stills["storyboard.vtt"] = track(TILES)
    recording.finish()
    until(page, f"window.headwater.video.textTracks[0].cues.length === {TILES}")
    hover(page, 19)
    eventually(lambda: is_red(shown(page), red(9)), lambda: shown(page), page)
    assert complaints == []


def test_nothing_is_fetched_before_the_cookies_are_there(
    page: Page, origin: Origin, scenario: Callable[..., Scenario], sprite: bytes
) -> None:
    """No refusal in the CDN's log, and none on the console."""
    recording = scenario(
        done={"a-main": 1}, stills={"poster.jpg": sprite, "storyboard.vtt": track(1), "00000-a.jpg": sprite}
    )
    page.goto(f"{origin.url}/watch/{recording.id}")
    until(page, "window.headwater.phase === 'preparing'")
    recording.finish()
    until(page, "window.headwater.video.textTracks[0]?.cues?.length > 0")
    assert set(recording.statuses("/stills/")) == {200}


def test_a_poster_stands_until_it_plays(
    open_context: Callable[..., BrowserContext], origin: Origin, scenario: Callable[..., Scenario], screenshots: Path
) -> None:
    """A browser that wants a gesture before it plays shows the poster, not a black stage."""
    page = open_context(viewport={"width": 1280, "height": 800}).new_page()
    page.add_init_script(
        "HTMLMediaElement.prototype.play = () => Promise.reject(new DOMException('', 'NotAllowedError'))"
    )
    recording = scenario(stills={"poster.jpg": jpeg("color=0x2060c0:s=1280x720")})
    recording.finish()
    page.goto(f"{origin.url}/watch/{recording.id}")
    until(page, "window.headwater.video.poster.endsWith('/poster.jpg')")
    until(page, "window.headwater.video.readyState >= 2")

    def shows() -> list[int]:
        png = page.locator("video").screenshot(path=screenshots / "poster.png")
        crop = "crop=iw/2:ih/4:iw/4:ih/8,scale=1:1:flags=area"
        return list(run("-f", "png_pipe", "-i", "pipe:0", "-vf", crop, *RAW, data=png)[:3])

    eventually(lambda: shows() == pytest.approx([0x20, 0x60, 0xC0], abs=8), shows, page)
