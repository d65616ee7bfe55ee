"""What a track says of itself: language, title, purpose, length, pace. The probing child reads it, and nothing else."""

from __future__ import annotations

import itertools
import re
from fractions import Fraction
from typing import Any

LONGEST_TITLE = 80
GENERIC_NAMES = re.compile(
    r"handler|core media|apple|mainconcept|gpac|iso ?media|google|lavf|^(stereo|mono)$", re.IGNORECASE
)
"""Names that programs give to every track: no title."""
DEFAULT, COMMENTARY, DEAF, BLIND, CAPTIONS = 0x1, 0x8, 0x80, 0x100, 0x10000
"""FFmpeg's AV_DISPOSITION flags."""


def describe_role(stream: Any) -> dict[str, Any]:
    """Language, title and what the track is for; a file may claim anything, so all of it is bounded."""
    flags = int(stream.disposition)
    role = "commentary" if flags & COMMENTARY else "described" if flags & BLIND else ""
    language = str(stream.language or "")
    return {
        "language": language if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}", language) else "und",
        "title": title_of(stream.metadata),
        "default": bool(flags & DEFAULT),
        "role": "captions" if flags & (DEAF | CAPTIONS) else role,
    }


def title_of(tags: Any) -> str:
    """Title as a person gave it: one line, printable, bounded."""
    handler = str(tags.get("handler_name", ""))
    title = str(tags.get("title") or tags.get("name") or ("" if GENERIC_NAMES.search(handler) else handler))
    return " ".join("".join(c if c.isprintable() else " " for c in title).split())[:LONGEST_TITLE]


def matroska_length(tags: Any, start: Fraction, end: Fraction) -> Fraction:
    """Seconds from a track's first frame at `start` to its end, at most the file's `end`.

    Matroska's header knows the longest track only; its writers note each track's own end in a tag. mkvmerge and
    its like note a length instead.
    """
    clock = re.fullmatch(r"(\d{1,4}):(\d\d):(\d\d\.\d{1,9})", tags.get("DURATION", ""))
    if clock:
        hours, minutes, seconds = clock.groups()
        tagged = 3600 * int(hours) + 60 * int(minutes) + Fraction(seconds)
        end = min(end, tagged + start if "_STATISTICS_WRITING_APP" in tags else tagged)
    return max(end - start, Fraction(0))


def rate_of(stream: Any) -> Fraction:
    """Frames a second: the average, unless frames come unevenly, then the base rate; 0 when neither makes sense."""
    average, base = stream.average_rate, stream.base_rate
    rates = [Fraction(r) for r in (average, base) if r]
    if not rates:
        return Fraction(0)
    even = min(rates) * Fraction(105, 100) >= max(rates)
    return rates[0] if even else max(rates)


def start_of(stream: Any, frame: Any) -> int:
    """First presentation timestamp, in the stream's ticks."""
    if frame is not None and frame.pts is not None:
        return int(frame.pts)
    return int(stream.start_time or 0)


def is_unbroken(stream: Any) -> bool:
    """True when the file's own index shows equally long packets without a hole."""
    times = [entry.timestamp for entry in getattr(stream, "index_entries", ())]
    return len(times) > 1 and len({after - before for before, after in itertools.pairwise(times)}) == 1
