"""Caption files: WebVTT and SubRip read, and written again as the one WebVTT that players get.

What comes out holds nothing but cues: no styles, regions, comments or identifiers, times in order, and text whose
markup `caption_markup` let through.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.caption_markup import clean_markup
from chalicelib.domain.caption_timing import ARROW, Timing, parse_timing, timestamp
from chalicelib.errors import BadRequest, TooLarge

if TYPE_CHECKING:
    from collections.abc import Sequence

MIME = "text/vtt"
MAX_BYTES = 2 * 1024 * 1024
MAX_CUES = 50_000
MAX_DURATION_S = 12 * 3600
_HEADER = "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0\n"
"""A5.3 wants the map in every segment. Our media begins at 0, so cue times are the media's (R 3.1.4)."""
_BREAK = re.compile("\r\n|\n|\r")
_SIGNATURE = re.compile(r"WEBVTT(?:[ \t].*)?")
_NO_CUES = re.compile(r"(?:NOTE|STYLE|REGION)(?:[ \t].*)?")
_OVERRIDE = re.compile(r"\{\\[^{}]{0,200}\}")
_TOP = re.compile(r"\{[^{}]{0,100}\\an[789][^{}]{0,100}\}")
_MARK = b"\xef\xbb\xbf"
_LOST = "\ufffd"


@dataclass(frozen=True, slots=True)
class Cue:
    """Text (WebVTT cue text, cleaned) shown from `start_ms` until `end_ms`; several may show at once."""

    start_ms: int
    end_ms: int
    text: str
    settings: str = ""


def read_captions(data: bytes, *, max_duration_s: int = MAX_DURATION_S) -> tuple[Cue, ...]:
    """Read a WebVTT or SubRip file of any line ending; returns its cues by start, those without a text left out.

    Raises TooLarge("captions_too_large"), or BadRequest with `captions_not_utf8`, `captions_malformed` (both name the
    line) or `captions_empty`.
    """
    if len(data) > MAX_BYTES:
        raise TooLarge("captions_too_large", f"A caption file may have up to {MAX_BYTES // 1024**2} MiB.")
    lines = _BREAK.split(_text(data))
    reader = _Reader(max_duration_s * 1000, webvtt=_SIGNATURE.fullmatch(lines[0]) is not None)
    for number, line in enumerate(lines, 1):
        reader.line(number, line)
    cues = reader.finish()
    if not cues and not reader.webvtt and any(line.strip() for line in lines):
        raise BadRequest("captions_malformed", f"Line 1: neither WebVTT nor SubRip: no line has times and {ARROW}.")
    if not cues:
        raise BadRequest("captions_empty", "The file holds no captions.")
    return tuple(sorted(cues, key=lambda cue: cue.start_ms))


def write_webvtt(cues: Sequence[Cue]) -> str:
    """Return a WebVTT file, fit to be an HLS segment; reading it gives the same cues."""
    return "\n".join([_HEADER, *(_block(cue) for cue in cues)])


def _block(cue: Cue) -> str:
    times = f"{timestamp(cue.start_ms)} {ARROW} {timestamp(cue.end_ms)} {cue.settings}".rstrip()
    return f"{times}\n{cue.text}\n"


def shifted(cues: Sequence[Cue], by_ms: int) -> tuple[Cue, ...]:
    """Move cues in time; what would show before 0 is cut there."""
    moved = (Cue(max(0, c.start_ms + by_ms), c.end_ms + by_ms, c.text, c.settings) for c in cues)
    return tuple(cue for cue in moved if cue.end_ms > cue.start_ms)


def _text(data: bytes) -> str:
    """Decode UTF-8, or UTF-16 that says so; raises BadRequest("captions_not_utf8") with the line."""
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = data.decode("utf-16") if wide else data.removeprefix(_MARK).decode()
    except UnicodeDecodeError as error:
        before = data.removeprefix(_MARK)[: error.start].decode("latin-1")
        raise _not_utf8(0 if wide else 1 + len(_BREAK.findall(before))) from None
    # A gateway that takes bodies for text has put this sign where the bytes were none.
    if _LOST in text:
        raise _not_utf8(1 + len(_BREAK.findall(text[: text.index(_LOST)])))
    return text


def _not_utf8(line: int) -> BadRequest:
    where = f"Line {line}: there are letters here that are not UTF-8." if line else "The file is not valid UTF-16."
    return BadRequest("captions_not_utf8", f"{where} Save the file with the encoding UTF-8 and send it again.")


class _Reader:
    """Takes lines in order and gathers cues; as forgiving as browsers and players are, but for times."""

    def __init__(self, limit_ms: int, *, webvtt: bool) -> None:
        self.webvtt = webvtt
        self._limit_ms = limit_ms
        self._cues: list[Cue] = []
        self._timing: Timing | None = None
        self._text: list[str] = []
        self._fresh = True
        """A block begins here: the line before was blank, or there was none."""
        self._comment = False

    def line(self, number: int, line: str) -> None:
        """Take one line."""
        blank = not line if self.webvtt else not line.strip()
        if self._fresh:
            self._comment = self.webvtt and _NO_CUES.fullmatch(line) is not None
        if ARROW in line and self._begin(number, line):
            return
        if blank:
            if self.webvtt:
                self._end()
            self._fresh = True
            return
        if self._timing:
            self._text.append(line)
        self._fresh = False

    def finish(self) -> list[Cue]:
        """Return all cues."""
        self._end()
        return self._cues

    def _begin(self, number: int, line: str) -> bool:
        timing = parse_timing(line)
        if timing is None and (self._comment or (number == 1 and self.webvtt)):
            return False
        if timing is None:
            raise BadRequest(
                "captions_malformed",
                f"Line {number}: these are no times; they look like 00:01:02.500 --> 00:01:04.000.",
            )
        if timing.end_ms < timing.start_ms:
            raise BadRequest("captions_malformed", f"Line {number}: it ends before it starts.")
        if timing.start_ms >= self._limit_ms:
            raise BadRequest(
                "captions_malformed",
                f"Line {number}: it starts after {timestamp(self._limit_ms)}, the longest that a recording may be.",
            )
        # SubRip's counter, in files that have no blank line before it.
        if self._text and not self._fresh and not self.webvtt and self._text[-1].strip().isdecimal():
            self._text.pop()
        self._end()
        self._timing, self._fresh = timing, False
        return True

    def _end(self) -> None:
        timing, text = self._timing, "\n".join(self._text)
        self._timing, self._text = None, []
        if timing is None:
            return
        settings = timing.settings
        if not self.webvtt:
            settings = "line:0" if _TOP.search(text) else ""
            text = _OVERRIDE.sub("", text)
        text = clean_markup(text)
        end_ms = min(timing.end_ms, self._limit_ms)
        if not text or end_ms <= timing.start_ms:
            return
        if len(self._cues) == MAX_CUES:
            raise TooLarge("captions_too_large", f"A caption file may have up to {MAX_CUES} captions.")
        self._cues.append(Cue(timing.start_ms, end_ms, text, settings))
