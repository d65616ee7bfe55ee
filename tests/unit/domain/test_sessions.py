"""Sessions' names and tokens."""

from __future__ import annotations

import pytest

from chalicelib.domain.sessions import check_session_id, check_session_token, make_session_token, viewer_name
from chalicelib.errors import HeadwaterError

KEY = b"key"
REC, SES = "rec_0123456789abcdefghij", "ses_0123456789abcdefghij"
TOKEN = make_session_token(KEY, REC, SES, 2000)


def refusal(token: str, *, recording_id: str = REC, session: str = SES, now: float = 1000, key: bytes = KEY) -> str:
    """Return the code of the refusal, or nothing."""
    try:
        check_session_token(key, recording_id, session, token, now=now)
    except HeadwaterError as error:
        return error.code
    return ""


def test_a_token_opens_its_own_session_until_it_ends() -> None:
    """To the second."""
    assert refusal(TOKEN) == ""
    assert refusal(TOKEN, now=1999.9) == ""
    assert refusal(TOKEN, now=2000) == "session_token_expired"


def test_a_token_opens_nothing_else() -> None:
    """Not another recording's, not another session's, not under another key."""
    assert refusal(TOKEN, recording_id="rec_1") == "session_token_invalid"
    assert refusal(TOKEN, session="ses_1") == "session_token_invalid"
    assert refusal(TOKEN, key=b"other") == "session_token_invalid"


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "s1.2000.",
        TOKEN[:-1],
        TOKEN.replace("s1.", "v1."),
        TOKEN.replace(".2000.", ".02000."),
        TOKEN.replace(".2000.", ".+2000."),
        TOKEN.replace(".2000.", ".2001."),
        TOKEN.replace(".2000.", ".٢٠٠٠."),
        TOKEN + "é",
    ],
)
def test_forged_tokens(token: str) -> None:
    """Every other spelling is refused, and none is an accident."""
    assert refusal(token) == "session_token_invalid"


@pytest.mark.parametrize("name", ["ses_0123456789abcdefghij", "6e2fb550-c457-11e9-bb97-0800200c9a66", "A" * 64])
def test_names_of_sessions(name: str) -> None:
    """Ours, and what players make."""
    assert check_session_id(name) == name


@pytest.mark.parametrize(
    "name", ["", "short", "A" * 65, "ses_0123456789/abcdefgh", "ses_0123456789\nabcdefgh", "é" * 20]
)
def test_what_cannot_be_a_session(name: str) -> None:
    """Is never looked up."""
    with pytest.raises(HeadwaterError) as refused:
        check_session_id(name)
    assert refused.value.code == "session_not_found"


def test_viewers_have_names_that_say_nothing() -> None:
    """The same for the same; another for another kind, person or key."""
    name = viewer_name(KEY, "user", "ada")
    assert name == viewer_name(KEY, "user", "ada")
    others = {viewer_name(KEY, "browser", "ada"), viewer_name(KEY, "user", "eve"), viewer_name(b"other", "user", "ada")}
    assert len(others | {name}) == 4
    assert len(name) == 24
    assert "ada" not in name
