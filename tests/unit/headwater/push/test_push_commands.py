"""The inputs and the FFmpeg commands that are made of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from headwater.push import commands, inputs
from headwater.push.choosing import Choice
from headwater.push.commands import Encoding

KEY = "sk_secret"


def test_no_command_shows_the_key() -> None:
    """Everybody on the machine can read command lines."""
    for source in (inputs.rtmp("127.0.0.1", 1935), inputs.srt("127.0.0.1", 9000, KEY)):
        assert KEY not in " ".join(commands.take("ffmpeg", source))


def test_the_name_a_publisher_gives() -> None:
    """Is read from FFmpeg's warning, whatever it holds; other lines say nothing."""
    assert inputs.published_name("[rtmp @ 0x1] [warning] Unexpected stream sk_a b, expecting headwater") == "sk_a b"
    assert inputs.published_name("[info] Input #0, flv, from 'rtmp://127.0.0.1:1935/live/headwater':") is None


def test_srt_passphrases() -> None:
    """Are as long as SRT wants them, differ with the key, and are always the same for one."""
    assert len(inputs.passphrase(KEY)) == 32
    assert inputs.passphrase(KEY) != inputs.passphrase(KEY + "x")


def test_a_file_is_no_option() -> None:
    """Its path is absolute, so that a dash or a colon in its name means nothing."""
    source = inputs.file(Path("-x:y.mp4"), loop=True)
    assert source.arguments[:3] == ("-re", "-stream_loop", "-1")
    assert Path(source.arguments[-1]).is_absolute()


@pytest.mark.parametrize(
    ("platform", "opened"),
    [
        ("linux", ("v4l2", "/dev/video0", "pulse", "mic", "1:a:0")),
        ("darwin", ("avfoundation", "0:mic")),
        ("win32", ("dshow", "video=Integrated Camera:audio=mic")),
    ],
)
def test_cameras(platform: str, opened: tuple[str, ...]) -> None:
    """Each system's own capture, never copied, and asked for again when it was unplugged."""
    source = inputs.camera("", "mic", platform=platform)
    said = (*source.arguments, *source.maps)
    assert [part for part in opened if part not in said] == []
    assert (source.may_copy, source.again) == (False, True)


def test_a_camera_without_a_microphone() -> None:
    """Is a stream without sound."""
    assert "pulse" not in inputs.camera("/dev/video2", "", platform="linux").arguments


def test_taking_encodes_nothing() -> None:
    """What may go as it is, goes through one FFmpeg that copies."""
    command = commands.take("ffmpeg", inputs.hls("https://example.org/live.m3u8"))
    assert (command[command.index("-c") + 1], command[-1]) == ("copy", "pipe:1")


def test_encoding_makes_a_key_frame_each_target() -> None:
    """However the clock begins."""
    command = commands.make("ffmpeg", inputs.generated(), Encoding(2, 3000))
    assert (
        command[command.index("-force_key_frames") + 1] == "expr:if(isnan(prev_forced_t),1,gte(t,prev_forced_t+1.99))"
    )
    assert command[command.index("-b:v") + 1] == "3000k"
    assert "drawbox" in command[command.index("-vf") + 1]


@pytest.mark.parametrize(("video", "audio"), [(True, False), (False, True), (False, False)])
def test_converting_copies_what_it_may(video: bool, audio: bool) -> None:  # noqa: FBT001  parameters
    """Picture and sound each on its own, with the times of the input."""
    command = commands.convert("ffmpeg", Choice(copy_video=video, copy_audio=audio), Encoding(2))
    assert command[command.index("-c:v") + 1] == ("copy" if video else "libx264")
    assert command[command.index("-c:a") + 1] == ("copy" if audio else "aac")
    assert "-copyts" in command


@pytest.mark.parametrize(
    ("lines", "copyable"),
    [
        ("  Stream #0:0[0x1](und): Video: h264 (High), yuv420p\n  Stream #0:1: Audio: aac (LC)", True),
        ("  Stream #0:0: Video: mpeg4\n  Stream #0:1: Audio: flac", False),
        ("  Stream #0:0: Audio: mp3\n  Stream #0:1: Video: png, rgb24 (attached pic)", True),
    ],
)
def test_what_a_probe_shows(lines: str, copyable: bool) -> None:  # noqa: FBT001  a parameter
    """H.264 may be copied; a cover is no picture."""
    assert commands.is_copyable(lines) == copyable
    assert commands.probe("ffmpeg", inputs.file(Path("a.mp4"), loop=True))[-2:] == ["-i", str(Path("a.mp4").resolve())]
