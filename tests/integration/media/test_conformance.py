"""What a finished recording publishes, held to HLS by readers that did not write it (docs/hls.md)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import httpx
import m3u8
import pytest
from support import cmaf
from support.conformance import Listed, average, decoded, peak, read_strictly
from support.http_files import serve
from support.media import RECORDING_ID
from support.pipeline import ROOT, Pipeline

from chalicelib.domain.keys import master_key
from chalicelib.domain.recording import RecordingStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MIME = "application/vnd.apple.mpegurl"
NTSC = Fraction(30_000, 1001)
TICK = Fraction(1, 100_000)
"""The last digit of EXTINF."""
SOUND = ["-c:a", "aac", "-ac", "2"]
PICTURE = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]


@dataclass(frozen=True)
class Sample:
    """A source: how it is made (nothing: the clip that is checked in), how long it is, and its rungs' frame rates."""

    arguments: tuple[str, ...]
    seconds: Fraction
    rates: tuple[Fraction, ...] = ()
    languages: tuple[str, ...] = ()
    suffix: str = "mp4"


SAMPLES = {
    "clip": Sample((), Fraction(132, 25), (Fraction(25),), ("und",)),
    # 29.97 fps and 23.976 beneath, and sound that ends before the picture does.
    "ntsc": Sample(
        (
            *("-f", "lavfi", "-i", "color=gray:s=1920x1080:r=30000/1001,trim=end_frame=145"),
            *("-f", "lavfi", "-i", "sine=440:r=44100:d=3", *PICTURE, *SOUND),
        ),
        145 / NTSC,
        (NTSC, NTSC * 4 / 5),
        ("und",),
    ),
    "languages": Sample(
        (
            *("-f", "lavfi", "-i", "testsrc2=s=320x180:r=30:d=5", "-f", "lavfi", "-i", "sine=440:r=48000:d=5"),
            *("-f", "lavfi", "-i", "sine=880:r=48000:d=4", "-map", "0:v", "-map", "1:a", "-map", "2:a"),
            *("-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=deu", *PICTURE, *SOUND),
        ),
        Fraction(5),
        (Fraction(24),),
        ("en", "de"),
    ),
    "silent": Sample(("-f", "lavfi", "-i", "testsrc2=s=320x180:r=24:d=5", *PICTURE), Fraction(5), (Fraction(24),)),
    "sound": Sample(("-f", "lavfi", "-i", "sine=440:r=48000:d=5", *SOUND), Fraction(5), suffix="m4a"),
}
SEEN = ["clip", "ntsc", "languages", "silent"]
HEARD = ["clip", "ntsc", "languages", "sound"]
BOTH = ["clip", "ntsc", "languages"]


class Published:
    """One finished recording behind a loopback address."""

    def __init__(self, sample: Sample, pipeline: Pipeline, url: str, client: httpx.Client) -> None:
        self.sample = sample
        self.pipeline = pipeline
        self.url = f"{url}{master_key(RECORDING_ID)}"
        self.master = read_strictly(self.url)
        self.listed = {uri: Listed(facts, client) for uri, facts in self.master["playlists"].items()}
        self.variants: list[dict[str, Any]] = self.master["variants"]

    def of(self, entries: list[dict[str, Any]]) -> list[Listed]:
        """The playlists of some entries."""
        return [self.listed[entry["uri"]] for entry in entries]

    @property
    def rungs(self) -> list[dict[str, Any]]:
        """Variants with a picture."""
        return [v for v in self.variants if v["size"] and not v["iframes"]]

    @property
    def iframes(self) -> list[dict[str, Any]]:
        """Key frames of the rungs."""
        return [v for v in self.variants if v["iframes"]]

    @property
    def sounds(self) -> list[Listed]:
        """Audio renditions, grouped or alone."""
        uris = {s["uri"] for s in self.master["sounds"]}
        return [self.listed[uri] for uri in uris | {v["uri"] for v in self.variants if not v["size"]}]

    @property
    def streams(self) -> list[Listed]:
        """Everything that plays, key frames left out."""
        return [*self.of(self.rungs), *self.sounds]


@pytest.fixture(scope="module")
def publish(
    make_source: Callable[..., bytes], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Published]]:
    """Encode a sample, once, and serve what comes out."""
    made: dict[str, Published] = {}
    servers: list[Any] = []

    def finish(name: str) -> Published:
        if name not in made:
            made[name] = _publish(SAMPLES[name])
        return made[name]

    def _publish(sample: Sample) -> Published:
        # superfast is the first preset that makes H.264 High, which is what the product's makes.
        pipeline = Pipeline(tmp_path_factory.mktemp("conformance"), preset="superfast")
        body = (ROOT / "tests/media/short-720p25.mp4").read_bytes()
        if sample.arguments:
            body = make_source(*sample.arguments, suffix=sample.suffix)
        with serve(pipeline.source.bodies) as source:
            pipeline.source.url = source
            pipeline.upload(body)
            pipeline.work()
        assert pipeline.recording.status is RecordingStatus.READY
        server = serve(pipeline.media.bodies, heads=pipeline.media.heads)
        servers.append(server)
        return Published(sample, pipeline, server.__enter__(), client)

    with httpx.Client() as client:
        yield finish
    for server in servers:
        server.__exit__(None, None, None)


