"""What can be chosen among: what is on show, and whose."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.live import STREAM_ID, segment
from support.live_fakes import put_state
from support.viewing import JOB, REC, RUNGS, SOUND, Cinema, job

from chalicelib.domain.live.state import LiveState
from chalicelib.domain.recording import RecordingStatus
from chalicelib.errors import Conflict
from chalicelib.services.ladders import FRESH_S
from chalicelib.services.quality import config_of

OTHER = "job_fedcba9876543210fedcba98"


def refusal(cinema: Cinema) -> str:
    """Return the code."""
    with pytest.raises(Conflict) as refused:
        cinema.ladders.of(cinema.recordings.rows[REC])
    return refused.value.code


def test_every_rung_on_show() -> None:
    """From the lowest up, without sound; the segment's length with it."""
    ladder = Cinema().ladders.of(Cinema().recordings.rows[REC])
    assert [level.id for level in ladder.profile.levels] == [rung.id for rung in RUNGS]
    assert (ladder.top, ladder.segment_s) == (4, 2.0)


def test_what_is_still_to_be_encoded_is_in_the_ladder_but_above_its_top() -> None:
    """So that a rung keeps its place while others join."""
    cinema = Cinema()
    cinema.show(job(SOUND, *RUNGS), SOUND, *RUNGS[:2])
    ladder = cinema.ladders.of(cinema.recordings.rows[REC])
    assert (ladder.profile.kbps, ladder.top) == ((250, 500, 1000, 2000, 4000), 1)


def test_a_ladder_is_read_once_in_ten_seconds() -> None:
    """However often it is asked for."""
    cinema = Cinema()
    recording = cinema.recordings.rows[REC]
    cinema.show(job(SOUND, *RUNGS), SOUND, *RUNGS[:2])
    assert cinema.ladders.of(recording).top == 1
    cinema.show(job(SOUND, *RUNGS), SOUND, *RUNGS)
    cinema.clock.time += FRESH_S / 2
    assert cinema.ladders.of(recording).top == 1
    cinema.clock.time += FRESH_S / 2
    assert cinema.ladders.of(recording).top == 4


def test_the_old_ladder_stays_until_the_new_one_is_on_show() -> None:
    """Another job on a ready recording changes nothing yet."""
    cinema = Cinema()
    cinema.jobs.rows[OTHER] = job(SOUND, RUNGS[4], job_id=OTHER)
    recording = replace(cinema.recordings.rows[REC], job_id=OTHER)
    assert len(cinema.ladders.of(recording).profile) == 5
    cinema.show(cinema.jobs.rows[OTHER], SOUND, RUNGS[4])
    cinema.restart()
    assert cinema.ladders.of(recording).profile.kbps == (4000,)


def test_nothing_to_choose_among() -> None:
    """Each with its own code."""
    cinema = Cinema()
    cinema.show(job(SOUND), SOUND)
    assert refusal(cinema) == "no_picture"
    cinema.media.bodies.clear()
    assert refusal(cinema) == "not_playable_yet"
    cinema.show(job(SOUND, *RUNGS), SOUND, *RUNGS)
    del cinema.jobs.rows[JOB]
    assert refusal(cinema) == "not_playable_yet"
    cinema.recordings.update(REC, status=RecordingStatus.ERRORED, error_detail="It failed.")
    assert refusal(cinema) == "recording_errored"


def test_a_stream_has_the_rungs_it_is_packaged_in() -> None:
    """From its first segment on; all of them, for all are stored at once. Sound alone is none."""
    cinema = Cinema()
    live = replace(cinema.recordings.rows[REC], status=RecordingStatus.LIVE, stream_id=STREAM_ID, job_id="")
    cinema.recordings.rows[REC] = live
    assert refusal(cinema) == "not_playable_yet"
    state = LiveState(STREAM_ID, REC, renditions=(SOUND, *RUNGS))
    put_state(cinema.source, state)
    assert refusal(cinema) == "not_playable_yet"
    put_state(cinema.source, state.accept(segment(0), 0.0))
    ladder = cinema.ladders.of(live)
    assert (ladder.profile.kbps, ladder.top, ladder.segment_s, ladder.live) == (
        (250, 500, 1000, 2000, 4000),
        4,
        2.0,
        True,
    )
    assert (config_of(ladder).live, config_of(ladder).max_buffer_s) == (True, 12.0)
    cinema.restart()
    assert not cinema.ladders.of(replace(live, status=RecordingStatus.READY)).live
    cinema.restart()
    put_state(cinema.source, replace(state, renditions=(SOUND,)).accept(segment(0), 0.0))
    assert refusal(cinema) == "no_picture"
