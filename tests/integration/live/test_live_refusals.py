"""What encoders must not send is refused with a reason that their owner reads, and never stops the stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.numbered import numbered, tone

from chalicelib.domain.live.stream import Container

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.studio import Studio

    Cut = Callable[..., list[bytes]]

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "40", "-g", "30")
AAC = ("-c:a", "aac", "-b:a", "64k")
TS = {"container": "mpegts"}


def refused(studio: Studio) -> dict[str, int]:
    """Codes and how often."""
    return studio.state.health.refused


def sent(studio: Studio, body: bytes, container: Container = Container.MPEGTS, init: bytes = b"") -> dict[str, int]:
    """Send one segment; returns what was refused."""
    epoch = studio.claim(container)
    if init:
        studio.send(epoch, "init.mp4", init)
    studio.send(epoch, "0.ts" if container is Container.MPEGTS else "0.m4s", body)
    studio.work()
    return refused(studio)


CASES = [
    pytest.param((*numbered(30, 1), "-c:v", "mpeg2video", *AAC), "video_codec_refused", id="mpeg2"),
    pytest.param((*tone(1), *AAC), "video_missing", id="sound-alone"),
    pytest.param((*numbered(30, 1), *tone(1), *X264, "-c:a", "mp2"), "audio_codec_refused", id="mp2"),
    pytest.param(
        (*numbered(30, 1), *tone(1), "-map", "0", "-map", "1", "-map", "1", *X264, *AAC),
        "audio_tracks_refused",
        id="two-languages",
    ),
    pytest.param((*numbered(120, 1), *X264), "frame_rate_refused", id="too-many-frames"),
    pytest.param((*numbered(30, "0.1"), *X264), "segment_duration_refused", id="too-short"),
    pytest.param((*numbered(1, 32), *X264), "segment_duration_refused", id="too-long"),
    pytest.param(("-f", "lavfi", "-i", "color=s=4098x64:r=5:d=1", *X264), "picture_size_refused", id="too-wide"),
]


@pytest.mark.parametrize(("arguments", "code"), CASES)
def test_what_is_no_segment_of_ours(studio: Studio, cut: Cut, arguments: tuple[str, ...], code: str) -> None:
    """Each has its own code; the object is gone, and nothing was published."""
    (body,) = cut(*arguments, container="mpegts", target=60)
    assert sent(studio, body) == {code: 1}
    assert not studio.media.bodies
    assert not [key for key in studio.source.bodies if key.startswith("ingest/")]
    (refusal,) = studio.state.health.refusals
    assert (refusal.name, refusal.detail[-1]) == ("1/0.ts", ".")


@pytest.mark.parametrize("body", [b"", b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:1/x.ts\n", b"\x47" * 5000, b"\0" * 999])
@pytest.mark.parametrize("container", list(Container))
def test_what_is_no_media(studio: Studio, body: bytes, container: Container) -> None:
    """Text, zeros, a playlist that names an address: read by nobody but the demuxer that was promised."""
    (code,) = sent(studio, body, container, b"junk" if container is Container.FMP4 else b"")
    assert code in {"not_decodable", "video_missing", "media_malformed"}
    assert not studio.media.bodies


def test_a_segment_in_the_middle_of_a_picture_group(studio: Studio, cut: Cut) -> None:
    """The first frame must be a key frame."""
    whole = cut(*numbered(30, 4), *X264, "-g", "120", "-x264-params", "keyint=120", container="mpegts", target=9)[0]
    packets = [whole[at : at + 188] for at in range(0, len(whole), 188)]
    tables, rest = packets[:3], packets[len(packets) // 2 :]
    (code,) = sent(studio, b"".join([*tables, *rest]))
    assert code in {"no_key_frame", "not_decodable"}


def test_a_segment_that_is_too_large_is_not_read(studio: Studio) -> None:
    """Ten megabytes are the most that the compatibility address takes as well."""
    assert sent(studio, b"\x47" * 10_000_001) == {"segment_too_large": 1}


def test_an_init_segment_that_never_comes(studio: Studio, cut: Cut) -> None:
    """A segment of fMP4 waits for it, and is refused in the end."""
    _, body = cut(*numbered(30, 1), *X264, target=9)
    assert sent(studio, body, Container.FMP4) == {"init_missing": 1}


def test_an_init_segment_that_comes_a_moment_later(studio: Studio, cut: Cut) -> None:
    """Both are sent at once, and may land in any order."""
    init, body = cut(*numbered(30, 1), *X264, target=9)
    epoch = studio.claim()
    studio.send(epoch, "0.m4s", body)
    message = studio.queue.messages[0]
    studio.queue.messages.append(message)
    with pytest.raises(Exception, match="init_missing"):
        studio.step()
    studio.send(epoch, "init.mp4", init)
    studio.work()
    assert (refused(studio), len(studio.segments.rows)) == ({}, 1)


def test_strangers_and_zombies(studio: Studio, cut: Cut) -> None:
    """An epoch nobody claimed, and one that a newer encoder has taken over."""
    (body,) = cut(*numbered(30, 1), *X264, container="mpegts", target=9)
    old = studio.claim(Container.MPEGTS)
    studio.claim(Container.MPEGTS)
    studio.send(old, "0.ts", body)
    studio.send(9, "0.ts", body)
    studio.work()
    assert refused(studio) == {"epoch_superseded": 1, "epoch_unknown": 1}


def test_a_refused_segment_is_a_gap_and_the_stream_goes_on(studio: Studio, cut: Cut) -> None:
    """Viewers are told exactly what is missing."""
    bodies = cut(*numbered(30, 6), *tone(6), *X264, "-g", "60", *AAC, container="mpegts")
    epoch = studio.claim(Container.MPEGTS)
    for n, body in enumerate(bodies):
        studio.send(epoch, f"{n}.ts", b"broken" if n == 1 else body)
    studio.work()
    window = studio.state.window
    assert [(entry.gap, float(entry.duration_s)) for entry in window.entries] == [(False, 2), (True, 2), (False, 2)]
    assert refused(studio) == {"not_decodable": 1}
    assert "#EXT-X-GAP" in studio.playlist(studio.state.renditions[1].id)
