"""Language tags from people and files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.languages import display_name, from_file, normalised, public_tag


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("en", "en"),
        ("DE-at", "de-AT"),
        ("ger", "de"),
        ("deu-AT", "de-AT"),
        ("zh-hans-cn", "zh-Hans-CN"),
        ("es-419", "es-419"),
        ("de-1996", "de-1996"),
        ("sl-rozaj", "sl-rozaj"),
        ("en-X-2", "en-x-2"),
        ("fil", "fil"),
    ],
)
def test_tags_are_written_in_one_way(given_: str, expected: str) -> None:
    """Two spellings of a language are one track."""
    assert expected == normalised(given_)


@pytest.mark.parametrize("text", ["", "e", "english", "en_US", "en-", "en--US", "../x", "en US", "en\n", "e" * 36, "é"])
def test_what_is_no_tag(text: str) -> None:
    """It would end up in a key and in a playlist."""
    with pytest.raises(ValueError, match="is no language tag"):
        normalised(text)


@given(st.text(max_size=40))
def test_any_text(text: str) -> None:
    """Refused, or written so that writing it again changes nothing; a file's word is always of use."""
    found = from_file(text)
    assert found == normalised(found)


def test_names() -> None:
    """As their speakers call them; a rare language by its tag; the private part is ours alone."""
    names = {tag: display_name(tag) for tag in ("de", "de-AT", "zh-Hans-CN", "tlh", "und", "en-x-2")}
    expected = {"de": "Deutsch", "de-AT": "Deutsch (AT)", "zh-Hans-CN": "中文 (Hans-CN)", "tlh": "tlh"}
    assert expected | {"und": "Unknown language", "en-x-2": "English"} == names
    assert public_tag("en-GB-x-2") == "en-GB"


def test_what_files_say() -> None:
    """Three letters of either standard, underscores, nonsense."""
    said = {text: from_file(text) for text in ("eng", "fre", "fra", "pt_BR", "", "und", "Klingonisch!")}
    expected = {"eng": "en", "fre": "fr", "fra": "fr", "pt_BR": "pt-BR", "": "und", "und": "und", "Klingonisch!": "und"}
    assert expected == said
