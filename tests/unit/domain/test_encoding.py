"""FFmpeg's arguments, and the proof that what came out fits its place."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.media import audio, plan, result, source, video

from chalicelib.domain.encoding import crf, planned_frames, verify_video, video_command, video_timescale
from chalicelib.domain.job import ChunkResult, JobPlan, Segment
from chalicelib.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Sequence

URL = "https://bucket.test/original?X-Amz-Signature=1"
PLAN = plan(source(61, picture=video(640, 360, start_pts=512), sound=audio()))
NTSC = plan(source(61, picture=video(640, 360, Fraction(30_000, 1001))))


def command(made: JobPlan = PLAN, chunk: int = 1, **more: Any) -> list[str]:
    """Arguments of one chunk of the lowest rung."""
    facts = {"url": URL, "outputs": ["/scratch/out.mp4"], "preset": "fast", "threads": 2} | more
    return video_command(made, made.video[:1], made.chunks[chunk], **facts)


def by_output(arguments: list[str]) -> list[list[str]]:
    """The options of each output of a video command, its name last."""
    starts = [i for i, argument in enumerate(arguments) if argument == "-map"]
    return [arguments[a:b] for a, b in pairwise([*starts, len(arguments)])]


def option(arguments: Sequence[str], name: str) -> str:
    """The value after an option; it is given once."""
    assert arguments.count(name) == 1
    return arguments[arguments.index(name) + 1]


@pytest.mark.parametrize(("url", "protocols"), [(URL, "https,tls,tcp"), ("http://127.0.0.1/x", "http,tcp")])
def test_the_input_is_fenced_in(url: str, protocols: str) -> None:
    """Only the probed demuxer and the URL's own protocol, and before `-i`, where they count."""
    arguments = command(url=url)
    before = arguments[: arguments.index("-i")]
    assert (option(before, "-f"), option(before, "-format_whitelist")) == ("mov", "mov")
    assert [option(before, name) for name in ("-max_redirects", "-enable_drefs", "-use_absolute_path")] == ["0"] * 3
    assert option(before, "-protocol_whitelist") == protocols
    assert option(before, "-max_pixels") == "35389440"
    assert int(option(before, "-rw_timeout")) <= 30_000_000
    assert "-nostdin" in before
    assert [a for a in arguments if a == url] == [url]


def test_where_the_picture_ends_before_the_sound_its_last_second_is_sought() -> None:
    """There is nothing to seek behind it; its last frame is repeated from there."""
    track = video(640, 360, duration_s=Fraction(20))
    made = plan(source(61, picture=track, sound=audio()))
    made = replace(made, media=replace(made.media, video=track))
    assert [option(command(made, c), "-ss") for c in (2, 3, 4)] == ["6.000000", "14.000000", "19.000000"]


def test_what_lies_before_the_first_picture_is_not_sought() -> None:
    """It is made of the first frame."""
    made = plan(source(61, picture=video(640, 360), sound=audio(), lead_s=Fraction(8)))
    assert "-ss" not in command(made, 1)
    assert "-ss" not in command(made, 2)
    assert option(command(made, 3), "-ss") == "6.000000"


def test_nothing_of_the_source_reaches_the_output_unasked() -> None:
    """No title, no place, no chapters, no subtitles, no second stream."""
    arguments = command()
    assert option(arguments, "-map_metadata") == "-1"
    assert option(arguments, "-map_chapters") == "-1"
    assert option(arguments, "-map") == "[v0]"


def test_rungs_of_one_process_keep_their_own_limits() -> None:
    """The source is opened once; each output has its own label, ceiling, key frames, time scale and file."""
    made = plan(source(61, picture=video()))
    arguments = video_command(
        made, made.video[2:4], made.chunks[1], url=URL, outputs=["a.mp4", "b.mp4"], preset="fast", threads=2
    )
    assert arguments.count("-i") == arguments.count("-filter_complex") == 1
    normal, high = by_output(arguments)
    assert [option(o, "-map") for o in (normal, high)] == ["[v0]", "[v1]"]
    assert [option(o, "-maxrate") for o in (normal, high)] == ["1050k", "2100k"]
    assert [option(o, "-bufsize") for o in (normal, high)] == ["2000k", "4000k"]
    assert [option(o, "-g") for o in (normal, high)] == ["48", "60"]
    assert [option(o, "-frames:v") for o in (normal, high)] == ["96", "120"]
    assert [option(o, "-video_track_timescale") for o in (normal, high)] == ["24000", "30000"]
    assert [o[-1] for o in (normal, high)] == ["a.mp4", "b.mp4"]
    assert all(option(o, "-map_metadata") == option(o, "-map_chapters") == "-1" for o in (normal, high))


def test_as_many_files_as_renditions() -> None:
    """A list too short would silently encode fewer rungs."""
    with pytest.raises(ValueError, match="shorter"):
        command(outputs=[])


def test_a_chunk_seeks_before_its_start_and_drops_by_time() -> None:
    """In the source's own time, whose zero is not ours; the first chunk, and sources without index, do not seek."""
    arguments = command()
    assert option(arguments, "-ss") == "2.033333"
    assert arguments.index("-ss") < arguments.index("-i")
    assert "fps=fps=24:start_time=2.000000:round=near" in option(arguments, "-filter_complex")
    assert "-ss" not in command(chunk=0)
    assert "-ss" not in command(plan(replace(PLAN.media, seekable=False)))


