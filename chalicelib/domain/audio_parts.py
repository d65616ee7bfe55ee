"""Cutting one continuous stream of fragmented MP4 sound into the plan's chunks while it is being encoded."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from chalicelib.domain.codecs import codec_of_init
from chalicelib.domain.encoding import audio_chunk_of
from chalicelib.domain.fmp4 import Box, Fragment, check_contiguous, default_sample, parse_fragment, peek_box, timescale
from chalicelib.domain.job import ChunkResult, Segment
from chalicelib.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.domain.job import JobPlan


@dataclass(frozen=True, slots=True)
class AudioPart:
    """One chunk's object: init segment and fragments, and where they lie. The key is still to be given."""

    chunk: int
    body: bytes
    result: ChunkResult


class AudioCutter:
    """Takes bytes as they come, gives chunks as they are complete.

    Each chunk ends with the last fragment whose middle lies before the chunk's planned end, so that any two runs
    over the same stream cut alike.
    """

    def __init__(self, plan: JobPlan) -> None:
        self._plan = plan
        self._pending = bytearray()
        self._init = b""
        self._moof: tuple[Box, bytes] | None = None
        self._chunk = 0
        self._body = bytearray()
        self._fragments: list[Fragment] = []
        self._last: Fragment | None = None
        self.milliseconds = 0
        """Of sound taken so far."""

    def feed(self, data: bytes) -> Iterator[AudioPart]:
        """Yield the chunks that these bytes complete; raises Permanent("media_malformed") for broken output."""
        self._pending += data
        while (box := peek_box(self._pending)) is not None and box.end <= len(self._pending):
            whole = bytes(self._pending[: box.end])
            del self._pending[: box.end]
            yield from self._take(box, whole)

    def close(self) -> Iterator[AudioPart]:
        """Yield what is left, empty chunks included, once the stream has ended."""
        if not self._init or self._last is None or self._pending:
            raise Permanent("source_no_sound", "The sound of this file cannot be decoded.")
        while self._chunk < len(self._plan.chunks):
            yield self._cut()

    def _take(self, box: Box, whole: bytes) -> Iterator[AudioPart]:
        if box.kind in {b"ftyp", b"moov"}:
            self._init += whole
        elif box.kind == b"moof":
            self._moof = (box, whole)
        elif box.kind == b"mdat" and self._moof is not None:
            head, text = self._moof
            self._moof = None
            mdat = Box(b"mdat", head.end, head.end + box.body, head.end + box.end)
            yield from self._append(parse_fragment(text + whole, head, mdat, default_sample(self._init)), text + whole)

    def _append(self, fragment: Fragment, data: bytes) -> Iterator[AudioPart]:
        if self._last is not None:
            check_contiguous([self._last, fragment])
        self._last = fragment
        ticks = timescale(self._init)
        self.milliseconds = (fragment.start + fragment.duration) * 1000 // ticks
        middle = Fraction(2 * fragment.start + fragment.duration, 2 * ticks)
        while self._chunk < audio_chunk_of(self._plan, middle):
            yield self._cut()
        offset = len(self._init) + len(self._body)
        self._body += data
        self._fragments.append(replace(fragment, offset=offset))

    def _cut(self) -> AudioPart:
        body = self._init + bytes(self._body)
        fragments = self._fragments
        result = ChunkResult(
            key="",
            size=len(body) if fragments else 0,
            init_size=len(self._init),
            init_sha=hashlib.sha256(self._init).hexdigest()[:16],
            codec=codec_of_init(self._init),
            timescale=timescale(self._init),
            start=fragments[0].start if fragments else 0,
            segments=tuple(Segment(f.offset, f.size, f.duration, f.key_frame) for f in fragments),
            frames=sum(f.samples for f in fragments),
        )
        part = AudioPart(self._chunk, body, result)
        self._chunk += 1
        self._body, self._fragments = bytearray(), []
        return part
