"""How progress is drawn on a terminal and written into a log."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from headwater.cli.boards import LineBoard, LiveBoard, board_for
from headwater.cli.text import age, clean, left, length, money, outlook, size

if TYPE_CHECKING:
    from collections.abc import Callable


def test_an_upload_in_a_log_is_a_line_for_each_tenth() -> None:
    """However many pieces are sent, a log gets eleven lines and a heading."""
    out = io.StringIO()
    board = LineBoard(out, io.StringIO())
    board.begin("rec_1", 1000, 0)
    for _ in range(1000):
        board.advance(1)
    said = out.getvalue().splitlines()
    assert (said[0], said[1], said[-1], len(said)) == ("uploading 1000 B as rec_1", "upload 0 %", "upload 100 %", 12)


def test_a_part_that_starts_over_does_not_repeat_lines() -> None:
    """Percent may fall when a part is sent again; what was said stays said."""
    out = io.StringIO()
    board = LineBoard(out, io.StringIO())
    board.begin("rec_1", 100, 0)
    for step in (55, -50, 50):
        board.advance(step)
    assert out.getvalue().splitlines()[1:] == ["upload 55 %"]


def test_a_log_hears_of_changes_only(document: Callable[..., Any]) -> None:
    """The same tenth is not written twice."""
    out = io.StringIO()
    board = LineBoard(out, io.StringIO())
    for percent in (0, 1, 2, 10, 11):
        board.show(document("processing", percent))
    assert [line.split(":")[0] for line in out.getvalue().splitlines()] == [
        "encoding 0 % (in-progress)",
        "encoding 10 % (in-progress)",
    ]


def test_a_terminal_gets_a_bar_for_each_rendition(document: Callable[..., Any]) -> None:
    """Name, percent, speed and how much can be played; sentences go to the results."""
    screen, results = io.StringIO(), io.StringIO()
    with LiveBoard(Console(file=screen, force_terminal=True, width=120), results) as board:
        board.begin("rec_1", 100, 40)
        board.advance(60)
        board.show({**document("processing", 0), "renditions": []})
        board.show(document("playable", 45, playable=True))
        board.say("Watch it: here")
        board.show(document("ready", 100, playable=True))
    drawn = screen.getvalue()
    wanted = ("Upload rec_1", "Encoding", "Low", "Audio", "45%", "1.2x  30 fps", "0:02 playable", "100%")
    assert ([text for text in wanted if text not in drawn], results.getvalue()) == ([], "Watch it: here\n")


PAID = {"eta_s": 190.2, "max_cost_usd": 0.5, "cost": {"usd": "0.003149"}}


def test_time_and_money_are_said_as_far_as_they_are_known(document: Callable[..., Any]) -> None:
    """In a log and above the bars: how long it still takes, what it has cost, what it may cost."""
    out, screen = io.StringIO(), io.StringIO()
    now = document("playable", 45, playable=True) | PAID
    LineBoard(out, io.StringIO()).show(now)
    said = "encoding 45 % (in-progress), about 3 min left, $0.0031 so far, limit $0.50: Low 45 %, Audio 45 %\n"
    assert out.getvalue() == said
    with LiveBoard(Console(file=screen, force_terminal=True, width=120), io.StringIO()) as board:
        board.show(now)
    assert "about 3 min left  $0.0031 so far  limit $0.50" in screen.getvalue()
    assert outlook(document("ready", 100) | PAID | {"eta_s": None, "max_cost_usd": None}) == ["$0.0031"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "a few seconds left"),
        (9.9, "a few seconds left"),
        (14, "about 10 s left"),
        (54.9, "about 50 s left"),
        (56, "about 1 min left"),
        (149, "about 2 min left"),
        (3599, "about 1 h 0 min left"),
        (5000, "about 1 h 23 min left"),
    ],
)
def test_time_left(seconds: float, text: str) -> None:
    """No more exact than it is known."""
    assert left(seconds) == text


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        ("0.00", "$0.00"),
        ("0.000000012", "less than $0.0001"),
        ("0.000149", "$0.00015"),
        ("0.0031", "$0.0031"),
        ("0.019", "$0.02"),
        (0.5, "$0.50"),
        ("1234.5", "$1234.50"),
    ],
)
def test_money(usd: str | float, text: str) -> None:
    """Cents, and two digits of what is less than one."""
    assert money(usd) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "-"), (0, "0 s"), (59.9, "60 s"), (60, "1 min"), (7300, "2 h"), (200_000, "2 d")]
)
def test_ages(seconds: float | None, text: str) -> None:
    """In the largest whole unit."""
    assert age(seconds) == text


class Screen(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        """Return True."""
        return True


def test_a_sentence_on_the_terminal_is_not_drawn_over(document: Callable[..., Any]) -> None:
    """The address is printed by what draws the bars, which then draws them below it; and it is not wrapped."""
    screen = Screen()
    address = "Watch it: http://127.0.0.1:8787/watch/rec_1?grant=" + 60 * "x"
    with LiveBoard(Console(file=screen, force_terminal=True, width=40), screen) as board:
        board.show(document("playable", 10, playable=True))
        board.say(address)
        board.show(document("playable", 20, playable=True))
    _, before, after = screen.getvalue().partition(f"{address}\n")
    assert (before, after.count("Low") > 0, "\x1b[1A" in after.split("Low")[0]) == (f"{address}\n", True, False)


def test_scripts_without_a_terminal_see_nothing(document: Callable[..., Any]) -> None:
    """With JSON wanted and no terminal, both streams stay clean."""
    out = io.StringIO()
    with board_for(as_json=True, out=out) as board:
        board.begin("rec_1", 10, 0)
        board.advance(10)
        board.show(document("ready", 100))
        board.say("done")
    assert out.getvalue() == ""


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1536, "1.5 KiB"),
        (5 << 20, "5.0 MiB"),
        (3 << 30, "3.0 GiB"),
        (5 << 40, "5120.0 GiB"),
    ],
)
def test_sizes(count: int, text: str) -> None:
    """Bytes in the unit a person reads."""
    assert size(count) == text


@pytest.mark.parametrize(("seconds", "text"), [(None, "-"), (0.4, "0:00"), (59.6, "1:00"), (3723, "1:02:03")])
def test_lengths(seconds: float | None, text: str) -> None:
    """Seconds as a clock shows them."""
    assert length(seconds) == text


def test_text_from_outside_is_one_printable_line() -> None:
    """Escape sequences, line ends and bidirectional overrides lose their power."""
    assert clean("a\x1b]0;x\x07\r\n\u202eb ü") == "a ]0;x    b ü"
