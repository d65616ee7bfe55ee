"""Names of a stream's objects: built and parsed alike, never outside their folder."""

from __future__ import annotations

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.keys import RECORDING_ID, download_key, media_prefix, recording_of_source, source_prefix
from chalicelib.domain.live import keys
from chalicelib.domain.live.push import pushed_as

STREAMS = st.from_regex(keys.STREAM_ID, fullmatch=True)
RECORDINGS = st.from_regex(RECORDING_ID, fullmatch=True)
NAMES = st.from_regex(r"[0-9a-z][0-9a-z-]{0,30}", fullmatch=True)
ID = "live_0123456789abcdefghij"


@given(STREAMS, st.integers(1, 10**9 - 1), st.integers(0, 10**12 - 1), st.sampled_from(["m4s", "mp4", "ts"]))
def test_what_encoders_send_leads_back_to_its_stream(stream: str, epoch: int, n: int, extension: str) -> None:
    """Stream, epoch and number come out as they went in."""
    key = f"{keys.epoch_prefix(stream, epoch)}{n}.{extension}"
    found = keys.parse_ingested(key)
    assert found is not None
    assert (found.stream_id, found.epoch, found.n, found.key) == (stream, epoch, n, key)
    assert key.startswith(keys.ingest_prefix(stream))
    init = keys.parse_ingested(keys.epoch_prefix(stream, epoch) + keys.INIT)
    assert init is not None
    assert init.n is None


@given(st.text(max_size=80))
def test_no_other_key_is_taken_for_a_segment(text: str) -> None:
    """What is taken for one lies below its stream's folder, and is spelled as we spell it."""
    for key in (text, f"ingest/{ID}/1/{text}", f"ingest/{ID}/{text}/0.m4s", f"ingest/{text}/1/0.m4s"):
        found = keys.parse_ingested(key)
        if found is not None:
            assert posixpath.normpath(key) == key
            assert key.startswith(keys.ingest_prefix(found.stream_id))


@given(st.text(max_size=80))
def test_names_that_encoders_choose_never_become_paths(name: str) -> None:
    """A name is read for its number; the key is written anew from that."""
    pushed = pushed_as(name)
    if pushed is not None:
        key = keys.epoch_prefix(ID, 1) + pushed.name
        assert posixpath.dirname(key) == f"ingest/{ID}/1"
        assert keys.parse_ingested(key) is not None


@pytest.mark.parametrize(
    "key",
    [
        f"ingest/{ID}/1/../2/0.m4s",
        f"ingest/{ID}/1/0.m4s\n",
        f"ingest/{ID}/1/0.m4s/",
        f"ingest/{ID}/1//0.m4s",
        f"ingest/{ID}/-1/0.m4s",
        f"ingest/{ID}/1/0.m3u8",
        f"/ingest/{ID}/1/0.m4s",
        f"ingest/{ID.upper()}/1/0.m4s",
        f"ingest/{ID}/\u0661/0.m4s",
        f"ingest/{ID}/1/\u0660.m4s",
        f"sources/{ID}/1/0.m4s",
    ],
)
def test_near_misses_are_none_of_ours(key: str) -> None:
    """One character off is nobody's segment."""
    assert keys.parse_ingested(key) is None


@given(RECORDINGS, NAMES, st.integers(0, 999), st.integers(0, 10**8 - 1), NAMES)
def test_all_that_viewers_fetch_lies_under_their_recording(
    recording: str, rendition: str, run: int, n: int, attempt: str
) -> None:
    """The scope of its cookies holds all of it; the folder of sources, where downloads lie, holds none of it."""
    stem = keys.segment_stem(run, n, attempt)
    folder = keys.live_rendition_prefix(recording, rendition)
    made = [
        keys.live_playlist_key(recording, rendition),
        keys.recording_playlist_key(recording, rendition),
        keys.live_iframes_key(recording, rendition),
        folder + keys.part_name(stem, 0),
        folder + keys.init_name(stem),
    ]
    assert len(set(made)) == len(made)
    for key in made:
        assert key.startswith(media_prefix(recording))
        assert posixpath.normpath(key) == key
        assert keys.parse_ingested(key) is None
    download = download_key(recording, "0123456789ab", [rendition])
    assert download.startswith(source_prefix(recording))
    assert recording_of_source(download) is None
