"""Cue text: what is kept of its markup, and that nothing else reaches a page."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.domain.caption_markup import MAX_DEPTH, clean_markup

KEPT = re.compile(r"</?(?:b|i|u|c|v|lang|ruby|rt)(?:\.[A-Za-z0-9_-]+)*(?: [^<>\n]*)?>")
PIECES = st.sampled_from(
    [
        "<b>",
        "</b>",
        "<i",
        ">",
        "<v\tAnn>",
        "</v>",
        "<ruby>",
        "<rt>",
        "</ruby>",
        "<lang\tde>",
        "<c.red.x>",
        "<script>",
        "<img\tsrc=x\tonerror=a()>",
        "<00:01.000>",
        "&lt;",
        "&#60;",
        "&amp;",
        "&",
        "-->",
        "a",
        "\x00",
        "&#10;",
        "\n",
        " ",
    ]
)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("plain", "plain"),
        ("<b>bold</b> <i>it</i> <u>under</u>", "<b>bold</b> <i>it</i> <u>under</u>"),
        ("<v.loud Mary Smith>Hi", "<v.loud Mary Smith>Hi</v>"),
        ("<v>Hi</v>", "Hi"),
        ("<lang DE-at>Servus</lang>", "<lang de-AT>Servus</lang>"),
        ("<lang x y>Servus</lang>", "Servus"),
        ("<c.yellow.bg_blue.$>x</c>", "<c.yellow.bg_blue>x</c>"),
        ("<ruby>漢<rt>kan</rt></ruby>", "<ruby>漢<rt>kan</rt></ruby>"),
        ("<rt>alone</rt>", "alone"),
        ("<B>capital</B>", "<b>capital</b>"),
        ("<b><i>crossed</b></i>", "<b><i>crossed</i></b>"),
        ("</b>closed only", "closed only"),
        ('<font color="red">x</font>', "x"),
        ("<script>alert(1)</script>", "alert(1)"),
        ("<img src=x onerror=alert(1)>x", "x"),
        ("<b onclick=alert(1)>x</b>", "<b>x</b>"),
        ("<!-- x -->", "&lt;!-- x --&gt;"),
        ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("I <3 you", "I &lt;3 you"),
        ("<b", "&lt;b"),
        ("<<b>x", "&lt;<b>x</b>"),
        ("00:01 --> 00:02", "00:01 --&gt; 00:02"),
        ("&lt;script&gt; &eacute; &#x41; &nosuch; &amp;lt;", "&lt;script&gt; é A &amp;nosuch; &amp;lt;"),
        ("AT&T R&parade", "AT&amp;T R&amp;parade"),
        ("one<00:00:01.000>two", "onetwo"),
        (" a \n\n \n b ", "a\nb"),
        ("a&#10;&#10;b", "a  b"),
        ("<v Ann\nBell>x", "<v Ann Bell>x</v>"),
        ("<v &quot;A&quot; <b>>x", '&lt;v "A" <b>&gt;x</b>'),
        ("a\0\x1bb\x85c\td", "abc d"),
        ("<b> </b>\n<i></i>", ""),
        ("\u200f\u05e9\u05dc", "\u200f\u05e9\u05dc"),
    ],
)
def test_markup(raw: str, expected: str) -> None:
    """The table of what is kept, dropped and escaped."""
    assert expected == clean_markup(raw)


def test_depth_is_bounded() -> None:
    """A page must not be made to nest a million elements."""
    cleaned = clean_markup("<b>" * 1000 + "x")
    assert cleaned == "<b>" * MAX_DEPTH + "x" + "</b>" * MAX_DEPTH


@given(st.one_of(st.text(), st.lists(PIECES).map("".join)))
@example("<b></i><i>x</b>")
def test_any_text(raw: str) -> None:
    """Only known tags, each closed; no line that would end the cue; and cleaning again changes nothing."""
    cleaned = clean_markup(raw)
    assert clean_markup(cleaned) == cleaned
    rest = KEPT.sub("", cleaned)
    assert not set("<>") & set(rest)
    assert "-->" not in cleaned
    assert "" not in cleaned.split("\n")[1:]
    assert cleaned.count("</") * 2 == len(KEPT.findall(cleaned))
