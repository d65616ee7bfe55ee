"""Composition root of what the console alone needs: as `container`."""

# ruff: noqa: PLC0415  importing in the builders is the point of them
from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from chalicelib import container
from chalicelib.config import settings

if TYPE_CHECKING:
    from chalicelib.services.poster_links import PosterLinks


@cache
def poster_links() -> PosterLinks:
    """Signed thumbnails."""
    from chalicelib.adapters.signing import CloudFrontCookies, read_secret
    from chalicelib.services.poster_links import PosterLinks

    signer = CloudFrontCookies(settings().cdn_key_pair_id, lambda: read_secret(settings().cdn_private_key_secret))
    return PosterLinks(signer, container.clock(), public_url=settings().public_url)


def reset() -> None:
    """Forget what was built: for tests."""
    poster_links.cache_clear()
