"""One audio rendition for each track, named and distinct; packets are kept only where nothing can go wrong."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.media import audio, plan, source, video

from chalicelib.domain.media import Role
from chalicelib.domain.soundtracks import plan_audio

if TYPE_CHECKING:
    from chalicelib.domain.media import AudioTrack

ROLES = st.sampled_from(list(Role))


def names(*tracks: AudioTrack) -> list[str]:
    """What a player would list."""
    return [r.name for r in plan_audio(source(picture=video(), audios=tracks), {})]


@pytest.mark.parametrize(
    ("track", "expected"),
    [
        (audio(), "Audio"),
        (audio(language="deu"), "Deutsch"),
        (audio(language="fra", title="Version québécoise"), "français - Version québécoise"),
        (audio(language="eng", title="English 5.1"), "English 5.1"),
        (audio(title='The "real" one'), "The 'real' one"),
        (audio(language="eng", role=Role.COMMENTARY), "English (commentary)"),
        (audio(language="eng", title="Director's Commentary", role=Role.COMMENTARY), "English - Director's Commentary"),
        (audio(language="eng", role=Role.DESCRIBED), "English (audio description)"),
    ],
)
def test_names(track: AudioTrack, expected: str) -> None:
    """As the file's author put it, with the language in its own words."""
    assert names(track) == [expected]


def test_names_are_told_apart() -> None:
    """Two tracks of one language, or of none."""
    assert names(*(audio(index=i) for i in range(3))) == ["Audio", "Audio 2", "Audio 3"]
    assert names(audio(index=0, language="en"), audio(index=1, language="eng")) == ["English", "English 2"]


@given(st.lists(st.tuples(st.sampled_from(["und", "en", "deu", "x"]), st.text(max_size=3), ROLES), max_size=8))
def test_names_and_ids_are_unique(facts: list[tuple[str, str, Role]]) -> None:
    """Whatever the file says; and one of them, no more, is what plays."""
    tracks = tuple(audio(index=i, language=tag, title=title, role=role) for i, (tag, title, role) in enumerate(facts))
    made = plan_audio(source(picture=video(), audios=tracks), {})
    assert [r.track for r in made] == [t.index for t in tracks]
    assert len({r.name for r in made}) == len({r.id for r in made}) == len(made)
    assert sum(r.default for r in made) == min(1, len(made))
    assert not [r.name for r in made if '"' in r.name]


def test_languages_are_tags() -> None:
    """The shortest code, as playlists want it; nonsense is no language."""
    tracks = (audio(index=0, language="deu"), audio(index=1, language="zho-Hant"), audio(index=2, language="?"))
    assert [r.language for r in plan_audio(source(audios=tracks), {})] == ["de", "zh-Hant", "und"]


def test_the_default_is_the_files() -> None:
    """Playable needs this one only."""
    made = plan(source(picture=video(), audios=(audio(index=0), audio(index=1, default=True))))
    assert made.audio is made.audios[1]


@pytest.mark.parametrize(
    ("sound", "copied"),
    [
        (audio(bitrate_kbps=128), True),
        (audio(bitrate_kbps=320), False),
        (audio(bitrate_kbps=160), True),
        (audio(bitrate_kbps=161), False),
        (audio(bitrate_kbps=128, duration_s=60 - Fraction(1, 30)), True),
        (audio(bitrate_kbps=128, duration_s=60 - Fraction(1, 29)), False),
        (audio(bitrate_kbps=128, channels=6), False),
        (audio(bitrate_kbps=128, profile="HE-AAC"), False),
        (audio(bitrate_kbps=128, start_s=Fraction(1)), False),
        (audio(bitrate_kbps=128, duration_s=Fraction(50)), False),
        (audio(bitrate_kbps=128, codec="opus"), False),
        (audio(bitrate_kbps=128, unbroken=False), False),
    ],
)
def test_sound_is_copied_only_when_nothing_can_go_wrong(sound: AudioTrack, *, copied: bool) -> None:
    """Plain AAC-LC without holes in step with the picture is kept; everything else is encoded."""
    (rendition,) = plan_audio(source(picture=video(), sound=sound), {})
    assert rendition.copy is copied
