"""Thumbnails for lists: one signed address a poster, since cookies would be three for each recording."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.poster_links import canned_policy, link_expiry, signed_path

if TYPE_CHECKING:
    from chalicelib.domain.recording import Recording
    from chalicelib.services.playback import CookieSigner
    from chalicelib.services.ports import Clock

MOST_KEPT = 5000


class PosterLinks:
    """Signs each poster once in an hour."""

    def __init__(self, signer: CookieSigner, clock: Clock, *, public_url: str) -> None:
        """`public_url` is the CDN's origin, without a trailing slash."""
        self._signer = signer
        self._clock = clock
        self._public_url = public_url
        self._links: dict[tuple[str, int], str] = {}

    def link(self, recording: Recording) -> str | None:
        """Return a path that opens the poster for an hour at least, without cookies; None while there is none."""
        if not recording.poster:
            return None
        known = (recording.poster, link_expiry(self._clock.now()))
        if known not in self._links:
            if len(self._links) >= MOST_KEPT:
                self._links.clear()
            self._links[known] = self._sign(*known)
        return self._links[known]

    def _sign(self, key: str, expires_at: int) -> str:
        path = f"/{key}"
        signed = self._signer.cookies(canned_policy(f"{self._public_url}{path}", expires_at))
        return signed_path(path, expires_at, signed["CloudFront-Signature"], signed["CloudFront-Key-Pair-Id"])
