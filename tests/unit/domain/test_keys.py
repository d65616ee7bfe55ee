"""Names: built and parsed alike, never outside their folder."""

from __future__ import annotations

import posixpath
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import keys

IDS = st.from_regex(keys.RECORDING_ID, fullmatch=True)
NAMES = st.from_regex(r"[0-9a-z][0-9a-z-]{0,30}", fullmatch=True)
HEX = st.from_regex(r"[0-9a-f]{12}", fullmatch=True)
FACTS = st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5) | st.fractions(), max_size=4)


@given(IDS)
def test_sources_round_trip(recording: str) -> None:
    """An event's key leads back to its recording."""
    assert keys.is_recording_id(recording)
    assert keys.recording_of_source(keys.source_key(recording)) == recording


@given(st.text(max_size=40))
def test_no_other_key_is_a_source(key: str) -> None:
    """What is taken for a source is a source."""
    found = keys.recording_of_source(key)
    assert found is None or keys.source_key(found) == key


@given(IDS, HEX)
def test_what_is_prepared_lies_beside_its_source_and_is_none(recording: str, version: str) -> None:
    """Its own event must start nothing; whoever removes the recording finds it."""
    key = keys.prepared_key(recording, version)
    assert keys.recording_of_source(key) is None
    assert key.startswith(keys.prepared_prefix(recording))
    assert key.startswith(keys.source_prefix(recording))
    assert keys.source_key(recording).startswith(keys.source_prefix(recording))


ID = "rec_0123456789abcdefghij"


@pytest.mark.parametrize(
    "key",
    [
        f"sources/{ID}/original/",
        f"sources/{ID}/original\n",
        f"/sources/{ID}/original",
        f"sources/{ID}/other",
        f"sources/../sources/{ID}/original",
        f"sources/{ID.upper()}/original",
        f"sources/{ID}x/original",
        "sources//original",
        "sources/rec_\u0660123456789abcdefghi/original",
    ],
)
def test_near_misses_are_not_sources(key: str) -> None:
    """One character off is somebody else's object."""
    assert keys.recording_of_source(key) is None


@given(IDS, HEX, NAMES, st.integers(0, 99_999), NAMES)
def test_all_that_is_published_lies_under_the_recording(
    recording: str, version: str, rendition: str, chunk: int, attempt: str
) -> None:
    """The scope of its cookies holds all of it and nothing of another recording."""
    prefix = keys.media_prefix(recording)
    made = [
        keys.master_key(recording),
        keys.playlist_key(recording, version, rendition, f"job_{attempt}"),
        keys.chunk_key(recording, version, rendition, chunk, attempt),
        keys.iframes_key(recording, version, rendition, f"job_{attempt}"),
    ]
    for key in made:
        assert key.startswith(prefix)
        assert posixpath.normpath(key) == key
    assert len(set(made)) == len(made)
    # Playlists name chunks by their last part alone.
    assert len({posixpath.dirname(key) for key in made[1:]}) == 1


@given(st.integers(0, 99_998))
def test_chunks_sort_by_name(chunk: int) -> None:
    """Listing a folder shows the order of playing."""
    assert keys.chunk_key(ID, "v", "r", chunk, "z") < keys.chunk_key(ID, "v", "r", chunk + 1, "0")


@given(FACTS, FACTS)
def test_addresses_differ_exactly_when_facts_do(one: dict[str, object], other: dict[str, object]) -> None:
    """Order does not matter, content does."""
    assert keys.address(one) == keys.address(dict(reversed(one.items())))
    texts = [{name: str(value) for name, value in facts.items()} for facts in (one, other)]
    if texts[0] != texts[1]:
        assert keys.address(one) != keys.address(other)


@given(FACTS)
def test_the_same_request_is_the_same_job(facts: dict[str, object]) -> None:
    """On the same source of the same recording, and only there."""
    job = keys.job_id(ID, "v1", facts)
    assert re.fullmatch(r"job_[0-9a-f]{24}", job)
    assert keys.job_id(ID, "v1", dict(facts)) == job
    assert keys.job_id(ID, "v2", facts) != job
    assert keys.job_id(ID[:-1] + "k", "v1", facts) != job


def test_the_playlists_that_a_multivariant_one_names() -> None:
    """Renditions with their job; captions, I-frames and what is not ours are left out."""
    recording, job = "rec_0123456789abcdefghij", f"job_{'0123456789ab' * 2}"
    names = ("a-128k-0a", "v-640x360-250k-0b")
    uris = [f"/{keys.playlist_key(recording, '0123456789ab', name, job)}" for name in names]
    others = [f"/{keys.iframes_key(recording, '0123456789ab', 'v-1', job)}", f"/media/{recording}/captions/en/x.m3u8"]
    master = "\n".join(["#EXTM3U", f'#EXT-X-MEDIA:TYPE=AUDIO,URI="{uris[0]}"', uris[1], *others, "index-job_1.m3u8"])
    assert keys.playlists_in(master) == {"a-128k-0a": job, "v-640x360-250k-0b": job}
    assert keys.playlists_in("") == {}
