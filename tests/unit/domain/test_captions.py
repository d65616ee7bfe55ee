"""Caption files as people have them, and the one kind that players get."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.domain import captions
from chalicelib.domain.caption_markup import clean_markup
from chalicelib.domain.caption_timing import clean_settings
from chalicelib.domain.captions import MAX_BYTES, Cue, read_captions, shifted, write_webvtt
from chalicelib.errors import Rejected

SRT = "1\n00:00:01,000 --> 00:00:02,500\nHello\n<i>world</i>\n\n2\n00:00:03,000 --> 00:00:04,000\n{\\an8}Above\n"
VTT = (
    "WEBVTT - A talk\nKind: captions\n\n1\n00:01.000 --> 00:02.500\nHello\n<i>world</i>\n\n"
    "00:03.000 --> 00:04.000 line:0\nAbove\n"
)
CUES = (Cue(1000, 2500, "Hello\n<i>world</i>"), Cue(3000, 4000, "Above", "line:0"))


@st.composite
def cues(draw: st.DrawFn) -> tuple[Cue, ...]:
    """Cues as they come out of a file: cleaned, by start."""
    found = []
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, 3_600_000))
        text = clean_markup(draw(st.text(min_size=1)))
        settings = clean_settings(
            draw(st.sampled_from(["", "line:0", "align:end position:5%", "vertical:lr size:40%"]))
        )
        if text:
            found.append(Cue(start, start + draw(st.integers(1, 60_000)), text, settings))
    return tuple(sorted(found, key=lambda cue: cue.start_ms))


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("text", [SRT, VTT], ids=["subrip", "webvtt"])
def test_both_formats(text: str, mark: str, line_end: str) -> None:
    """Whatever ends their lines, with a byte order mark or without."""
    assert read_captions((mark + text).replace("\n", line_end).encode()) == CUES


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-16-le"])
def test_utf_16(encoding: str) -> None:
    """Old editors' Unicode says by its first bytes what it is."""
    data = ("" if encoding == "utf-16" else "\ufeff") + SRT
    assert read_captions(data.encode(encoding)) == CUES


def test_what_is_no_cue_is_left_out() -> None:
    """Comments (also with arrows), styles, regions, identifiers, cues without a text or without a length."""
    text = (
        "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000\n\nSTYLE\n::cue(b) { background: url(//evil) }\n\n"
        "REGION\nid:fred\n\nNOTE from 1 --> 2\nof the author\n\nchapter one\n00:01.000 --> 00:02.000 region:fred\nA\n\n"
        "00:02.000 --> 00:02.000\nnever\n\n00:03.000 --> 00:04.000\n\n00:05.000 --> 00:06.000\n<i></i>\n\nstray words\n"
    )
    assert read_captions(text.encode()) == (Cue(1000, 2000, "A"),)


def test_sloppy_subrip() -> None:
    """Counters without a blank line before them, blank lines inside a text, numbers that are text, no counters."""
    text = (
        "1\n00:01,000 --> 00:02,000\nA\n2\n00:03,000 --> 00:04,000\nB\n \nC\n\n"
        "00:05,000 --> 00:06,000\n42\n\n00:07,000 --> 00:08,000\nD"
    )
    expected = (Cue(1000, 2000, "A"), Cue(3000, 4000, "B\nC"), Cue(5000, 6000, "42"), Cue(7000, 8000, "D"))
    assert read_captions(text.encode()) == expected


