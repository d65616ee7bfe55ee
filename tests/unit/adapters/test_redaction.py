"""No secret passes into a log line; what is not secret passes unchanged."""

from __future__ import annotations

import json

import pytest

from chalicelib.adapters.redaction import HIDDEN, redacted

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl-_x"
PRESIGNED = (
    "https://bucket.s3.eu-central-1.amazonaws.com/sources/rec_1/original?uploadId=u1&partNumber=3"
    "&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Security-Token=TTT&X-Amz-Signature=abcdef012345"
)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"GET {PRESIGNED} failed", f"GET {PRESIGNED.split('?', maxsplit=1)[0]}?{HIDDEN} failed"),
        (f'"{PRESIGNED}"', f'"{PRESIGNED.split("?", maxsplit=1)[0]}?{HIDDEN}"'),
        (f"token {JWT}.", f"token {HIDDEN}."),
        ("Authorization: Bearer abc.def-123 ok", f"Authorization: Bearer {HIDDEN} ok"),
        ("/watch/rec_1?a=1&grant=s3cr3t&b=2", f"/watch/rec_1?a=1&grant={HIDDEN}&b=2"),
        ("CloudFront-Signature=abc~_; Path=/", f"CloudFront-Signature={HIDDEN}; Path=/"),
        ("-----BEGIN RSA PRIVATE KEY-----\\nMIIE\\n-----END RSA PRIVATE KEY-----", HIDDEN),
    ],
)
def test_secrets_in_text_are_hidden(line: str, expected: str) -> None:
    """Only the secret part goes."""
    assert redacted(line) == expected


@pytest.mark.parametrize(
    "name",
    ["token", "authorization", "Authorization", "set-cookie", "authorizationToken", "stream_key", "client_secret"],
)
def test_secret_fields_are_hidden(name: str) -> None:
    """A field named like a secret loses its value, quotes inside it and all; the line stays JSON."""
    line = json.dumps({"before": 1, name: 'a "quoted\\" value', "after": 2})

    assert json.loads(redacted(line)) == {"before": 1, name: HIDDEN, "after": 2}


@pytest.mark.parametrize(
    "line",
    [
        '{"message":"done","job_id":"job_1","tokens":3,"key":"media/rec_1/00001-abc.mp4"}',
        "https://example.org/api/v1/recordings?limit=25&cursor=abc",
        '{"attempt":"eyJ","bearer":"x"}',
    ],
)
def test_ordinary_lines_pass(line: str) -> None:
    """Nothing else changes."""
    assert redacted(line) == line
