"""Every playlist ever published is held to the rules at that moment; what one names must not be removed."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chalicelib.domain.keys import RECORDING_ID
from chalicelib.domain.recording import RecordingStatus

if TYPE_CHECKING:
    from simulation.world import World

_URI = re.compile(r'URI="([^"]+)"')
_MEDIA = re.compile(rf"media/({RECORDING_ID.pattern})/")
_RANGE = re.compile(r"(\d+)@(\d+)")
END = "#EXT-X-ENDLIST\n"
SEQUENCE, CUTS = "#EXT-X-MEDIA-SEQUENCE:", "#EXT-X-DISCONTINUITY-SEQUENCE:"


@dataclass
class Seen:
    """One playlist as it was last, and the places it showed: by media sequence number what stood there."""

    text: str = ""
    named: frozenset[str] = frozenset()
    places: dict[int, tuple[str, str]] = field(default_factory=dict)
    first: int = 0
    cuts: int = 0


class Playlists:
    """Watches the media bucket of a world."""

    def __init__(self, world: World) -> None:
        """Begin to watch."""
        self._world = world
        self._media = world.stores.media
        self._seen: dict[str, Seen] = {}
        self._named: Counter[str] = Counter()
        self.published = 0
        self._media.landed = self._landed
        self._media.gone = self._gone

    def _wrong(self, key: str, what: str) -> None:
        self._world.defects.append(f"{key.rpartition('/')[2]} {what}")

    def _landed(self, key: str, body: bytes) -> None:
        if not key.endswith((".m3u8", ".vtt")) or not self._is_shown(key):
            return
        self.published += 1
        text, seen = body.decode(), self._seen.setdefault(key, Seen())
        named = self._read(key, text, seen)
        for name in named:
            if name not in self._media.bodies:
                self._wrong(key, f"names {name}, which is not there")
        self._named.update(named)
        self._named.subtract(seen.named)
        seen.text, seen.named = text, frozenset(named)

    def _is_shown(self, key: str) -> bool:
        """False for what is being deleted: nobody is let in any more, and it goes with the rest."""
        found = _MEDIA.match(key)
        row = self._world.stores.recordings.rows.get(found[1]) if found else None
        return row is not None and row.status is not RecordingStatus.DELETING

    def _read(self, key: str, text: str, seen: Seen) -> set[str]:
        """Hold it to the rules of its kind, and to what it said before; returns the keys that it names."""
        if key.endswith(".vtt"):
            return {self._beside(key, name) for name in re.findall(r"^(\S+)#xywh=", text, re.MULTILINE)}
        if "#EXT-X-STREAM-INF" in text or "#EXT-X-MEDIA:" in text:
            return self._multivariant(key, text)
        named = self._ranges(key, text)
        if key.endswith("/live.m3u8"):
            self._slides(key, seen, text)
        elif key.endswith("/recording.m3u8"):
            # Until the stream is finished a late segment may still come into it.
            if not seen.named <= named:
                self._wrong(key, "takes segments back")
        elif seen.text and not text.startswith(seen.text.removesuffix(END)):
            self._wrong(key, "does not go on from what it said before")
        return named

    def _gone(self, key: str) -> None:
        seen = self._seen.pop(key, None)
        if seen is not None:
            self._named.subtract(seen.named)
        wanted = self._is_shown(key)
        if wanted and self._named[key] > 0:
            self._wrong(key, "was removed while a playlist names it")
        if wanted and seen is not None:
            self._wrong(key, "was removed though its recording is there")

    def _beside(self, key: str, name: str) -> str:
        return name[1:] if name.startswith("/") else f"{key.rpartition('/')[0]}/{name}"

    def _multivariant(self, key: str, text: str) -> set[str]:
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        if not lines:
            self._wrong(key, "has no variant")
        if len(set(lines)) < len(lines):
            self._wrong(key, "names a variant twice")
        return {self._beside(key, name) for name in (*lines, *_URI.findall(text))}

    def _ranges(self, key: str, text: str) -> set[str]:
        """A media or I-frame playlist by itself: lengths within the target, byte ranges within objects."""
        target, duration, span = 0, 0.0, ""
        named: set[str] = set()
        if not text.startswith("#EXTM3U\n") or text.count("#EXT-X-ENDLIST") > 1:
            self._wrong(key, "is malformed")
        for line in text.splitlines():
            if line.startswith("#EXT-X-TARGETDURATION:"):
                target = int(line.partition(":")[2])
            elif line.startswith("#EXTINF:"):
                duration = float(line.partition(":")[2].partition(",")[0])
                if int(duration + 0.5) > target:
                    self._wrong(key, f"has a segment of {duration} s, the target is {target}")
            elif line.startswith("#EXT-X-BYTERANGE:"):
                span = line.partition(":")[2]
            elif line.startswith("#EXT-X-MAP:"):
                uri = _URI.search(line)
                assert uri is not None
                inner = _RANGE.search(line)
                named.add(self._within(key, uri[1], inner[0] if inner else ""))
            elif line and not line.startswith("#") and "gap-" not in line:
                named.add(self._within(key, line, span))
                span = ""
        return named

    def _within(self, key: str, name: str, span: str) -> str:
        """The key that a line names; its byte range must lie in the object."""
        found, body = _RANGE.match(span), self._media.bodies.get(self._beside(key, name), b"")
        if found and int(found[1]) + int(found[2]) > len(body):
            self._wrong(key, f"reaches beyond the end of {name}")
        return self._beside(key, name)

    def _slides(self, key: str, seen: Seen, text: str) -> None:
        """A live playlist: numbers only rise, what stood at a number stays, and nothing follows its end."""
        lines = text.splitlines()
        first, cuts = _number(lines, SEQUENCE), _number(lines, CUTS)
        if seen.text.endswith(END) and seen.text != text:
            self._wrong(key, "goes on after its end")
        if first < seen.first or cuts < seen.cuts:
            self._wrong(key, f"goes back from {seen.first}, {seen.cuts} to {first}, {cuts}")
        places = _places(lines, first, cuts)
        for msn, said in places.items():
            if seen.places.setdefault(msn, said) != said:
                self._wrong(key, f"says {said} at {msn}, where it said {seen.places[msn]}")
        if max(places, default=0) < max(seen.places, default=0):
            self._wrong(key, "ends earlier than before")
        seen.first, seen.cuts = first, cuts


def _number(lines: list[str], tag: str) -> int:
    return next((int(line.removeprefix(tag)) for line in lines if line.startswith(tag)), 0)


def _places(lines: list[str], first: int, cuts: int) -> dict[int, tuple[str, str]]:
    """What stands at each media sequence number: its name, and its tags with its discontinuity number.

    The first of a window may have lost its discontinuity tag to the sequence.
    """
    places: dict[int, tuple[str, str]] = {}
    tags: list[str] = []
    for line in lines:
        if line == "#EXT-X-DISCONTINUITY":
            cuts += 1
        elif line.startswith(("#EXTINF", "#EXT-X-GAP", "#EXT-X-PROGRAM")):
            tags.append(line)
        elif line and not line.startswith("#"):
            places[first + len(places)] = (line, f"{' '.join(tags)} {cuts}")
            tags = []
    return places
