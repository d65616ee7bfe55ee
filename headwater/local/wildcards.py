"""The wildcard language of IAM resources and CloudFront policies: `*` is any text, `?` any one character."""

from __future__ import annotations

import re
from functools import lru_cache


def wildcard_match(pattern: str, text: str) -> bool:
    """True when the whole of `text` matches `pattern`; case counts, slashes are ordinary characters."""
    return _compiled(re.sub(r"\*+", "*", pattern)).fullmatch(text) is not None


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = (".*" if char == "*" else "." if char == "?" else re.escape(char) for char in pattern)
    return re.compile("".join(parts), re.DOTALL)
