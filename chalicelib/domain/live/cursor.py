"""Where a live programme stands: what the next segment is measured against, and the entries it becomes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from chalicelib.domain.live.entry import DECIMALS, Entry, sound_of
from chalicelib.domain.live.keys import init_name, part_name
from chalicelib.domain.stored import known

if TYPE_CHECKING:
    from chalicelib.domain.live.packaged import PackagedSegment

TOLERANCE_S = Fraction(1, 10)
"""Media time that is further off does not continue; less is a frame that the encoder dropped."""
LONGEST_GAP = 30
"""Numbers, or target durations, that can be missing. Whatever jumps further has begun anew."""
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Cursor:
    """The end of what is listed. `anchor_*`, `picture_s` and `sound_s` begin anew at each discontinuity."""

    msn: int = 0
    """Of the next entry."""
    run: int = -1
    next_n: int = 0
    end_s: Fraction = Fraction(0)
    """Media time in the run's clock."""
    fingerprint: str = ""
    init: str = ""
    anchor_s: Fraction = Fraction(0)
    """Media time of the first frame after the discontinuity."""
    anchor_pdt: float = 0.0
    """When that frame was captured."""
    picture_s: Fraction = Fraction(0)
    """Exact seconds listed."""
    sound_s: Fraction = Fraction(0)
    has_sound: bool = False

    @property
    def fresh(self) -> bool:
        """True before the first entry."""
        return self.msn == 0

    def joins(self, segment: PackagedSegment) -> bool:
        """True when the segment goes on where the list ends, seen by its media time."""
        return segment.run == self.run and abs(segment.start_s - self.end_s) <= TOLERANCE_S

    def missing_s(self, segment: PackagedSegment, target_s: int) -> Fraction:
        """Return the seconds lost before a segment of the same run; 0 for none, or when it has begun anew."""
        missing = segment.start_s - self.end_s
        if segment.run != self.run or not 0 < segment.n - self.next_n <= LONGEST_GAP:
            return Fraction(0)
        return missing if TOLERANCE_S < missing <= LONGEST_GAP * target_s else Fraction(0)

    def after_gap(self, seconds: Fraction, target_s: int) -> tuple[Cursor, list[Entry]]:
        """List lost time as pieces of equal length; the sound catches up with the picture."""
        count = -(-seconds // target_s)
        sound = self.picture_s + seconds - self.sound_s
        if abs(sound - seconds) > TOLERANCE_S / 2:
            sound = seconds
        cursor, entries = self, list[Entry]()
        for _ in range(count):
            cursor, entry = cursor.listed(seconds / count, sound / count if self.has_sound else Fraction(0))
            entries.append(replace(entry, part=len(entries), name=f"gap-{entry.msn}.m4s", gap=True))
        return replace(cursor, end_s=self.end_s + seconds), entries

    def after(self, segment: PackagedSegment) -> tuple[Cursor, list[Entry]]:
        """List a segment, behind a discontinuity unless run, parameters and media time continue."""
        cut = not self.joins(segment) or segment.fingerprint != self.fingerprint
        sound = sound_of(segment)
        cursor = replace(
            self._anchored(segment) if cut else self,
            run=segment.run,
            next_n=segment.n,
            end_s=segment.start_s,
            fingerprint=segment.fingerprint,
            # Workers that were at it side by side have each stored an init segment: they are all alike.
            init=init_name(segment.init_stem) if cut else self.init,
            has_sound=sound is not None,
        )
        entries = list[Entry]()
        for part, piece in enumerate(segment.video.pieces):
            cursor, entry = cursor.listed(piece.duration_s, sound.pieces[part].duration_s if sound else Fraction(0))
            first = cut and not part and not self.fresh
            entries.append(replace(entry, part=part, name=part_name(segment.stem, part), discontinuity=first))
        return replace(cursor, next_n=segment.n + 1), entries

    def _anchored(self, segment: PackagedSegment) -> Cursor:
        """Begin a new stretch; a capture time that cannot be true gives way to that of the arrival."""
        pdt = segment.pdt
        if not abs(segment.received_at - pdt) <= _DAY_S:
            pdt = segment.received_at - float(segment.duration_s)
        anchored = {"anchor_s": segment.start_s, "anchor_pdt": pdt, "picture_s": Fraction(0), "sound_s": Fraction(0)}
        return replace(self, **anchored)  # type: ignore[arg-type]  # names and types are those of the fields

    def listed(self, picture_s: Fraction, sound_s: Fraction) -> tuple[Cursor, Entry]:
        """Move on by one entry. Durations are differences of rounded times: nothing adds up to a drift (A8.1)."""
        after = replace(
            self,
            msn=self.msn + 1,
            end_s=self.end_s + picture_s,
            picture_s=self.picture_s + picture_s,
            sound_s=self.sound_s + sound_s,
        )
        entry = Entry(
            msn=self.msn,
            run=self.run,
            n=self.next_n,
            part=0,
            name="",
            init=self.init,
            duration_s=round(after.picture_s, DECIMALS) - round(self.picture_s, DECIMALS),
            audio_s=round(after.sound_s, DECIMALS) - round(self.sound_s, DECIMALS),
            pdt=round(self.anchor_pdt + float(self.end_s - self.anchor_s), 3),
        )
        return after, entry

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; fractions as "n/d"."""
        values = ((name, getattr(self, name)) for name in self.__slots__)
        return {name: str(value) if isinstance(value, Fraction) else value for name, value in values}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Cursor:
        """Read what `to_dict` wrote."""
        fractions = {name: Fraction(data[name]) for name in ("end_s", "anchor_s", "picture_s", "sound_s")}
        return cls(**(known(cls, data) | fractions))