@pytest.mark.parametrize("name", SAMPLES)
def test_two_parsers_read_the_same(publish: Callable[[str], Published], name: str) -> None:
    """hls-parser in strict mode finds no fault anywhere, and m3u8 reads the same ranges and durations."""
    shown = publish(name)
    for url, listed in shown.listed.items():
        other = m3u8.loads(shown.pipeline.media.bodies[httpx.URL(url).path.lstrip("/")].decode(), uri=url)
        assert [(s.absolute_uri, s.byterange, Fraction(repr(s.duration))) for s in other.segments] == [
            (p.uri, f"{p.length}@{p.offset}", p.duration) for p in listed.pieces
        ]


@pytest.mark.parametrize("name", SAMPLES)
def test_playlists_are_whole_and_alike(publish: Callable[[str], Published], name: str) -> None:
    """One target duration (A8.2) that no EXTINF exceeds (R, A7.7), an end, no discontinuity; and their MIME."""
    shown = publish(name)
    assert (shown.master["type"], shown.master["independentSegments"]) == (MIME, True)
    assert {listed.facts["targetDuration"] for listed in shown.listed.values()} == {2}
    for listed in shown.listed.values():
        facts = listed.facts
        assert (facts["type"], facts["endlist"], facts["mediaSequenceBase"]) == (MIME, True, 0)
        assert facts["version"] >= 6
        assert facts["playlistType"] == ("VOD" if facts["isIFrame"] else "EVENT")
        assert not any(segment["discontinuity"] for segment in facts["segments"])
        assert all(round(piece.duration) <= 2 for piece in listed.pieces)
        assert max(piece.duration for piece in listed.pieces) < 2.5


@pytest.mark.parametrize("name", SAMPLES)
def test_segments_join_and_begin_with_key_frames(publish: Callable[[str], Published], name: str) -> None:
    """tfdt[i] + durations = tfdt[i+1] (A7.3) from zero on; an IDR first in each (A7.4)."""
    for listed in publish(name).streams:
        assert listed.starts[0] < Fraction(1, 40)
        for one, two in pairwise(listed.moments):
            assert one.start + one.ticks == two.start
        assert all(moment.first_is_sync for moment in listed.moments)
        if cmaf.codec(listed.init).startswith("avc1"):
            assert all(cmaf.IDR in moment.nals for moment in listed.moments)


@pytest.mark.parametrize("name", SAMPLES)
def test_every_object_has_the_one_header(publish: Callable[[str], Published], name: str) -> None:
    """Chunks of a rendition were encoded apart; a decoder set up for one is set up for all."""
    for listed in publish(name).streams:
        heads = {listed.fetch(piece.uri, 0, len(listed.init)) for piece in listed.pieces}
        assert {hashlib.sha256(head).hexdigest() for head in heads} == {hashlib.sha256(listed.init).hexdigest()}


@pytest.mark.parametrize("name", SAMPLES)
def test_media_says_what_it_is(publish: Callable[[str], Published], name: str) -> None:
    """MIME types of whole MP4 files, which chunks are."""
    shown = publish(name)
    for listed in shown.listed.values():
        assert len(listed.bodies) == len(listed.pieces)
    assert {kind for listed in shown.of(shown.rungs + shown.iframes) for kind in listed.types} <= {"video/mp4"}
    assert {kind for listed in shown.sounds for kind in listed.types} <= {"audio/mp4"}


@pytest.mark.parametrize("name", SAMPLES)
def test_durations_are_exact(publish: Callable[[str], Published], name: str) -> None:
    """Any stretch of EXTINF is within a video frame of the truth (A8.1): within two last digits, in fact."""
    for listed in publish(name).streams:
        zero = listed.starts[0]
        for said, true in zip(listed.announced, listed.starts, strict=True):
            assert abs(said - (true - zero)) <= TICK


@pytest.mark.parametrize("name", SEEN)
def test_rungs_are_cut_at_the_same_instants(publish: Callable[[str], Published], name: str) -> None:
    """A8.22, to the tick; their ends are less than a frame apart."""
    shown = publish(name)
    rungs = shown.of(shown.rungs)
    assert len({tuple(listed.starts[:-1]) for listed in rungs}) == 1
    ends = [listed.starts[-1] for listed in rungs]
    assert max(ends) - min(ends) < 1 / min(shown.sample.rates)


@pytest.mark.parametrize("name", BOTH)
def test_sound_and_picture_are_equally_long(publish: Callable[[str], Published], name: str) -> None:
    """A8.3, within one frame of picture, also where the source's sound ends before; cut at nearly the same instants."""
    shown = publish(name)
    seen, frame = shown.of(shown.rungs)[0], 1 / max(shown.sample.rates)
    for heard in shown.sounds:
        assert abs(heard.starts[-1] - seen.starts[-1]) <= frame
        assert len(heard.starts) == len(seen.starts)
        for one, other in zip(heard.starts, seen.starts, strict=True):
            assert abs(one - other) <= frame


