"""Text from people, made safe to store and show; letters of every script stay as they are."""

from __future__ import annotations

import re
import unicodedata

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that reorder what follows: `gpj.exe` shown backwards. Right-to-left letters need none of them."""
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,62}/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}")


def one_line(text: str) -> str:
    """Return NFC text on one line: runs of blanks become one, control and reordering characters go.

    Raises ValueError for half a surrogate pair, which no encoder can write.
    """
    spaced = "".join(" " if c.isspace() else c for c in unicodedata.normalize("NFC", text))
    kept = "".join(c for c in spaced if c not in _BIDI and unicodedata.category(c) != "Cc")
    if any(unicodedata.category(c) == "Cs" for c in kept):
        raise ValueError("not valid Unicode")
    return " ".join(kept.split())


def base_name(path: str) -> str:
    """Return the last part of a path of any system as one inert line; empty when it names a folder."""
    name = one_line(re.split(r"[/\\]", path)[-1])
    return "" if name in {".", ".."} else name


def media_type(text: str) -> str:
    """Return `type/subtype` in lower case without parameters, `application/octet-stream` for empty text.

    Raises ValueError for text of another shape.
    """
    bare = text.split(";", 1)[0].strip().lower()
    if not bare:
        return "application/octet-stream"
    if _MEDIA_TYPE.fullmatch(bare) is None:
        raise ValueError("not a media type such as video/mp4")
    return bare
