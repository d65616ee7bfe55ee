"""Packaging one ingested segment: from the object an encoder sent to the objects that players fetch, in memory."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from chalicelib.domain.live.inspection import begins_before_zero, observed, read_picture, read_sound
from chalicelib.domain.live.ladder import can_copy
from chalicelib.domain.live.offsets import demuxer_delay_s, shown_earlier
from chalicelib.domain.live.packaging import (
    WRAP_S,
    Cut,
    encode_command,
    remux_command,
    silence_command,
    sound_command,
    streams_command,
)
from chalicelib.domain.live.splitting import UNDECODABLE, Packed, split_picture, split_sound, verify_rung
from chalicelib.domain.live.stream import Container
from chalicelib.errors import Permanent, Transient

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from chalicelib.domain.job import Rendition
    from chalicelib.domain.live.inspection import Picture, Sound
    from chalicelib.domain.live.ladder import Observed
    from chalicelib.services.ports import Beat, Encoder


@dataclass(slots=True)
class Bench:
    """Where one segment is worked on: a folder of its own, and an FFmpeg under limits. `cpu_s` adds up."""

    encoder: Encoder
    folder: Path
    container: Container
    beat: Beat
    timeout_s: float
    threads: int = 2
    cpu_s: float = 0.0
    shift_s: Fraction | None = None

    def look(self, body: bytes) -> Look:
        """Take a segment apart and read it; raises Permanent with the reason when it is none that we take."""
        source = self.folder / "ingested"
        source.write_bytes(body)
        picture = self._remuxed(source)
        if begins_before_zero(picture):
            # The last minute before MPEG-TS's clock begins anew: FFmpeg counts it down to zero.
            self.shift_s = WRAP_S
            picture = self._remuxed(source)
        delay_s = demuxer_delay_s(body) if self.container is Container.FMP4 else Fraction(0)
        if delay_s:
            picture = shown_earlier(picture, delay_s)
            (self.folder / "picture.mp4").write_bytes(picture)
        try:
            return Look(self, read_picture(picture), read_sound((self.folder / "sound.mp4").read_bytes()))
        except (struct.error, IndexError, ValueError, ArithmeticError) as error:
            # Descriptions are the encoder's own, and may say anything.
            raise Permanent("media_malformed", f"The segment describes itself wrongly: {error!r}") from None

    def _remuxed(self, source: Path) -> bytes:
        picture, sound = self.folder / "picture.mp4", self.folder / "sound.mp4"
        shift = {"shift_s": self.shift_s} if self.shift_s else {}
        command = remux_command(self.container, source=str(source), picture=str(picture), sound=str(sound), **shift)
        try:
            self.run(command)
        except Permanent:
            self._explain(source)
            raise
        return picture.read_bytes()

    def _explain(self, source: Path) -> None:
        """Raise Permanent with the reason for a segment that could not be remuxed, when its streams tell."""
        listed = bytearray()
        command = streams_command(self.container, source=str(source))
        try:
            self.cpu_s += self.encoder.run_to_pipe(
                command, timeout_s=self.timeout_s, beat=self.beat, take=listed.extend
            )
        except Transient:
            return
        codecs = [line.rpartition(": ")[2] for line in listed.decode().splitlines() if line.startswith("#codec_id")]
        kinds = [line.rpartition(": ")[2] for line in listed.decode().splitlines() if line.startswith("#media_type")]
        streams = list(zip(kinds, codecs, strict=False))
        if "video" not in kinds:
            raise Permanent("video_missing", "The segment has no picture.")
        for kind, codec in streams:
            if kind == "audio" and codec != "aac":
                raise Permanent("audio_codec_refused", f"The sound must be AAC, not {codec}.")

    def run(self, command: Sequence[str]) -> None:
        """Run FFmpeg; raises Permanent("not_decodable") when it gives up on what it was given."""
        try:
            self.cpu_s += self.encoder.run_to_file(command, timeout_s=self.timeout_s, beat=self.beat)
        except Transient as error:
            # A signal ended it: that is us, or the machine.
            if error.code != "encode_interrupted" or error.detail.startswith("FFmpeg ended with -"):
                raise
            raise Permanent(UNDECODABLE, f"The segment cannot be read. {error.detail[:200]}") from None


@dataclass(frozen=True, slots=True)
class Look:
    """A segment taken apart on its bench."""

    bench: Bench
    picture: Picture
    sound: Sound | None

    @property
    def facts(self) -> Observed:
        """What a ladder is planned from."""
        return observed(self.picture, self.sound)

    def cut(self, target_s: int) -> Cut:
        """Into how many parts it must be cut."""
        longest = max(self.picture.duration_s, self.sound.duration_s if self.sound else self.picture.duration_s)
        return Cut.of(self.picture.start_s, self.picture.duration_s, longest, target_s)

    def pack(self, renditions: Sequence[Rendition], target_s: int) -> list[Packed]:
        """Make all renditions, in their order. Raises Permanent when they cannot be made of this segment."""
        cut = self.cut(target_s)
        facts = self.facts
        copied = {r.id for r in renditions if r.copy and r.kind == "video" and cut.parts == 1 and can_copy(r, facts)}
        encoded = [r for r in renditions if r.kind == "video" and r.id not in copied]
        paths = {r.id: self.bench.folder / f"rung{index}.mp4" for index, r in enumerate(encoded)}
        picture = self.bench.folder / "picture.mp4"
        if encoded:
            outputs = [str(paths[rung.id]) for rung in encoded]
            threads = self.bench.threads
            command = encode_command(self.picture, encoded, cut, source=str(picture), outputs=outputs, threads=threads)
            self.bench.run(command)
        made = []
        for rendition in renditions:
            if rendition.kind == "audio":
                made.append(split_sound(rendition, self._sound_file(cut), cut))
                continue
            packed = split_picture(rendition, (paths.get(rendition.id) or picture).read_bytes(), cut)
            if rendition.id in paths:
                verify_rung(self.picture, rendition, packed)
            made.append(packed)
        return made

    def _sound_file(self, cut: Cut) -> bytes:
        """The sound as it came; silence where a programme with sound has none; finer fragments where it is cut."""
        bench, path = self.bench, self.bench.folder / "sound.mp4"
        if self.sound is None:
            bench.run(silence_command(cut, output=str(path)))
        elif cut.parts > 1:
            shift = {"shift_s": bench.shift_s} if bench.shift_s else {}
            source = str(bench.folder / "ingested")
            bench.run(sound_command(bench.container, source=source, sound=str(path), **shift))
        return path.read_bytes()
