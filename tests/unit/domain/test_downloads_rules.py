"""Files to download: their names, what they are made of, and when they are whole."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.media import audio, plan, result, source, video

from chalicelib.domain.downloads import complete, file_name, join_command, plausible, recipe, slug

PLAN = plan(source(60, picture=video(), sound=audio()))
TOP = PLAN.video[-1]


def test_a_rendition_is_found_by_slug_and_by_id() -> None:
    """A picture comes with the default sound; sound comes alone; anything else is nothing."""
    assert PLAN.audio is not None
    for name in (slug(TOP), TOP.id):
        found = recipe(PLAN, name)
        assert found is not None
        assert found.ids == (TOP.id, PLAN.audio.id)
    alone = recipe(PLAN, PLAN.audio.id)
    assert alone is not None
    assert alone.ids == (PLAN.audio.id,)
    assert recipe(PLAN, "8k") is None
    assert slug(TOP) == TOP.name.lower().replace(" ", "-")


def test_without_sound_there_is_only_the_picture() -> None:
    """A screen recording."""
    mute = plan(source(60, picture=video()))
    found = recipe(mute, mute.video[0].id)
    assert found is not None
    assert found.ids == (mute.video[0].id,)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Lecture 1", "Lecture 1 720p 1000k.mp4"),
        ('a/b\\c:d*e?f"g<h>i|j', "a_b_c_d_e_f_g_h_i_j 720p 1000k.mp4"),
        ("../../etc/passwd", "_.._etc_passwd 720p 1000k.mp4"),
        ("...", "Recording 720p 1000k.mp4"),
        ("", "Recording 720p 1000k.mp4"),
        ("Vorlesung über Öl\n", "Vorlesung über Öl_ 720p 1000k.mp4"),
    ],
)
def test_file_names(title: str, expected: str) -> None:
    """The title, harmless on every system."""
    assert file_name(title, replace(TOP, name="720p 1000k")) == expected


@given(st.text(max_size=400).filter(lambda text: text.isprintable()))
def test_any_title_gives_a_name_that_fits(title: str) -> None:
    """255 bytes are a name's limit on most file systems."""
    name = file_name(title, TOP)
    assert 0 < len(name.encode()) <= 180
    assert not set(name) & set('/\\:*?"<>|')
    assert name.endswith(f" {TOP.name}.mp4")


def test_only_what_is_whole_is_joined() -> None:
    """Empty chunks of sound are left out, missing ones are waited for."""
    empty = replace(result(), segments=())
    assert complete([result(), result(), empty], 3) == [result(), result()]
    assert complete([result(), None, empty], 3) is None
    assert complete([result()], 2) is None


def test_a_file_that_is_too_small_is_not_believed() -> None:
    """A kilobyte a segment."""
    assert plausible(950, [result()])
    assert not plausible(700, [result()])


def test_the_command_copies_from_a_pipe_and_a_file() -> None:
    """Nothing else can be read, nothing is encoded, the index comes first."""
    command = " ".join(join_command(sound="/s/sound.mp4", output="/s/out.mp4"))
    assert "-protocol_whitelist pipe -format_whitelist mov -f mp4 -i pipe:0" in command
    assert "-protocol_whitelist file -format_whitelist mov -f mp4 -i /s/sound.mp4 -map 0:0 -map 1:0" in command
    assert "-c copy" in command
    assert command.endswith("-movflags +faststart -f mp4 /s/out.mp4")
    assert "1:0" not in join_command(sound=None, output="o")
