"""Keeping secrets out of log lines: the last step before a line is written."""

from __future__ import annotations

import re

HIDDEN = "[hidden]"
_STOP = r"""\s"'\\<>"""
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # A JSON field named like a secret, whatever its text.
    (
        re.compile(
            r'("[\w-]*(?:authorization|cookie|token|secret|password|grant|signature|stream_key|presigned_url)"\s*:\s*)'
            r'"(?:[^"\\]|\\.)*"',
            re.IGNORECASE,
        ),
        rf'\1"{HIDDEN}"',
    ),
    # A presigned URL: its query is the key to the object.
    (re.compile(rf"\?[^{_STOP}]*X-Amz-[^{_STOP}]*", re.IGNORECASE), f"?{HIDDEN}"),
    (re.compile(rf"([?&](?:grant|token|access_token|code)=)[^&#{_STOP}]+", re.IGNORECASE), rf"\1{HIDDEN}"),
    (re.compile(rf"(CloudFront-(?:Policy|Signature)=)[^;&{_STOP}]+", re.IGNORECASE), rf"\1{HIDDEN}"),
    (re.compile(rf"\b(Bearer\s+)[^,;{_STOP}]+", re.IGNORECASE), rf"\1{HIDDEN}"),
    # A JWT standing anywhere: two base64url JSON objects and a signature.
    (re.compile(r"\beyJ[\w-]{6,}\.eyJ[\w-]{2,}\.[\w-]*"), HIDDEN),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----", re.DOTALL), HIDDEN),
)


def redacted(line: str) -> str:
    """Return a log line with tokens, cookies, keys and the queries of presigned URLs replaced."""
    for pattern, replacement in _RULES:
        line = pattern.sub(replacement, line)
    return line
