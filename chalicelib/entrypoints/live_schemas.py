"""What requests about live streams look like."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StrictFloat, StrictInt

from chalicelib.domain.live.stream import DVR_WINDOW_S, SILENCE_S, TARGET_S, Container, Input
from chalicelib.entrypoints.schemas import MAX_PROFILES, NAMED_PROFILES, Body
from chalicelib.services.livestream import Wishes

MAX_NAMES = 20
"""Uploads signed in one call: about as many segments as an encoder has in its spool after an outage."""
MAX_NAME_CHARS = 20
MAX_PDT = 10**11


def _known(name: str) -> str:
    if name not in NAMED_PROFILES:
        raise ValueError(f"must be one of {', '.join(NAMED_PROFILES)}")
    return name


def _each_once(names: list[str]) -> list[str]:
    return list(dict.fromkeys(names))


RungName = Annotated[str, Field(strict=True), AfterValidator(_known)]
RungNames = Annotated[list[RungName], Field(min_length=1, max_length=MAX_PROFILES), AfterValidator(_each_once)]
ObjectName = Annotated[str, Field(strict=True, min_length=1, max_length=MAX_NAME_CHARS)]
UnixSeconds = Annotated[StrictFloat, Field(ge=0, le=MAX_PDT, allow_inf_nan=False)]


class StartLive(Body):
    """POST /v1/recordings/{id}/stream/start-live; seconds."""

    target_s: Annotated[StrictInt, Field(ge=1, le=6)] = TARGET_S
    dvr_window_s: Annotated[StrictInt, Field(ge=60, le=14_400)] = DVR_WINDOW_S
    silence_s: Annotated[StrictInt, Field(ge=10, le=3600)] = SILENCE_S
    profiles: RungNames | None = None

    def wishes(self) -> Wishes:
        """Return how the stream is to be."""
        return Wishes(self.target_s, self.dvr_window_s, self.silence_s, tuple(self.profiles or ()))


class ClaimEpoch(Body):
    """POST /v1/live/{id}/epochs."""

    input: Input = Input.PRIMARY
    container: Container = Container.FMP4
    first_pdt: UnixSeconds | None = None


class SignUploads(Body):
    """POST /v1/live/{id}/uploads."""

    epoch: Annotated[StrictInt, Field(ge=1)]
    names: Annotated[list[ObjectName], Field(min_length=1, max_length=MAX_NAMES), AfterValidator(_each_once)]
