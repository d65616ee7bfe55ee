"""Every kind of picture ends as a plain one: upright, square-pixelled, steady, and in its own colours."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import m3u8
import pytest
from support.hls import joined, luma
from support.media import RECORDING_ID
from support.numbered import numbered, numbers
from support.patches import BLUE, RED, coded, decode, near, patches, shown
from support.uploading import X264, check_plays, deliver

from chalicelib.domain.keys import master_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.pipeline import Pipeline

    Make = Callable[..., bytes]

H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2")
HEVC = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error", "-tag:v", "hvc1")
TO_2020 = "setparams=range=pc:color_primaries=bt709:color_trc=bt709:colorspace=gbr"
LINEAR = f"{TO_2020},zscale=t=linear:npl=203,format=gbrpf32le,zscale=p=bt2020"
PQ = ("-vf", f"{LINEAR},zscale=t=smpte2084:m=bt2020nc:r=tv:npl=203,format=yuv420p10le")
HLG = ("-vf", f"{LINEAR},zscale=t=arib-std-b67:m=bt2020nc:r=tv:npl=203,format=yuv420p10le")
WIDE = ("-vf", f"{TO_2020},zscale=p=bt2020:t=bt2020-10:m=bt2020nc:r=tv,format=yuv420p10le")


@pytest.mark.parametrize(
    ("arguments", "suffix", "size", "tolerance"),
    [
        pytest.param((*patches(), *coded("bt709"), *H264), "mp4", (320, 180), 8, id="bt709"),
        pytest.param((*patches(), *coded("bt601"), *H264), "mov", (320, 180), 8, id="bt601"),
        pytest.param(
            (*patches(), *coded("bt601", said=False), "-c:v", "mpeg4"), "avi", (320, 180), 8, id="untagged-sd"
        ),
        pytest.param((*patches(), "-c:v", "libx264rgb", "-qp", "0"), "mkv", (320, 180), 8, id="screen-rgb"),
        pytest.param(
            (*patches(), *coded("bt601", "yuvj420p", full=True), "-c:v", "mjpeg"), "mov", (320, 180), 8, id="full-range"
        ),
        pytest.param((*patches(), *coded("bt709", "yuv420p10le"), *H264), "mkv", (320, 180), 8, id="10-bit"),
        pytest.param((*patches("321x179"), *coded("bt709", "yuv444p"), *H264), "mp4", (320, 178), 8, id="odd-444"),
        pytest.param(
            (*patches(), *coded("bt601"), "-c:v", "libvpx", "-deadline", "realtime"), "webm", (320, 180), 12, id="vp8"
        ),
        pytest.param((*patches(), *WIDE, *H264), "mkv", (320, 180), 12, id="bt2020-sdr"),
        pytest.param((*patches(), *PQ, *HEVC), "mp4", (320, 180), 24, id="hdr10"),
        pytest.param((*patches(), *HLG, *HEVC), "mov", (320, 180), 24, id="hlg"),
        pytest.param((*patches("180x180"), *coded("bt709"), *H264), "mp4", (180, 180), 8, id="square"),
        pytest.param((*patches("180x320"), *coded("bt709"), *H264), "mp4", (180, 320), 8, id="vertical"),
        pytest.param(
            (*patches("180x144"), *coded("bt601"), *H264, "-aspect", "16:9"), "mp4", (256, 144), 8, id="anamorphic"
        ),
    ],
)
def test_size_and_colours(
    pipeline: Pipeline,
    make_source: Make,
    arguments: tuple[str, ...],
    suffix: str,
    size: tuple[int, int],
    tolerance: int,
) -> None:
    """As the source shows them, and declared as BT.709, which no player has to guess then."""
    assert deliver(pipeline, make_source(*arguments, suffix=suffix)) == ""
    for variant in shown(pipeline):
        assert variant.size == size
        assert near(variant.left, RED, tolerance), variant.left
        assert near(variant.right, BLUE, tolerance), variant.right
        assert variant.tags == "yuv420p(tv, bt709, progressive)"


def test_untagged_high_definition(pipeline: Pipeline, make_source: Make) -> None:
    """From 720 lines on the usual matrix is BT.709; the small rungs keep the colours of the large ones."""
    body = make_source(*patches("1280x720"), *coded("bt709", said=False), *H264, suffix="mkv")
    assert deliver(pipeline, body) == ""
    variants = shown(pipeline)
    assert [v.size for v in variants] == [(640, 360), (1280, 720), (1280, 720)]
    assert all(near(v.left, RED) and near(v.right, BLUE) for v in variants)


@pytest.mark.parametrize(("turn", "upper", "lower"), [(90, BLUE, RED), (-90, RED, BLUE)])
def test_a_turned_phone(
    pipeline: Pipeline,
    make_source: Make,
    tmp_path: Path,
    turn: int,
    upper: tuple[int, int, int],
    lower: tuple[int, int, int],
) -> None:
    """Rotation in the header becomes rotation of the picture."""
    path = tmp_path / "lying.mp4"
    path.write_bytes(make_source(*patches(), *coded("bt709"), *H264))
    turned = make_source("-display_rotation", str(turn), "-i", str(path), "-c", "copy")
    path.unlink()
    assert deliver(pipeline, turned) == ""
    (variant,) = shown(pipeline)
    assert variant.size == (180, 320)
    assert near(variant.top, upper)
    assert near(variant.bottom, lower)


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        ("24000/1001", "23.976"),
        ("25", "25.000"),
        ("30000/1001", "23.976"),
        ("50", "25.000"),
        ("60000/1001", "23.976"),
        ("120", "24.000"),
    ],
)
def test_rates(pipeline: Pipeline, make_source: Make, rate: str, expected: str) -> None:
    """Announced as it is, and in the source's family."""
    assert deliver(pipeline, make_source(*patches(rate=rate, seconds=2), *coded("bt709"), *H264)) == ""
    lowest = shown(pipeline)[0]
    assert f"{lowest.rate:.3f}" == expected
    assert lowest.frames == pytest.approx(2 * float(expected), abs=1)


