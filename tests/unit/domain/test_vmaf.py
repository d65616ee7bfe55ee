"""Which moments are compared with the source, by which command, and what its log says."""

from __future__ import annotations

import json

import pytest
from support.media import plan, source, video

from chalicelib.domain.vmaf import mean, read_vmaf, sample_chunks, vmaf_command
from chalicelib.errors import Transient

LONG = plan(source(600, picture=video()))


def test_samples_are_spread_over_the_recording() -> None:
    """A sixth in, half-way, a sixth before the end."""
    starts = [float(chunk.start_s(LONG.segment_s)) for chunk in sample_chunks(LONG)]
    assert [100 - start < 30 for start in starts[:1]] == [True]
    assert all(0 <= moment - start < 30 for moment, start in zip((100, 300, 500), starts, strict=True))


def test_a_short_recording_has_fewer() -> None:
    """One chunk is looked at once."""
    assert [chunk.index for chunk in sample_chunks(plan(source(1, picture=video())))] == [0]


def test_both_sides_are_fenced_in_and_compared_by_frame_number() -> None:
    """The source by its own demuxer, the chunk by MP4's; as many frames of each as a segment has."""
    rung = LONG.video[1]
    chunk = sample_chunks(LONG)[1]
    command = vmaf_command(LONG, rung, chunk, source_url="http://h/s", chunk_url="https://h/c", log="/scratch/log.json")
    first, second = (index for index, word in enumerate(command) if word == "-i")
    assert (command[first + 1], command[second + 1]) == ("http://h/s", "https://h/c")
    assert [command[i + 1] for i, word in enumerate(command) if word == "-format_whitelist"] == ["mov", "mov"]
    assert [command[i + 1] for i, x in enumerate(command) if x == "-protocol_whitelist"] == [
        "http,tcp",
        "https,tls,tcp",
    ]
    graph = command[command.index("-filter_complex") + 1]
    assert graph.count("trim=end_frame=48,settb=1/24,setpts=N") == 2
    assert "scale=1920:1080" in graph
    assert "log_path=/scratch/log.json" in graph
    assert command.index("-ss") < first


def test_a_large_source_is_compared_at_the_models_size() -> None:
    """VMAF's model was made for 1080p."""
    large = plan(source(60, picture=video(3840, 2160)))
    command = vmaf_command(
        large, large.video[0], large.chunks[0], source_url="http://h/s", chunk_url="http://h/c", log="l"
    )
    assert "3840" not in command[command.index("-filter_complex") + 1]


def test_the_log_is_read_frame_by_frame() -> None:
    """Two frames, and their mean to a tenth."""
    log = json.dumps({"frames": [{"metrics": {"vmaf": 90.04}}, {"metrics": {"vmaf": 95.0}}]})
    assert read_vmaf(log) == [90.04, 95.0]
    assert mean(read_vmaf(log)) == 92.5


@pytest.mark.parametrize("log", ["", "{}", "[]", '{"frames": []}', '{"frames": [{"metrics": {}}]}', '{"frames": 5}'])
def test_a_log_without_scores_is_an_error(log: str) -> None:
    """Not a score of nothing."""
    with pytest.raises(Transient) as caught:
        read_vmaf(log)
    assert caught.value.code == "vmaf_unreadable"
