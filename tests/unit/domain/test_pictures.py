"""The filter graph: what must come before what, and what is shared."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from support.media import plan, source, video

from chalicelib.domain.pictures import filter_graph

PLAN = plan(source(61, picture=video()))
LADDER = PLAN.video
"""360p and twice 720p at 24 fps, twice 1080p at 30."""
TO_709 = "out_color_matrix=bt709:out_range=tv,setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709"
SDR = f"flags=bicubic:in_color_matrix=auto:{TO_709},setsar=1"


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [
        ({"interlaced": True}, ["bwdif", "setpts"]),
        ({"transfer": "smpte2084"}, ["scale=", "zscale", "tonemap", "format=yuv420p"]),
        ({"transfer": "arib-std-b67"}, ["scale=", "zscale", "tonemap", "format=yuv420p"]),
        ({"transfer": "bt709"}, ["setpts", "fps=", "scale=640:360", "setsar=1,format=yuv420p"]),
    ],
)
def test_filters_in_their_order(facts: dict[str, Any], wanted: list[str]) -> None:
    """Fields are joined before frames are counted, tone mapping is last and only for HDR."""
    graph = filter_graph(source(61, picture=video(**facts)), LADDER[:1], Fraction(0))
    places = [graph.index(part) for part in wanted]
    assert places == sorted(places)
    assert ("tonemap" in graph) is ("tonemap" in wanted)
    assert ("bwdif" in graph) is ("bwdif" in wanted)


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [
        ({}, f"in_color_matrix=auto:{TO_709}"),
        ({"tagged": False}, f"in_color_matrix=bt709:{TO_709}"),
        ({"tagged": False, "width": 720, "height": 576}, f"in_color_matrix=bt601:{TO_709}"),
        ({"tagged": False, "width": 720, "height": 1280}, f"in_color_matrix=bt709:{TO_709}"),
        ({"wide": True}, "colorspace=bt2020nc,zscale=p=bt709:t=bt709:m=bt709:r=tv"),
        (
            {"transfer": "smpte2084", "tagged": False},
            "setparams=color_primaries=bt2020:colorspace=bt2020nc,zscale=t=li",
        ),
    ],
)
def test_colours(facts: dict[str, Any], wanted: str) -> None:
    """Whatever the source's matrix, known or usual for its size, all rungs are BT.709 and say so."""
    assert wanted in filter_graph(source(61, picture=video(**facts)), LADDER[:1], Fraction(0))


def test_one_rendition_is_one_line() -> None:
    """Nothing is split; frames are counted from the first one, whose time is not zero."""
    graph = filter_graph(source(61, picture=video(start_pts=512)), LADDER[1:2], Fraction(6))
    assert graph == (
        "[0:V:0]setpts=PTS-512[r0];[r0]fps=fps=24:start_time=6.000000:round=near[r0s0];"
        f"[r0s0]scale=1280:720:{SDR},format=yuv420p[v0]"
    )


def test_sound_around_the_picture_is_given_a_picture() -> None:
    """The first frame is moved to where it belongs, `fps` repeats it from the start; the last one is repeated."""
    track = video(duration_s=Fraction(50))
    media = replace(source(61, picture=track, lead_s=Fraction(8)), video=track)
    graph = filter_graph(media, LADDER[:1], Fraction(0))
    assert graph.startswith("[0:V:0]setpts=PTS--122880,tpad=stop_mode=clone:stop_duration=3.000000[r0];")


def test_each_rate_and_each_size_is_made_once() -> None:
    """Five rungs: two rates, three sizes, five outputs."""
    graph = filter_graph(source(61, picture=video(interlaced=True, transfer="smpte2084")), LADDER, Fraction(0))
    once = ["bwdif", "setpts", "fps=fps=24", "fps=fps=30", "scale=640:360", "scale=1280:720", "scale=1920:1080"]
    assert [graph.count(part) for part in once] == [1] * len(once)
    assert graph.count("tonemap") == 3
    outputs = [line.partition("format=yuv420p")[2] for line in graph.split(";")]
    assert [o for o in outputs if o] == ["[v0]", ",split=2[v1][v2]", ",split=2[v3][v4]"]


def test_outputs_follow_the_order_asked_for() -> None:
    """Labels are places in the list given, not in the ladder."""
    graph = filter_graph(source(61, picture=video()), (LADDER[4], LADDER[0], LADDER[3]), Fraction(0))
    assert f"scale=1920:1080:{SDR},format=yuv420p,split=2[v0][v2]" in graph
    assert f"scale=640:360:{SDR},format=yuv420p[v1]" in graph
