"""Signed thumbnails: CloudFront's form, the same for an hour, made once."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from support.fakes import FakeClock

from chalicelib.domain.recording import Recording, RecordingStatus
from chalicelib.services import poster_links
from chalicelib.services.poster_links import PosterLinks

POSTER = "media/rec_1/v1/poster-a.jpg"


@dataclass
class Signer:
    """Keeps what it signs."""

    signed: list[str] = field(default_factory=list)

    def cookies(self, policy: str) -> dict[str, str]:
        """Return what a CloudFront key would."""
        self.signed.append(policy)
        return {"CloudFront-Policy": "p", "CloudFront-Signature": "s~", "CloudFront-Key-Pair-Id": "K1"}


def recording(poster: str = POSTER) -> Recording:
    """Return one with a poster, or without."""
    return Recording("rec_1", "ann", "", "", "", 1, RecordingStatus.READY, 0, 0, poster=poster)


def test_a_link_is_cloudfronts_and_holds_for_an_hour_at_least() -> None:
    """Its policy names this one file and the end that the link says."""
    clock, signer = FakeClock(), Signer()
    clock.time = 7199.0
    link = PosterLinks(signer, clock, public_url="https://h").link(recording())
    assert link is not None
    parts = urlsplit(link)
    assert (parts.path, parse_qs(parts.query)) == (
        f"/{POSTER}",
        {"Expires": ["10800"], "Signature": ["s~"], "Key-Pair-Id": ["K1"]},
    )
    condition = '"Condition":{"DateLessThan":{"AWS:EpochTime":10800}}'
    assert signer.signed == [f'{{"Statement":[{{"Resource":"https://h/{POSTER}",{condition}}}]}}']


def test_the_same_poster_is_signed_once_an_hour() -> None:
    """A list that is loaded again costs no signature, and what is kept is bounded."""
    clock, signer = FakeClock(), Signer()
    clock.time = 7200.0
    links = PosterLinks(signer, clock, public_url="https://h")
    first = links.link(recording())
    clock.time += 3599
    assert (links.link(recording()), len(signer.signed)) == (first, 1)
    clock.time += 1
    assert links.link(recording()) != first
    for number in range(poster_links.MOST_KEPT + 5):
        links.link(recording(f"media/{number}"))
    assert len(links._links) <= poster_links.MOST_KEPT


def test_no_poster_no_link() -> None:
    """Nothing is signed for what is not there."""
    signer = Signer()
    assert (PosterLinks(signer, FakeClock(), public_url="https://h").link(recording("")), signer.signed) == (None, [])
