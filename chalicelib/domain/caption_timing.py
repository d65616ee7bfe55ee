"""The line `start --> end settings` of a cue, as WebVTT and SubRip write it."""

from __future__ import annotations

import re
from dataclasses import dataclass

ARROW = "-->"
_TIME = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{3}))?"
_LINE = re.compile(rf"[ \t]*{_TIME}[ \t]*-->[ \t]*{_TIME}(?:[ \t]+(.*))?", re.ASCII)
_PERCENT = r"(?:100(?:\.0{1,4})?|\d{1,2}(?:\.\d{1,4})?)%"
_SETTINGS = {
    "vertical": re.compile("rl|lr"),
    "line": re.compile(rf"(?:{_PERCENT}|-?\d{{1,3}})(?:,(?:start|center|end))?", re.ASCII),
    "position": re.compile(rf"{_PERCENT}(?:,(?:line-left|center|line-right))?", re.ASCII),
    "size": re.compile(_PERCENT, re.ASCII),
    "align": re.compile("start|center|end|left|right"),
}
"""WebVTT section 6.3, in the order we write them. Regions are left out: the pages that show cues have none."""
_SEXAGESIMAL = 60


@dataclass(frozen=True, slots=True)
class Timing:
    """When a cue shows, in milliseconds, and where: settings as WebVTT writes them."""

    start_ms: int
    end_ms: int
    settings: str = ""


def parse_timing(line: str) -> Timing | None:
    """Read a line that holds an arrow; None when it is not of that form."""
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    start, end = _milliseconds(*match.groups()[:4]), _milliseconds(*match.groups()[4:8])
    if start is None or end is None:
        return None
    return Timing(start, end, clean_settings(match[9] or ""))


def _milliseconds(hours: str | None, minutes: str, seconds: str, thousandths: str | None) -> int | None:
    if int(minutes) >= _SEXAGESIMAL or int(seconds) >= _SEXAGESIMAL:
        return None
    whole = (int(hours or 0) * _SEXAGESIMAL + int(minutes)) * _SEXAGESIMAL + int(seconds)
    return whole * 1000 + int(thousandths or 0)


def clean_settings(text: str) -> str:
    """Return the settings that mean something, each once, in a fixed order; like a browser, pass over the rest."""
    found: dict[str, str] = {}
    for word in text.split()[:32]:
        name, _, value = word.partition(":")
        value = "center" if (name, value) == ("align", "middle") else value  # its name in older files
        if name in _SETTINGS and _SETTINGS[name].fullmatch(value):
            found[name] = value
    return " ".join(f"{name}:{found[name]}" for name in _SETTINGS if name in found)


def timestamp(milliseconds: int) -> str:
    """Return `hh:mm:ss.ttt`."""
    seconds, thousandths = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, _SEXAGESIMAL)
    hours, minutes = divmod(minutes, _SEXAGESIMAL)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{thousandths:03}"