@pytest.mark.parametrize("name", SAMPLES)
def test_bandwidths_are_true(publish: Callable[[str], Published], name: str) -> None:
    """Average and peak within 10 % of what the bytes are (A1.26, A1.27), the largest sound included (A9.13)."""
    shown = publish(name)
    for variant in shown.variants:
        parts = [shown.listed[variant["uri"]].pieces]
        if variant["size"] and not variant["iframes"] and shown.sounds:
            parts.append(max((s.pieces for s in shown.sounds), key=average))
        assert variant["average"] == pytest.approx(sum(average(part) for part in parts), rel=0.1)
        assert variant["peak"] == pytest.approx(sum(peak(part, 2) for part in parts), rel=0.1)


@pytest.mark.parametrize("name", SAMPLES)
def test_every_codec_is_named_as_the_bitstream_has_it(publish: Callable[[str], Published], name: str) -> None:
    """A9.1, H.264 High (A1.4) at most at level 4.1 (A1.3a), AAC-LC stereo (A2.3) of 32 to 160 kbit/s (A2.9)."""
    shown = publish(name)
    heard = sorted(cmaf.codec(sound.init) for sound in shown.sounds)
    for variant in shown.variants:
        own = cmaf.codec(shown.listed[variant["uri"]].init)
        with_sound = heard if variant["size"] and not variant["iframes"] else []
        assert set(variant["codecs"].split(",")) == {own, *with_sound}
        if variant["size"]:
            assert own.startswith("avc1.6400")
            assert int(own[-2:], 16) <= 41
    for sound in shown.sounds:
        assert (cmaf.codec(sound.init), cmaf.channels(sound.init)) == ("mp4a.40.2", 2)
        assert 32_000 <= average(sound.pieces) <= 170_000  # with what the container adds


@pytest.mark.parametrize("name", SAMPLES)
def test_the_master_says_what_players_choose_by(publish: Callable[[str], Published], name: str) -> None:
    """Size, rate, shape (A9.2, A9.14, A1.33), one default sound, languages (A8.10), the order of A1.32 and A9.21."""
    shown = publish(name)
    rates = {variant["rate"] for variant in shown.rungs}
    assert rates == {round(float(rate), 3) for rate in shown.sample.rates}
    shapes = [variant["size"][0] / variant["size"][1] for variant in shown.rungs]
    assert shapes == pytest.approx(shapes[:1] * len(shapes), rel=0.01)
    sounds = shown.master["sounds"]
    assert [sound["isDefault"] for sound in sounds].count(True) == bool(sounds)
    assert all(sound["channels"] == "2" for sound in sounds)
    assert tuple(sound["language"] for sound in sounds) == shown.sample.languages
    assert len({sound["name"] for sound in sounds}) == len(sounds)
    if shown.rungs:
        first, *others = [abs(variant["peak"] - 2_000_000) for variant in shown.rungs]
        assert first <= min(others, default=first)
    if shown.sounds:
        lone = [v for v in shown.variants if not v["size"]]
        assert [v["peak"] <= 192_000 for v in lone] == [True]


@pytest.mark.parametrize("name", SEEN)
def test_ffmpeg_decodes_every_frame_that_was_planned(publish: Callable[[str], Published], name: str) -> None:
    """From each rung's own playlist, over HTTP, without a complaint."""
    shown = publish(name)
    for variant in shown.rungs:
        listed = shown.listed[variant["uri"]]
        planned = round(shown.sample.seconds * Fraction(variant["rate"]))
        assert len(decoded(listed.facts["url"])) == planned == sum(moment.samples for moment in listed.moments)


@pytest.mark.parametrize("name", HEARD)
def test_ffmpeg_decodes_all_of_the_sound(publish: Callable[[str], Published], name: str) -> None:
    """As many frames of sound as the boxes count."""
    for listed in publish(name).sounds:
        assert len(decoded(listed.facts["url"])) == sum(moment.samples for moment in listed.moments)


@pytest.mark.parametrize("name", SEEN)
def test_every_key_frame_range_is_one_picture(publish: Callable[[str], Published], name: str) -> None:
    """The range ends with the first sample (A6.1), and decodes alone to the picture its segment begins with."""
    shown = publish(name)
    assert len(shown.iframes) == len(shown.rungs)
    for variant in shown.iframes:
        frames = shown.listed[variant["uri"]]
        folder = variant["uri"].rsplit("/", 1)[0]
        (rung,) = (listed for listed in shown.of(shown.rungs) if listed.facts["url"].startswith(folder))
        pictures, at = decoded(rung.facts["url"]), 0
        assert [p.duration for p in frames.pieces] == [p.duration for p in rung.pieces]
        for piece, body, moment in zip(frames.pieces, frames.bodies, rung.moments, strict=True):
            assert piece.length == moment.first_sample_end
            assert decoded(frames.init + body, cut=True) == [pictures[at]]
            at += moment.samples
