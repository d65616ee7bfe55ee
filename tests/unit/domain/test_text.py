"""Text from people."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.text import base_name, media_type, one_line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Lecture 1", "Lecture 1"),
        ("  a \t\r\n b\u2028c  ", "a b c"),
        ("a\x00b\x1bc\x7f", "abc"),
        ("e\u0301", "é"),
        ("\u202egpj.exe", "gpj.exe"),
        ("\u2067\u05e9\u05dc\u05d5\u2069", "\u05e9\u05dc\u05d5"),
        ("👩\u200d🏫 عرب", "👩\u200d🏫 عرب"),
        ("\x00\u202e \n", ""),
    ],
)
def test_one_line(text: str, expected: str) -> None:
    """Every script stays, what plays tricks goes."""
    assert expected == one_line(text)


def test_half_a_surrogate_pair_is_refused() -> None:
    """JSON can carry one; no database or log can."""
    with pytest.raises(ValueError, match="Unicode"):
        one_line("a\ud800")


@given(st.text())
def test_one_line_is_inert_and_stable(text: str) -> None:
    """Cleaning twice changes nothing, and no control character survives."""
    clean = one_line(text)
    assert clean == one_line(clean)
    assert not [c for c in clean if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"}]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.mp4", "a.mp4"),
        ("/etc/passwd", "passwd"),
        ("C:\\Users\\x\\a b.mov", "a b.mov"),
        ("../../a.mp4", "a.mp4"),
        ("folder/", ""),
        ("..", ""),
        (".", ""),
        ("a\r\nb", "a b"),
    ],
)
def test_base_name(path: str, expected: str) -> None:
    """Only the file's own name is kept."""
    assert expected == base_name(path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("video/mp4", "video/mp4"),
        ("VIDEO/MP4", "video/mp4"),
        ('video/webm; codecs="vp9"', "video/webm"),
        ("", "application/octet-stream"),
        ("application/vnd.apple.mpegurl", "application/vnd.apple.mpegurl"),
    ],
)
def test_media_type(text: str, expected: str) -> None:
    """Parameters go; browsers send nothing for files they do not know."""
    assert expected == media_type(text)


@pytest.mark.parametrize(
    "text", ["video", "video/", "/mp4", "video/mp4/x", "a b/c", "video/mp4\r\nx: y", "<b>/x", "é/x"]
)
def test_not_a_media_type(text: str) -> None:
    """It will be a header one day."""
    with pytest.raises(ValueError, match="media type"):
        media_type(text)
