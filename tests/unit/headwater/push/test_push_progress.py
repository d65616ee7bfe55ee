"""What is counted and told of a push."""

from __future__ import annotations

from headwater.client.errors import ApiError
from headwater.push.backlog import Segment
from headwater.push.progress import Progress
from headwater.push.recorder import Pace

SEGMENT = Segment(0, 3, 500_000, 2.0, 1000.0)


def test_bitrate_and_lag() -> None:
    """Over the newest segments; the lag is that of what still waits when nothing gets through."""
    progress = Progress()
    progress.recorded(SEGMENT)
    progress.delivered(SEGMENT, 1002.5)
    now = progress.snapshot((0, 0.0, 0), 1003.0)
    assert (now.bitrate_kbps, now.lag_s, now.sent) == (2000, 0.5, 1)
    assert progress.snapshot((1, 2.0, 10), 1010.0, 1004.0).lag_s == 6.0


def test_each_thing_is_told_once() -> None:
    """Going offline and coming back, however many tries fail; a refusal of the server, however often it is shown."""
    progress = Progress()
    for _ in range(3):
        progress.offline("The server cannot be reached.")
    progress.online()
    progress.online()
    refusal = {"at": "2026-11-28T20:00:00Z", "name": "7.ts", "code": "no_key_frame", "detail": "No key frame."}
    old = refusal | {"name": "1.ts"}
    progress.heard({"status": "active", "ingest": {"refusals": [old]}})
    for _ in range(2):
        progress.heard({"status": "active", "ingest": {"refusals": [old, refusal]}})
    told = progress.notes()
    assert [note.code for note in told] == ["offline", "online", "refused"]
    assert told[2].sentence == "The server refused 7.ts: No key frame."
    assert progress.notes() == []


def test_losses_are_counted_and_told() -> None:
    """Dropped for room, superseded, refused by storage."""
    progress = Progress()
    progress.made_room([SEGMENT])
    progress.superseded([SEGMENT, SEGMENT])
    progress.superseded([])
    progress.refused(SEGMENT, ApiError(413, "segment_refused", "Too large."))
    now = progress.snapshot((0, 0.0, 0), 0.0)
    assert (now.dropped, now.refused, [note.code for note in progress.notes()]) == (
        3,
        1,
        ["spool_full", "epoch_superseded", "segment_refused"],
    )


def test_standby_ends_when_the_server_says_so() -> None:
    """A backup learns from the stream's status that it was put on the air."""
    progress = Progress("backup")
    progress.claimed(4, on_air=False)
    assert progress.snapshot((0, 0.0, 0), 0.0).on_air is False
    progress.heard({"status": "active", "on_air": {"epoch": 4, "input": "backup"}, "ingest": None})
    assert progress.snapshot((0, 0.0, 0), 0.0).on_air is True
    progress.heard({"status": "active", "on_air": {"epoch": 3, "input": "backup"}, "ingest": None})  # overtaken
    progress.heard({"status": "active", "on_air": {"epoch": 5, "input": "primary"}, "ingest": None})
    assert [note.code for note in progress.notes()] == ["epoch", "on_air", "standby"]


def test_falling_behind_real_time() -> None:
    """Is told at two seconds and when it has doubled, anew for each run."""
    pace = Pace()
    offsets = [100.0, 101.9, 102.1, 103.0, 104.3, 100.0]
    assert [round(pace.slipped(offset, fresh=n == 0), 1) for n, offset in enumerate(offsets)] == [0, 0, 2.1, 0, 4.3, 0]
    assert pace.slipped(500.0, fresh=True) == 0.0
    progress = Progress()
    progress.slow(4.3)
    assert progress.notes()[0].sentence.startswith("The stream has fallen 4 s behind real time")
