"""What a deleted recording leaves where no list of objects and rows reaches: edges' caches, parts of uploads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from chalicelib.domain.keys import media_prefix, source_prefix

if TYPE_CHECKING:
    from chalicelib.services.ports import Clock

_SAME_S = 900
"""What is asked twice in this time is one question; later there may be something new to forget."""


class Edge(Protocol):
    """The CDN's caches."""

    def forget(self, paths: str, reference: str) -> None:
        """Have all that is kept below `paths` (`/media/ID/*`) dropped; the same reference again asks for nothing more.

        Raises Transient while too many others are under way.
        """


class Unfinished(Protocol):
    """Multipart uploads of one bucket that nobody has completed; their parts are in no list of objects."""

    def abort_below(self, prefix: str) -> None:
        """Drop the parts of all whose keys begin so; quiet when there are none."""


@dataclass(frozen=True, slots=True)
class Traces:
    """Every step may run twice."""

    edge: Edge | None
    """None where no CDN stands before the media."""
    source: Unfinished
    media: Unfinished
    clock: Clock

    def purge(self, recording_id: str, *, final: bool) -> None:
        """Remove them, once the objects are gone: an edge that asks again must find nothing. Raises Transient."""
        self.source.abort_below(source_prefix(recording_id))
        self.media.abort_below(media_prefix(recording_id))
        if self.edge is not None:
            when = int(self.clock.now() // _SAME_S)
            reference = f"{recording_id}-{'final' if final else 'first'}-{when}"
            self.edge.forget(f"/{media_prefix(recording_id)}*", reference)
