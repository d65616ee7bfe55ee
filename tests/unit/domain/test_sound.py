"""The command for a sound track: fenced in, on the timeline, and as long as the recording."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from support.media import audio, plan, source, video

from chalicelib.domain.sound import audio_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.media import AudioTrack, SourceMedia

URL = "https://bucket.test/original?X-Amz-Signature=1"
PICTURE = video(640, 360, start_pts=512)


def command(media: SourceMedia, which: int = 0, url: str = URL) -> list[str]:
    """Arguments of one of a source's sound tracks."""
    made = plan(media)
    return audio_command(made, made.audios[which], url=url)


def option(arguments: Sequence[str], name: str) -> str:
    """The value after an option; it is given once."""
    assert arguments.count(name) == 1
    return arguments[arguments.index(name) + 1]


def tracks(*sounds: AudioTrack) -> SourceMedia:
    """A minute of picture with these sounds."""
    return source(61, picture=PICTURE, audios=sounds)


@pytest.mark.parametrize(("url", "protocols"), [(URL, "https,tls,tcp"), ("http://127.0.0.1/x", "http,tcp")])
def test_the_input_is_fenced_in(url: str, protocols: str) -> None:
    """Only the probed demuxer and the URL's own protocol, and before `-i`, where they count."""
    arguments = command(tracks(audio()), url=url)
    before = arguments[: arguments.index("-i")]
    assert option(before, "-format_whitelist") == "mov"
    assert option(before, "-protocol_whitelist") == protocols
    assert int(option(before, "-rw_timeout")) <= 30_000_000
    assert [a for a in arguments if a == url] == [url]


def test_nothing_of_the_source_reaches_the_output_unasked() -> None:
    """No title, no place, no chapters, no subtitles, no other stream."""
    arguments = command(tracks(audio()))
    assert option(arguments, "-map_metadata") == "-1"
    assert option(arguments, "-map_chapters") == "-1"
    assert [arguments[i + 1] for i, a in enumerate(arguments) if a == "-map"] == ["0:a:0", "[sound]"]
    assert {"-vn", "-sn", "-dn"} <= set(arguments)


def test_each_rendition_reads_its_own_track() -> None:
    """By its number among the audio streams, encoded or copied."""
    fit = audio(index=4, bitrate_kbps=128, start_s=Fraction(1, 30), duration_s=Fraction(61))
    media = tracks(audio(index=1), fit)
    assert "0:a:1" in command(media, 0)
    assert option(command(media, 1), "-map") == "0:a:4"


def test_sound_is_whole_and_as_long_as_the_picture() -> None:
    """From the timeline's zero on, filled with silence or cut to its end, in fragments of a segment."""
    arguments = command(tracks(audio()))
    assert option(arguments, "-af").startswith("asetpts=PTS-0.033333/TB")
    assert "first_pts=0,apad=whole_dur=61.000000,atrim=end=61.000000" in option(arguments, "-filter_complex")
    assert "-ss" not in arguments
    assert (option(arguments, "-frag_duration"), arguments[-1]) == ("2000000", "pipe:1")


def test_nothing_that_counts_is_rebuilt_when_the_source_changes() -> None:
    """The graph behind the decoder starts again with every change of layout; filling belongs behind the second one."""
    first = option(command(tracks(audio())), "-af")
    assert not [part for part in ("first_pts", "apad", "atrim", "async") if part in first]


def test_sound_alone_is_as_long_as_it_is() -> None:
    """Nothing to fill up to; it begins where it begins."""
    arguments = command(source(61, sound=audio(start_s=Fraction(1, 2))))
    assert "apad" not in option(arguments, "-filter_complex")
    assert option(arguments, "-af").startswith("asetpts=PTS-0.500000/TB")


def test_several_sounds_alone_are_equally_long() -> None:
    """A player may change from one to the other anywhere."""
    media = source(61, audios=(audio(index=0, start_s=Fraction(2)), audio(index=1, start_s=Fraction(1, 2))))
    for which in (0, 1):
        arguments = command(media, which)
        assert "apad=whole_dur=61.000000,atrim=end=61.000000" in option(arguments, "-filter_complex")
        assert option(arguments, "-af").startswith("asetpts=PTS-0.500000/TB")


@pytest.mark.parametrize(("channels", "spread"), [(1, True), (2, False), (6, False)])
def test_mono_is_heard_at_its_level(channels: int, spread: bool) -> None:  # noqa: FBT001  parametrized
    """In both ears, without the 3 dB that FFmpeg would take."""
    filters = option(command(tracks(audio(channels=channels))), "-af")
    assert ("pan=stereo|c0=c0|c1=c0" in filters) is spread
    assert filters.endswith("channel_layouts=stereo")


def test_sound_that_is_fit_is_copied() -> None:
    """Packets as they are, moved to our zero."""
    arguments = command(source(61, sound=audio(bitrate_kbps=128, duration_s=Fraction(61)), picture=video()))
    assert option(arguments, "-c:a") == "copy"
    assert option(arguments, "-bsf:a").startswith("setts=ts=TS-0.000000/TB,")
    assert not {"-af", "-filter_complex", "-dec"} & set(arguments)