def test_cues_are_put_in_order_and_may_overlap() -> None:
    """By start; those that start together stay as they were."""
    text = "WEBVTT\n\n00:05.000 --> 00:09.000\nlate\n\n00:01.000 --> 00:07.000\nA\n\n00:01.000 --> 00:02.000\nB\n"
    expected = (Cue(1000, 7000, "A"), Cue(1000, 2000, "B"), Cue(5000, 9000, "late"))
    assert read_captions(text.encode()) == expected


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"", "captions_empty", "no captions"),
        (b"WEBVTT\n", "captions_empty", "no captions"),
        (b"\n \n", "captions_empty", "no captions"),
        (b"WEBVTT\n\n00:01.000 --> 00:02.000\n<b></b>\n", "captions_empty", "no captions"),
        (b"Dear all,\n", "captions_malformed", "neither WebVTT nor SubRip"),
        (b"WEBVTTX\n\n", "captions_malformed", "neither WebVTT nor SubRip"),
        (b"WEBVTT\n\n1\n0 --> 1\nA\n", "captions_malformed", "Line 4: these are no times"),
        (b"1\n00:00:01,000 --> 00:00:60,000\nA\n", "captions_malformed", "Line 2: these are no times"),
        (b"1\n00:00:05,000 --> 00:00:04,000\nA\n", "captions_malformed", "Line 2: it ends before it starts"),
        (b"WEBVTT\n\n13:00:00.000 --> 13:00:01.000\nA\n", "captions_malformed", "Line 3: it starts after 12:00:00.000"),
        ("WEBVTT\r\n\r\n00:01.000 --> 00:02.000\r\nCafé\r\n".encode("latin-1"), "captions_not_utf8", "Line 4"),
        ("\ufeffWEBVTT\n\u00e9".encode() + b"\xff", "captions_not_utf8", "Line 2"),
        (b"\xff\xfea", "captions_not_utf8", "UTF-16"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\nCaf\ufffd\n".encode(), "captions_not_utf8", "Line 4"),
        (b" " * (MAX_BYTES + 1), "captions_too_large", "2 MiB"),
    ],
)
def test_refusals_say_what_and_where(data: bytes, code: str, words: str) -> None:
    """A stable code, and the line to look at."""
    with pytest.raises(Rejected) as refused:
        read_captions(data)
    assert (refused.value.code, words in refused.value.detail) == (code, True), refused.value.detail


def test_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page keeps every cue of a track."""
    monkeypatch.setattr(captions, "MAX_CUES", 2)
    with pytest.raises(Rejected) as refused:
        read_captions(b"00:01 --> 00:02\nA\n\n" * 3)
    assert refused.value.code == "captions_too_large"


def test_the_length_a_recording_may_have() -> None:
    """What begins within it ends with it at the latest."""
    text = b"WEBVTT\n\n00:01.000 --> 99:00:00.000\nA\n"
    assert read_captions(text, max_duration_s=60) == (Cue(1000, 60_000, "A"),)


def test_what_players_get() -> None:
    """The exact text: a segment of HLS that maps its zero to the media's."""
    expected = (
        "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0\n\n"
        "00:00:01.000 --> 00:00:02.500\nHello\n<i>world</i>\n\n"
        "00:00:03.000 --> 00:00:04.000 line:0\nAbove\n"
    )
    assert expected == write_webvtt(CUES)


@given(cues().filter(bool))
def test_writing_and_reading_changes_nothing(given_: tuple[Cue, ...]) -> None:
    """Whatever the cues are."""
    assert read_captions(write_webvtt(given_).encode()) == given_


LINES = st.sampled_from(
    ["WEBVTT", "NOTE", "", " ", "1", "00:01.000 --> 00:02.000", "-->", "x", "<b>", "&", "\ufeff", "\0"]
)


@given(st.one_of(st.binary(), st.lists(LINES).map(lambda lines: "\n".join(lines).encode())))
@example(b"WEBVTT\n\n-->\n")
def test_any_bytes(data: bytes) -> None:
    """They are read, and what is written then reads the same; or they are refused. Nothing else happens."""
    try:
        found = read_captions(data)
    except Rejected:
        return
    assert read_captions(write_webvtt(found).encode()) == found


def test_moving_in_time() -> None:
    """What would end before 0 goes, what crosses it is cut."""
    moved = shifted((Cue(0, 500, "gone"), Cue(500, 1500, "cut"), Cue(3000, 4000, "moved")), -1000)
    assert moved == (Cue(0, 500, "cut"), Cue(2000, 3000, "moved"))
