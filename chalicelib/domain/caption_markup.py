"""The text of a cue: which markup is kept, and everything else made harmless. Players put the result into a page.

WebVTT = W3C Recommendation track, section 4.2.2. Kept: b i u c v lang ruby rt, with their classes. Any other tag goes
and leaves its content; what only looks like a tag is text.
"""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass, field

from chalicelib.domain.languages import normalised

MAX_DEPTH = 12
"""Tags inside each other; what lies deeper loses its markup, not its text."""
MAX_CLASSES = 4
MAX_SPEAKER_CHARS = 100
# Possessive repeats: no input makes them look at a character twice.
_TAG = re.compile(r"<(/?+)([A-Za-z]++)((?:\.[^\s.<>&]++)*+)(?:[ \t\n/]++([^<>]*+))?+>|<\d[\d:.]*+>")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_CLASS = re.compile(r"[A-Za-z0-9_-]{1,32}")
_PLAIN = frozenset({"b", "i", "u", "c", "ruby"})


def clean_markup(text: str) -> str:
    """Return a cue's text in the one form we write: known tags, nested and closed, all else escaped; no empty lines.

    Empty when there is nothing to read. Cleaning what was cleaned changes nothing.
    """
    writer = _Writer()
    at = 0
    for match in _TAG.finditer(text):
        writer.text(text[at : match.start()])
        closing, name, classes, annotation = match.groups()
        if name and closing:
            writer.end(name.lower())
        elif name:
            writer.start(name.lower(), classes, annotation or "")
        at = match.end()
    writer.text(text[at:])
    return writer.finish()


@dataclass(slots=True)
class _Writer:
    """Puts tags and text together so that every tag that is opened is closed, innermost first."""

    parts: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    visible: bool = False

    def text(self, raw: str) -> None:
        """Add text as it stands in a file: entities decoded, then only & < > written as such."""
        plain = _printable(_decoded(raw))
        self.visible = self.visible or bool(plain.strip())
        self.parts.append(html.escape(plain, quote=False))

    def start(self, name: str, classes: str, annotation: str) -> None:
        """Open a tag if it is one of those that are kept."""
        note = _annotation(name, annotation)
        allowed = name in _PLAIN or note or (name == "rt" and self.open[-1:] == ["ruby"])
        if not allowed or len(self.open) >= MAX_DEPTH:
            return
        kept = [part for part in classes.split(".") if _CLASS.fullmatch(part)][:MAX_CLASSES]
        self.open.append(name)
        self.parts.append(f"<{'.'.join([name, *kept])}{note}>")

    def end(self, name: str) -> None:
        """Close the innermost tag of that name with all that is open in it; quiet when there is none."""
        while name in self.open:
            last = self.open.pop()
            self.parts.append(f"</{last}>")
            if last == name:
                return

    def finish(self) -> str:
        """Close what is open; return the text without blank lines and without blanks around lines."""
        if not self.visible:
            return ""
        self.parts += [f"</{name}>" for name in reversed(self.open)]
        lines = (line.strip() for line in "".join(self.parts).split("\n"))
        return "\n".join(line for line in lines if line)


def _annotation(name: str, raw: str) -> str:
    """Return what stands behind a tag's name, with its blank: a speaker or a language; empty for other tags."""
    words = " ".join(_printable(_decoded(raw)).split())
    if name == "v" and words:
        return " " + html.escape(words[:MAX_SPEAKER_CHARS].strip(), quote=False)
    if name == "lang":
        try:
            return " " + normalised(words)
        except ValueError:
            return ""
    return ""


def _decoded(raw: str) -> str:
    """Resolve character references; one that means a line break is a blank."""
    return _ENTITY.sub(lambda match: " ".join(html.unescape(match[0]).split("\n")), raw)


def _printable(text: str) -> str:
    """Drop control characters but line breaks, and half surrogate pairs, which no encoder can write."""
    kept = (c for c in text.replace("\t", " ") if c == "\n" or unicodedata.category(c) not in {"Cc", "Cs"})
    return "".join(kept)
