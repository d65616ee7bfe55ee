"""FFmpeg as a child: its output, its end, and everything that can go wrong in between."""

from __future__ import annotations

import os
import ssl
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.pipeline import FFMPEG

from chalicelib.adapters import ffmpeg
from chalicelib.adapters.ffmpeg import FfmpegEncoder
from chalicelib.errors import Transient
from chalicelib.services.ports import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SILENCE = ("-v", "error", "-nostdin", "-f", "lavfi", "-i", "anullsrc")
ENDLESS = ("-v", "error", "-nostdin", "-progress", "pipe:1", "-f", "lavfi", "-i", "testsrc2=s=64x64", "-f", "null", "-")


def go_on(_frames: int, _fps: float, /) -> bool:
    """The work is still wanted."""
    return True


def stop(_frames: int, _fps: float, /) -> bool:
    """It is not."""
    return False


@pytest.fixture
def stand_in(tmp_path: Path) -> Callable[[str], FfmpegEncoder]:
    """Return an encoder whose binary is a shell script; it begins in the test's folder."""

    def make(script: str) -> FfmpegEncoder:
        path = tmp_path / "stand-in"
        path.write_text(f"#!/bin/sh\ncd {tmp_path}\n{script}\n")
        path.chmod(0o755)
        return FfmpegEncoder(str(path))

    return make


def gone(pid: int, within_s: float = 30) -> bool:
    """True once there is no such process, or only its remains."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def test_a_file_is_written_and_the_time_it_took_returned(tmp_path: Path) -> None:
    """CPU seconds of the child, not of this process."""
    output = tmp_path / "out.wav"
    cpu = FfmpegEncoder(FFMPEG).run_to_file([*SILENCE, "-t", "1", str(output)], timeout_s=20, beat=go_on)
    assert output.stat().st_size > 80_000
    assert 0 < cpu < 10


def test_output_arrives_in_order_and_whole() -> None:
    """A second of sound through the pipe."""
    heard = bytearray()
    FfmpegEncoder(FFMPEG).run_to_pipe(
        [*SILENCE, "-t", "1", "-ac", "1", "-ar", "8000", "-f", "u8", "pipe:1"],
        timeout_s=20,
        beat=go_on,
        take=heard.extend,
    )
    assert heard == b"\x80" * 8000


def test_progress_is_reported_and_a_stop_is_obeyed() -> None:
    """Frames and speed as FFmpeg says them; then the endless run ends at once."""
    seen: list[tuple[int, float]] = []

    def beat(frames: int, fps: float, /) -> bool:
        seen.append((frames, fps))
        return frames == 0

    began = time.monotonic()
    with pytest.raises(Cancelled):
        FfmpegEncoder(FFMPEG).run_to_file(ENDLESS, timeout_s=20, beat=beat)
    assert time.monotonic() - began < 15
    assert seen[0] == (0, 0.0)
    assert seen[-1][0] > 0


def test_an_unwanted_run_ends_with_all_its_children(stand_in: Callable[[str], FfmpegEncoder], tmp_path: Path) -> None:
    """The whole process group, also those who ignore polite signals."""
    encoder = stand_in("trap '' TERM INT\n(trap '' TERM; echo $(exec sh -c 'echo $PPID') > child; sleep 60) &\nwait")

    def beat(_frames: int, _fps: float, /) -> bool:
        return not (tmp_path / "child").exists()

    began = time.monotonic()
    with pytest.raises(Cancelled):
        encoder.run_to_file([], timeout_s=20, beat=beat)
    assert time.monotonic() - began < 15
    assert gone(int((tmp_path / "child").read_text()))


def test_it_is_asked_whether_to_go_on_before_it_begins_to_wait(stand_in: Callable[[str], FfmpegEncoder]) -> None:
    """A lease that is gone already costs nothing."""
    began = time.monotonic()
    with pytest.raises(Cancelled):
        stand_in("sleep 60").run_to_pipe([], timeout_s=20, beat=stop, take=lambda _: None)
    assert time.monotonic() - began < 15


@pytest.mark.parametrize("script", ["sleep 60", "while :; do echo x; done", "exec >&-; sleep 60", "sleep 60 & exit 0"])
def test_out_of_time_it_is_ended(stand_in: Callable[[str], FfmpegEncoder], script: str) -> None:
    """Silent, talkative, with its output closed, or gone while a child keeps the output open."""
    began = time.monotonic()
    with pytest.raises(Transient) as end:
        stand_in(script).run_to_file([], timeout_s=0.3, beat=go_on)
    assert end.value.code == "encode_timeout"
    assert time.monotonic() - began < 15


def test_a_process_that_hangs_is_ended_long_before_its_time(stand_in: Callable[[str], FfmpegEncoder]) -> None:
    """Its next attempt need not wait for the function's end."""
    encoder = replace(stand_in("exec sleep 60"), still_s=0.5)
    with pytest.raises(Transient) as end:
        encoder.run_to_file([], timeout_s=50, beat=go_on)
    assert end.value.code == "encode_stalled"


