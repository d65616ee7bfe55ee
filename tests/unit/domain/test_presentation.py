"""The master at any moment of a job, read by a stranger's parser."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import m3u8
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.media import RECORDING_ID, audio, job, plan, result, source, video

from chalicelib.domain.job import Segment
from chalicelib.domain.presentation import render_master, target_duration

if TYPE_CHECKING:
    from chalicelib.domain.job import ChunkResult, JobPlan, Rendition

PLAN = plan(source(60, picture=video(1280, 720), sound=audio(language="deu")))
SOUND = PLAN.renditions[0].id
LOW, MIDDLE, HIGH = (r.id for r in PLAN.video)
HEARD = result(codec="mp4a.40.2", size=30_000)


def render(
    results: dict[str, list[ChunkResult]],
    *,
    final: bool = False,
    planned: bool = False,
    closed: bool = False,
    of: Any = PLAN,
) -> Any:
    """The parsed master; None when nothing can be played."""
    text, count = render_master(job(of), results, final=final, planned=planned, closed=closed)
    parsed = m3u8.loads(text) if text else None
    uris = {entry.uri for entry in (*parsed.playlists, *parsed.media)} if parsed else set()
    assert count == len(uris)
    return parsed


@pytest.mark.parametrize(
    "results", [{}, {SOUND: [HEARD]}, {LOW: [result()]}, {SOUND: [HEARD], HIGH: [result()]}, {SOUND: [], LOW: []}]
)
def test_nothing_before_sound_and_the_lowest_rung(results: dict[str, list[ChunkResult]]) -> None:
    """Planned or not."""
    assert render(results) is None
    assert render(results, planned=True) is None


@given(st.sets(st.sampled_from([MIDDLE, HIGH])))
def test_rungs_are_listed_from_the_lowest_up(begun: set[str]) -> None:
    """Those that have begun; planned, all of them; every address is absolute and under the recording."""
    results = {SOUND: [HEARD], LOW: [result()]} | {rung: [result()] for rung in begun}
    listed = [p.uri for p in render(results).playlists]
    assert [uri.split("/")[-2] for uri in listed] == [r.id for r in PLAN.video if r.id in results]
    assert all(uri.startswith(f"/media/{RECORDING_ID}/{PLAN.source_version}/") for uri in listed)
    assert len(render(results, planned=True).playlists) == 3


def test_sound_is_a_rendition_with_its_language() -> None:
    """And part of every variant's bandwidth and codecs."""
    parsed = render({SOUND: [HEARD], LOW: [result(size=50_000)]}, final=True)
    (sound,), (variant, _) = parsed.media, parsed.playlists
    assert (sound.language, sound.uri.split("/")[-2]) == ("de", SOUND)
    assert variant.stream_info.codecs == "avc1.64001F,mp4a.40.2"
    assert variant.stream_info.bandwidth == (50_000 + 30_000) * 8 // 2
    assert variant.stream_info.average_bandwidth == variant.stream_info.bandwidth


def test_the_finished_playlist_starts_with_about_two_megabits() -> None:
    """A1.32, by what a variant asks of the network; the others from the lowest up. Before, the lowest is furthest."""
    results = {SOUND: [HEARD], LOW: [result(size=50_000)], MIDDLE: [result(size=450_000)], HIGH: [result(size=900_000)]}
    order = [p.uri.split("/")[-2] for p in render(results, final=True).playlists]
    assert order == [MIDDLE, LOW, HIGH, SOUND]
    assert [p.uri.split("/")[-2] for p in render(results).playlists] == [LOW, MIDDLE, HIGH]