def test_the_ceiling_is_kept() -> None:
    """Capped quality: 105 % of the rung, two seconds of buffer, key frames only where segments begin."""
    arguments = command()
    assert (option(arguments, "-maxrate"), option(arguments, "-bufsize")) == ("262k", "500k")
    assert option(arguments, "-g") == option(arguments, "-keyint_min") == "48"
    assert option(arguments, "-sc_threshold") == "0"
    assert arguments[-1] == "/scratch/out.mp4"


def test_the_quality_asked_for_follows_the_ceiling() -> None:
    """Where the ceiling is low for the size, film fills it anyway and slides can spare bits; above, aim high."""
    made = plan(source(61, picture=video()))
    asked = {rung.bitrate_kbps: crf(rung) for rung in made.video}
    assert asked == {250: 22.0, 500: 29.0, 1000: 22.0, 2000: 22.0, 4000: 20.0}
    arguments = video_command(
        made, made.video[1:3], made.chunks[1], url=URL, outputs=["a", "b"], preset="faster", threads=2
    )
    assert [option(o, "-crf") for o in by_output(arguments)] == ["29.0", "22.0"]
    assert [option(o, "-preset") for o in by_output(arguments)] == ["fast", "faster"]
    assert [option(o, "-aq-strength") for o in by_output(arguments)] == ["0.5", "0.5"]


@pytest.mark.parametrize("rate", [1, 24, 60])
@pytest.mark.parametrize("bitrate", [1, 250, 20_000, 400_000])
def test_any_ladder_has_a_quality(rate: int, bitrate: int) -> None:
    """From a ceiling next to nothing to one beyond reason."""
    rung = replace(PLAN.video[0], width=16, height=16, bitrate_kbps=bitrate, frame_rate=Fraction(rate))
    assert crf(rung) in {20.0, 22.0, 29.0}


@given(st.sampled_from([PLAN, NTSC]), st.sampled_from([24, 30, 25, 60]), st.integers(1, 12 * 3600))
def test_frames_of_all_chunks_are_the_frames_of_the_whole(made: JobPlan, rate: int, length: int) -> None:
    """Whatever the cut: none twice, none missing; every frame is a whole number of ticks."""
    picture = made.media.video
    assert picture is not None
    long = plan(source(length, picture=replace(picture, frame_rate=picture.frame_rate * rate / 30)))
    for rendition in long.video:
        frames = [planned_frames(long, rendition, chunk) for chunk in long.chunks]
        assert abs(sum(frames) - length * rendition.frame_rate) <= 1
        assert min(frames) >= 1
        assert (Fraction(video_timescale(rendition.frame_rate)) / rendition.frame_rate).denominator == 1


def made(chunk: int, frames: int, *, start: int | None = None, ticks: int = 1000) -> ChunkResult:
    """A result of the lowest rung of PLAN: 24,000 ticks a second."""
    begin = PLAN.chunks[chunk].first_segment * 48_000 if start is None else start
    return replace(result(), start=begin, frames=frames, segments=(Segment(800, 1, frames * ticks),))


def verdict(chunk: int, outcome: ChunkResult) -> str:
    """The code of the refusal, or nothing."""
    try:
        verify_video(PLAN, PLAN.video[0], PLAN.chunks[chunk], outcome)
    except Permanent as error:
        return error.code
    return ""


@pytest.mark.parametrize(
    ("chunk", "frames", "expected"),
    [
        (1, 96, ""),
        (1, 95, "source_truncated"),
        (1, 97, "encode_inexact"),
        (1, 0, "source_truncated"),
        (4, 744, ""),
        (4, 744 - 48, ""),
        (4, 744 - 49, "source_truncated"),
        (4, 744 + 48, ""),
        (4, 744 + 49, "encode_inexact"),
        (4, 0, "source_truncated"),
    ],
)
def test_frames_are_counted(chunk: int, frames: int, expected: str) -> None:
    """Exactly, but for the very end, where durations are rounded: a segment either way."""
    assert verdict(chunk, made(chunk, frames)) == expected


def test_the_place_is_checked() -> None:
    """A chunk that begins elsewhere, or whose frames are longer, would not join its neighbours."""
    assert verdict(1, made(1, 96, start=48_001)) == "encode_inexact"
    assert verdict(1, made(1, 96, ticks=1001)) == "encode_inexact"


def test_a_cut_off_file_is_told_in_seconds() -> None:
    """What was promised and where it ends, for the one who uploaded it."""
    with pytest.raises(Permanent, match=r"promises 61\.0 s of video, but the picture ends at 4\.0 s"):
        verify_video(PLAN, PLAN.video[0], PLAN.chunks[1], made(1, 48))


def test_a_picture_task_without_a_picture_is_refused() -> None:
    """A message for a rendition that its source cannot have."""
    with pytest.raises(Permanent) as refusal:
        video_command(
            plan(source(61, sound=audio())),
            PLAN.video[:1],
            PLAN.chunks[0],
            url=URL,
            outputs=["o"],
            preset="p",
            threads=1,
        )
    assert refusal.value.code == "plan_without_video"