def test_interlaced_pictures_are_whole(pipeline: Pipeline, make_source: Make) -> None:
    """A bar that moves with every field has no comb: neighbouring lines of each frame are alike."""
    bar = "geq=lum='16+200*lt(mod(X-8*N+4096,128),64)':cb=128:cr=128"
    fields = ("-vf", f"{bar},tinterlace=interleave_top,setfield=tff", "-flags", "+ildct+ilme", "-c:v", "mpeg2video")
    blank = ("-f", "lavfi", "-i", "color=black:s=256x144:r=50:d=1,format=yuv420p")
    assert deliver(pipeline, make_source(*blank, *fields, "-q:v", "2", suffix="mkv")) == ""
    rows = _rows(pipeline)
    combed = [sum(abs(a - b) for a, b in zip(one, two, strict=True)) / len(one) for one, two in pairwise(rows)]
    assert max(combed) < 12


def _rows(pipeline: Pipeline) -> list[bytes]:
    """The lines of the picture in the middle of the first variant, but for those at its edges."""
    master = m3u8.loads(pipeline.media.bodies[master_key(RECORDING_ID)].decode())
    raw = decode(joined(pipeline.media.bodies, master.playlists[0].uri[1:]), "format=gray")
    frame = raw[(len(raw) // (256 * 144) // 2) * 256 * 144 :]
    return [frame[y * 256 : y * 256 + 256] for y in range(8, 136)]


def test_a_change_of_size_in_the_middle(pipeline: Pipeline, make_source: Make, tmp_path: Path) -> None:
    """A call whose picture became smaller: every frame is there, and all are of one size."""
    path = tmp_path / "both.h264"
    bodies = [make_source(*numbered(25, 2), "-s", size, *X264, suffix="h264") for size in ("320x180", "240x136")]
    path.write_bytes(b"".join(bodies))
    body = make_source("-r", "25", "-f", "h264", "-i", str(path), "-c", "copy", suffix="mp4")
    path.unlink()
    assert deliver(pipeline, body) == ""
    master = m3u8.loads(pipeline.media.bodies[master_key(RECORDING_ID)].decode())
    assert numbers(joined(pipeline.media.bodies, master.playlists[0].uri[1:])) == [*range(50), *range(50)]


def test_an_edit_list_is_obeyed(pipeline: Pipeline, make_source: Make, tmp_path: Path) -> None:
    """A clip trimmed without encoding begins where its editor said, not at the key frame before."""
    path = tmp_path / "whole.mp4"
    path.write_bytes(make_source(*numbered(25, 4), *H264, "-g", "100"))
    body = make_source("-ss", "1", "-i", str(path), "-c", "copy")
    path.unlink()
    assert deliver(pipeline, body) == ""
    master = m3u8.loads(pipeline.media.bodies[master_key(RECORDING_ID)].decode())
    assert numbers(joined(pipeline.media.bodies, master.playlists[0].uri[1:])) == list(range(25, 100))


def test_a_recorder_without_duration(pipeline: Pipeline, make_source: Make) -> None:
    """A WebM as a browser writes it while recording: no length, no index; found by looking at its packets."""
    live = ("-c:v", "libvpx", "-deadline", "realtime", "-g", "20", "-f", "webm", "-live", "1")
    body = make_source(*numbered(20, 3), *live, suffix="webm")
    assert deliver(pipeline, body) == ""
    assert check_plays(pipeline)[0] == pytest.approx(3 * 20, abs=1)


def test_an_index_at_the_end(pipeline: Pipeline, make_source: Make) -> None:
    """An MP4 as cameras write it, and the same with its index in front, give the same pictures."""
    plain, quick = (make_source(*numbered(25, 2), *X264, *flags) for flags in ((), ("-movflags", "+faststart")))
    assert plain.index(b"mdat") < plain.index(b"moov")
    assert quick.index(b"moov") < quick.index(b"mdat")
    assert deliver(pipeline, plain) == ""
    master = m3u8.loads(pipeline.media.bodies[master_key(RECORDING_ID)].decode())
    first = joined(pipeline.media.bodies, master.playlists[0].uri[1:])
    assert numbers(first) == list(range(50))
    assert len(luma(first)) == 50
