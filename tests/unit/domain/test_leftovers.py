"""Which objects nobody will ever name."""

from __future__ import annotations

import pytest

from chalicelib.domain.caption_tracks import track_key
from chalicelib.domain.keys import chunk_key, download_key, master_key, playlist_key, poster_key, prepared_key
from chalicelib.domain.leftovers import AGE_S, Leftovers, leftovers, replaced
from chalicelib.domain.live.keys import init_name, live_playlist_key, live_rendition_prefix, part_name, segment_stem

ID, VERSION, NOW = "rec_0123456789abcdefghij", "0123456789ab", 1_800_000_000.0
OLD, YOUNG = NOW - AGE_S - 1, NOW - AGE_S
FOLDER = live_rendition_prefix(ID, "v-640x360-250k-0123abcd")
STEM = segment_stem(0, 7, "abc123")
MADE = [
    chunk_key(ID, VERSION, "v-640x360-250k-0123abcd", 3, "k3j9x0a1b2"),
    chunk_key(ID, VERSION, "t-160x90-0123abcd", 3, "k3j9x0a1b2", "jpg"),
    poster_key(ID, VERSION, "0123abcd"),
    FOLDER + part_name(STEM, 0),
    FOLDER + init_name(STEM),
]
SHARED = [
    master_key(ID),
    playlist_key(ID, VERSION, "v-640x360-250k-0123abcd", "job_0123"),
    live_playlist_key(ID, "v-640x360-250k-0123abcd"),
    f"media/{ID}/captions/named-by-a-person.vtt",
    f"media/{ID}/whatever/a/later/version/writes.mp4",
    f"media/rec_short/{VERSION}/v/00000-k3j9x0a1b2.mp4",
]


@pytest.mark.parametrize("key", MADE)
def test_what_an_attempt_made_goes_when_it_is_old_and_unnamed(key: str) -> None:
    """Too young, it is looked at again; named, it stays for good."""
    assert leftovers([(key, OLD)], frozenset(), NOW) == Leftovers((key,), unsettled=False)
    assert leftovers([(key, YOUNG)], frozenset(), NOW) == Leftovers((), unsettled=True)
    assert leftovers([(key, OLD)], frozenset({key}), NOW) == Leftovers((), unsettled=False)


def test_captions_go_with_their_playlists() -> None:
    """Which are known by the name of their file."""
    track = track_key(ID, "pt-BR", "0123456789abcdef", "k3j9x0a1b2")
    listed = [track, f"{track.removesuffix('.vtt')}-7000.m3u8"]
    assert leftovers([(key, OLD) for key in listed], frozenset(), NOW) == Leftovers(tuple(listed), unsettled=False)
    assert leftovers([(key, OLD) for key in listed], frozenset({track}), NOW) == Leftovers((), unsettled=False)


@pytest.mark.parametrize("key", SHARED)
def test_what_has_one_name_for_all_writers_stays(key: str) -> None:
    """And so does what is not known here."""
    assert leftovers([(key, OLD)], frozenset(), NOW) == Leftovers((), unsettled=False)


def test_what_was_made_of_a_replaced_source_goes() -> None:
    """Prepared copies and files to download; the source itself and what is made of it now stay."""
    old, new = "aaaaaaaaaaaa", "bbbbbbbbbbbb"
    stale = [prepared_key(ID, old), download_key(ID, old, ["v-1", "a-1"])]
    fresh = [prepared_key(ID, new), download_key(ID, new, ["v-1", "a-1"]), f"sources/{ID}/original"]
    assert replaced([(key, OLD) for key in stale + fresh], new, NOW) == Leftovers(tuple(stale), unsettled=False)
    assert replaced([(stale[0], YOUNG)], new, NOW) == Leftovers((), unsettled=True)