def test_a_run_that_closed_its_output_can_still_be_stopped(
    stand_in: Callable[[str], FfmpegEncoder], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last megabytes of a file take time; the lease is looked after meanwhile."""
    monkeypatch.setattr(ffmpeg, "_BEAT_S", 0.1)
    beats = iter([True, True, True, False])
    with pytest.raises(Cancelled):
        stand_in("exec >&-; sleep 60").run_to_file([], timeout_s=20, beat=lambda _frames, _fps: next(beats))


def test_it_is_asked_even_while_nothing_comes(
    stand_in: Callable[[str], FfmpegEncoder], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow encode keeps its lease."""
    monkeypatch.setattr(ffmpeg, "_BEAT_S", 0.1)
    beats: list[int] = []

    def beat(frames: int, _fps: float, /) -> bool:
        beats.append(frames)
        return True

    stand_in("sleep 1.5").run_to_file([], timeout_s=20, beat=beat)
    assert 3 <= len(beats) < 200


@pytest.mark.parametrize(("script", "status"), [("exit 3", "3"), ("kill -SEGV $$", "-11"), ("kill -KILL $$", "-9")])
def test_failing_is_said_with_its_status(stand_in: Callable[[str], FfmpegEncoder], script: str, status: str) -> None:
    """By exit code or by signal."""
    with pytest.raises(Transient, match=f"ended with {status}: last words") as end:
        stand_in(f"echo last words >&2; {script}").run_to_file([], timeout_s=20, beat=go_on)
    assert end.value.code == "encode_interrupted"


def test_a_full_disk_is_no_fault_of_the_file() -> None:
    """It is tried again, under a code of its own: a live segment that FFmpeg gives up on is refused for good."""
    command = ["-v", "error", "-f", "lavfi", "-i", "testsrc2=s=64x64:d=1", "-f", "mpegts", "-y", "/dev/full"]
    with pytest.raises(Transient) as caught:
        FfmpegEncoder(FFMPEG).run_to_file(command, timeout_s=60, beat=go_on)
    assert caught.value.code == "scratch_full"


SIGNED = "https://bucket.s3.amazonaws.com/sources/rec/original?X-Amz-Credential=AKIA&X-Amz-Signature=5ec2e7"


@pytest.mark.parametrize("before", ["", "x" * 30_000 + " "])
@pytest.mark.parametrize("length", [0, 1900, 1950, 1990, 2000])
def test_no_url_is_repeated(stand_in: Callable[[str], FfmpegEncoder], before: str, length: int) -> None:
    """Nor half of one, wherever the last words are cut."""
    script = f"printf '{before}{SIGNED} '; head -c {length} /dev/zero | tr '\\0' y; exit 1"
    with pytest.raises(Transient) as end:
        stand_in(f"exec >&2; {script}").run_to_file([], timeout_s=20, beat=go_on)
    for secret in ("Signature", "5ec2e7", "amazonaws", "AKIA", "sources"):
        assert secret not in end.value.detail
    assert len(end.value.detail) < 2100


def test_real_ffmpeg_names_no_url_either(tmp_path: Path) -> None:
    """A server that refuses is reported without its address."""
    with pytest.raises(Transient) as end:
        FfmpegEncoder(FFMPEG).run_to_file(
            ["-nostdin", "-i", "http://127.0.0.1:1/original?sig=5ec2e7", str(tmp_path / "o.mp4")],
            timeout_s=20,
            beat=go_on,
        )
    assert "5ec2e7" not in end.value.detail
    assert "127.0.0.1:1/" not in end.value.detail


def test_a_system_without_authorities_has_botocores(
    stand_in: Callable[[str], FfmpegEncoder], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sources are read over TLS wherever boto3 itself could read them."""
    monkeypatch.setenv(ssl.get_default_verify_paths().openssl_cafile_env, str(tmp_path / "nothing.pem"))
    stand_in("tr '\\0' '\\n' < /proc/$$/environ > env").run_to_pipe([], timeout_s=20, beat=go_on, take=lambda _: None)
    bundle = Path((tmp_path / "env").read_text().strip().removeprefix("SSL_CERT_FILE="))
    assert (bundle.name, bundle.is_file()) == ("cacert.pem", True)


def test_the_child_knows_nothing_of_ours(
    stand_in: Callable[[str], FfmpegEncoder], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No credentials, no settings: only where certificate authorities are; input is closed, the group its own."""
    authorities = tmp_path / "authorities.pem"
    authorities.write_text("")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv(ssl.get_default_verify_paths().openssl_cafile_env, str(authorities))
    encoder = stand_in(
        "tr '\\0' '\\n' < /proc/$$/environ > env; cat > input; ulimit -c > core; ps -o pgid= -p $$ > group"
    )
    heard: list[bytes] = []
    encoder.run_to_pipe([], timeout_s=20, beat=go_on, take=heard.append)
    assert (tmp_path / "env").read_text().splitlines() == [f"SSL_CERT_FILE={authorities}"]
    assert (tmp_path / "input").read_bytes() == b""
    assert (tmp_path / "core").read_text() == "0\n"
    assert int((tmp_path / "group").read_text()) != os.getpgid(0)


def test_an_error_in_a_callback_ends_the_run(stand_in: Callable[[str], FfmpegEncoder], tmp_path: Path) -> None:
    """Storage that fails while output is taken leaves no process behind, and is what the caller sees."""

    def take(_data: bytes, /) -> None:
        raise Transient("aws_unavailable", "Storage.")

    with pytest.raises(Transient, match="aws_unavailable"):
        stand_in("echo $$ > pid; echo output; sleep 60").run_to_pipe([], timeout_s=20, beat=go_on, take=take)
    assert gone(int((tmp_path / "pid").read_text()))


def test_progress_survives_any_slicing_and_nonsense() -> None:
    """Lines may come in pieces; N/A and unknown keys are passed over."""
    text = b"frame=N/A\nfps=0.00\nframe=12\nfps=24.5\nbitrate=N/A\nprogress=continue\nframe=13"
    for size in (1, 3, 7, 200):
        progress = ffmpeg._Progress()
        for at in range(0, len(text), size):
            progress.feed(text[at : at + size])
        assert (progress.frames, progress.fps) == (12, 24.5)


def test_runs_leave_no_descriptor_open(stand_in: Callable[[str], FfmpegEncoder]) -> None:
    """A warm function makes thousands."""
    encoder = stand_in("exit 0")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        encoder.run_to_file([], timeout_s=20, beat=go_on)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_child_is_fed(tmp_path: Path, stand_in: Callable[[str], FfmpegEncoder]) -> None:
    """Everything, in order, however slowly it is taken."""
    pieces = [bytes([number]) * 100_000 for number in range(20)]
    encoder = stand_in("sleep 0.1; cat > fed")
    assert encoder.run_fed([], timeout_s=10, beat=go_on, feed=iter(pieces)) >= 0
    assert (tmp_path / "fed").read_bytes() == b"".join(pieces)


def test_a_feed_that_breaks_is_no_success(stand_in: Callable[[str], FfmpegEncoder]) -> None:
    """The child took the end of its input for the end of the media."""

    def feed() -> Iterator[bytes]:
        yield b"some"
        raise Transient("chunk_unreadable", "Gone.")

    with pytest.raises(Transient) as broken:
        stand_in("cat > /dev/null").run_fed([], timeout_s=10, beat=go_on, feed=feed())
    assert broken.value.code == "chunk_unreadable"


def test_a_child_that_stops_reading_says_why_by_its_status(stand_in: Callable[[str], FfmpegEncoder]) -> None:
    """Not by the pipe that broke."""
    endless = iter(lambda: b"x" * 100_000, b"")
    with pytest.raises(Transient, match="ended with 3"):
        stand_in("exit 3").run_fed([], timeout_s=10, beat=go_on, feed=endless)


def test_a_fed_child_is_killed_when_told_to_stop(stand_in: Callable[[str], FfmpegEncoder]) -> None:
    """Even while it reads nothing."""
    with pytest.raises(Cancelled):
        stand_in("sleep 60").run_fed([], timeout_s=10, beat=stop, feed=iter([b"x" * 1_000_000]))