def test_sound_alone_goes_on_where_no_picture_would() -> None:
    """A9.21: a variant that a cellular network carries, with the sound's bandwidth; only where all is whole."""
    results = {SOUND: [HEARD], LOW: [result()]}
    lone = render(results, final=True).playlists[-1]
    info = lone.stream_info
    assert (lone.uri.split("/")[-2], info.codecs, info.resolution) == (SOUND, "mp4a.40.2", None)
    assert (info.bandwidth, info.audio) == (30_000 * 8 // 2, "audio")
    for more in ({"planned": True}, {"closed": True}, {}):
        assert [p.uri.split("/")[-2] for p in render(results, **more).playlists][-1] != SOUND


def test_key_frames_are_listed_once_all_is_whole() -> None:
    """With what they ask of a network; not for a rendition of which some are unknown."""
    unknown = replace(result(), segments=(Segment(800, 1000, 48_000),))
    results = {SOUND: [HEARD], LOW: [result(segments=2, size=8000)], MIDDLE: [unknown]}
    assert render(results).iframe_playlists == []
    (listed,) = render(results, final=True).iframe_playlists
    assert listed.uri == f"/media/{RECORDING_ID}/{PLAN.source_version}/{LOW}/iframes-job_1.m3u8"
    info = listed.iframe_stream_info
    assert (info.bandwidth, info.average_bandwidth, info.codecs) == (8000, 8000, "avc1.64001F")
    assert info.resolution == (PLAN.video[0].width, PLAN.video[0].height)


def spoken(*sounds: Rendition) -> JobPlan:
    """The plan with these sounds in place of its own."""
    return replace(PLAN, renditions=(*sounds, *PLAN.video))


ENGLISH = replace(PLAN.renditions[0], id="a-en", name="Sound", language="en", default=False)
GERMAN = replace(PLAN.renditions[0], id="a-de", name="Sound", language="de", default=True)
COMMENT = replace(PLAN.renditions[0], id="a-com", name="Sound", language="de", default=False)


def test_every_language_has_a_name_of_its_own() -> None:
    """One default, which is the plan's; a second sound in its language is not taken unasked."""
    results = {sound.id: [HEARD] for sound in (ENGLISH, COMMENT, GERMAN)} | {LOW: [result()]}
    media = render(results, of=spoken(ENGLISH, COMMENT, GERMAN)).media
    assert [(m.uri.split("/")[-2], m.name, m.language, m.default, m.autoselect) for m in media] == [
        ("a-en", "Sound", "en", "NO", "YES"),
        ("a-com", "Sound 2", "de", "NO", "NO"),
        ("a-de", "Sound 3", "de", "YES", "YES"),
    ]


def test_variants_ask_for_the_largest_sound_and_name_every_codec() -> None:
    """Whichever the viewer chooses fits (A9.13)."""
    other = result(codec="mp4a.40.5", size=50_000)
    results = {ENGLISH.id: [other], GERMAN.id: [HEARD], LOW: [result(size=100_000)]}
    info = render(results, of=spoken(ENGLISH, GERMAN), final=True).playlists[0].stream_info
    assert info.bandwidth == (100_000 + 50_000) * 8 // 2
    assert info.codecs == "avc1.64001F,mp4a.40.5,mp4a.40.2"


def test_only_the_default_sound_is_waited_for() -> None:
    """The others join as they begin; of what was ended in the middle, those that reach as far."""
    made = spoken(ENGLISH, GERMAN)
    assert render({ENGLISH.id: [HEARD], LOW: [result()]}, of=made) is None
    results = {GERMAN.id: [HEARD, HEARD], LOW: [result(), result()]}
    assert [m.language for m in render(results, of=made).media] == ["de"]
    results[ENGLISH.id] = [HEARD]
    assert [m.language for m in render(results, of=made).media] == ["en", "de"]
    assert [m.language for m in render(results, of=made, closed=True).media] == ["de"]


def test_several_sounds_without_a_picture_are_a_group() -> None:
    """One variant, the default one's; the others are chosen in the group."""
    made = replace(spoken(ENGLISH, GERMAN), renditions=(ENGLISH, GERMAN))
    parsed = render({ENGLISH.id: [HEARD], GERMAN.id: [HEARD]}, of=made, final=True)
    assert [p.uri.split("/")[-2] for p in parsed.playlists] == ["a-de"]
    assert [m.language for m in parsed.media] == ["en", "de"]


def test_until_the_end_ceilings_are_declared() -> None:
    """A rung that began with black frames is not called a slow one."""
    info = render({SOUND: [HEARD], LOW: [result(size=10)]}).playlists[0].stream_info
    assert info.bandwidth >= 250 * 1100 + 128 * 1100


def test_sound_alone_is_the_only_variant() -> None:
    """No audio group: it is what plays."""
    lone = plan(source(60, sound=audio()))
    assert render({}, of=lone) is None
    parsed = render({lone.renditions[0].id: [HEARD]}, of=lone)
    assert (len(parsed.playlists), len(parsed.media)) == (1, 0)
    assert parsed.playlists[0].stream_info.codecs == "mp4a.40.2"


def test_a_silent_film_waits_for_no_sound() -> None:
    """One codec, no group."""
    silent = plan(source(60, picture=video(640, 360)))
    parsed = render({silent.video[0].id: [result()]}, of=silent)
    assert (parsed.media, parsed.playlists[0].stream_info.codecs) == ([], "avc1.64001F")


@pytest.mark.parametrize("rate", [30, Fraction(30_000, 1001), 25, Fraction(24_000, 1001), 0])
def test_the_target_is_two_seconds_for_every_source(rate: object) -> None:
    """It never changes and is the same for every rendition (A8.2)."""
    made: JobPlan = plan(source(60, picture=video(rate=rate), sound=audio()))
    assert target_duration(made) == 2
    for rendition in made.video:
        assert round(rendition.frames_per_segment / rendition.frame_rate) <= 2
