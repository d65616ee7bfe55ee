"""Objects that nobody will ever name: of attempts that died before they wrote down what they had stored, for one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.keys import RECORDING_ID

if TYPE_CHECKING:
    from collections.abc import Iterable

AGE_S = 20 * 60
"""Longer than a worker may run: what is as old as that and not named yet never will be."""
_MADE = re.compile(
    rf"media/{RECORDING_ID.pattern}/"
    r"(?:[0-9a-f]+/[^/]+/[0-9]{5}-[0-9a-z]+\.(?:mp4|jpg)"  # chunks and sprites
    r"|[0-9a-f]+/poster-[0-9a-f]+\.jpg"
    r"|live/[^/]+/[0-9]{3}-[0-9]{8}-[0-9a-z]+-(?:[0-9]+\.m4s|init\.mp4))"  # a live segment's parts
)


_CAPTIONS = re.compile(
    rf"(media/{RECORDING_ID.pattern}/captions/[^/]+-[0-9a-f]{{16}}-[0-9a-z]{{10}})(?:\.vtt|-[0-9]+\.m3u8)"
)
"""A caption file and its playlists, which go by the file's name."""
_OF_A_VERSION = re.compile(rf"sources/{RECORDING_ID.pattern}/(?:prepared-|downloads/)([0-9a-f]+)(?:-.*)?")
"""What is made of one version of a source, beside it."""


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What a look at a recording's objects found: keys that can go, and whether some may still be left behind."""

    keys: tuple[str, ...]
    unsettled: bool


def replaced(listed: Iterable[tuple[str, float]], source_version: str, now: float) -> Leftovers:
    """Tell which of the `listed` objects beside a source were made of another version than the one that lies there."""
    found = ((key, at, _OF_A_VERSION.fullmatch(key)) for key, at in listed)
    others = [(key, at) for key, at, match in found if match and match[1] != source_version]
    return _settled(others, now)


def leftovers(listed: Iterable[tuple[str, float]], named: frozenset[str], now: float) -> Leftovers:
    """Tell which of the `listed` (key, Unix seconds of writing) are attempts' that no row has named in time.

    `unsettled` when one is not named yet and too young to tell. Playlists and whatever else has one name for all who
    write it are never among them.
    """
    return _settled([(key, at) for key, at in listed if (own := _own_name(key)) and own not in named], now)


def _own_name(key: str) -> str:
    """The name by which a row would know an attempt's object; empty for what is none."""
    captions = _CAPTIONS.fullmatch(key)
    if captions is not None:
        return f"{captions[1]}.vtt"
    return key if _MADE.fullmatch(key) else ""


def _settled(unnamed: list[tuple[str, float]], now: float) -> Leftovers:
    old = tuple(key for key, at in unnamed if now - at > AGE_S)
    return Leftovers(old, len(old) < len(unnamed))
