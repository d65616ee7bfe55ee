"""What requests look like: pydantic models that clean what they can and refuse the rest."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictFloat, StrictInt

from chalicelib.domain.caption_tracks import LABEL_CHARS, CaptionKind
from chalicelib.domain.job import Priority
from chalicelib.domain.ladder import DEFAULT_PROFILES, MAX_LEVELS, RESCUE_PROFILE, EncodingProfile
from chalicelib.domain.listing import Order
from chalicelib.domain.recording import Visibility
from chalicelib.domain.text import base_name, media_type, one_line
from chalicelib.services.control import CostLimit
from chalicelib.services.recordings import Draft
from chalicelib.services.transcoding import Wishes

if TYPE_CHECKING:
    from chalicelib.services.quality import Measured

TITLE_CHARS = 200
FILENAME_CHARS = 255
ROOM_CHARS = 128
RAW_CHARS = 4096
"""Before cleaning: enough for any path, too little to keep the cleaning busy."""
NAMED_PROFILES = {profile.name: profile for profile in (RESCUE_PROFILE, *DEFAULT_PROFILES)}
MAX_PROFILES = 8
MAX_COST_USD = 100_000
PROFILE_NAME = r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,39}$"
"""It shows in playlists, whose attributes have no way to escape a quote."""


def _sized(limit: int) -> AfterValidator:
    def check(text: str) -> str:
        if not text:
            raise ValueError("must hold at least one visible character")
        if len(text) > limit:
            raise ValueError(f"must have at most {limit} characters")
        return text

    return AfterValidator(check)


def _by_name(item: object) -> object:
    if isinstance(item, str) and item in NAMED_PROFILES:
        return asdict(NAMED_PROFILES[item])
    if not isinstance(item, dict | Profile):
        known = ", ".join(NAMED_PROFILES)
        raise ValueError(f"must be one of {known}, or an object of name, width, height, bitrate_kbps and frame_rate")  # noqa: TRY004  pydantic reads ValueErrors
    return item


def _harmless_name(name: str) -> str:
    if not re.fullmatch(PROFILE_NAME, name):
        raise ValueError("must be 1 to 40 letters, digits, spaces and . _ -, and begin with a letter or digit")
    return name


def _ladder(rungs: list[Profile]) -> list[Profile]:
    """Refuse what cannot have been meant: no rung at all, or one name for two."""
    if not rungs:
        raise ValueError("must name at least one rung; leave it out for the default ladder")
    named: dict[str, Profile] = {}
    for rung in rungs:
        if named.setdefault(rung.name, rung) != rung:
            raise ValueError(f"has two different rungs named {rung.name}")
    return rungs


def _one_or_zero(text: object) -> object:
    return {"1": True, "true": True, "0": False, "false": False, "": False}.get(str(text).lower(), text)


Raw = Annotated[str, Field(strict=True, max_length=RAW_CHARS)]
Title = Annotated[Raw, AfterValidator(one_line), _sized(TITLE_CHARS)]
Filename = Annotated[Raw, AfterValidator(base_name), _sized(FILENAME_CHARS)]
RoomId = Annotated[Raw, AfterValidator(one_line), _sized(ROOM_CHARS)]
ContentType = Annotated[Raw, AfterValidator(media_type)]
Side = Annotated[StrictInt, Field(ge=64, le=8192)]


class Body(BaseModel):
    """A JSON body: a field we do not know is a mistake worth telling."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


class Query(BaseModel):
    """A query string: what we do not know is somebody else's."""

    model_config = ConfigDict(extra="ignore", defer_build=True)


class CreateRecording(Body):
    """POST /v1/recordings."""

    title: Title
    filename: Filename
    size_bytes: Annotated[StrictInt, Field(ge=0)]
    content_type: ContentType
    room_id: RoomId | None = None
    visibility: Visibility = Visibility.PRIVATE
    live: Literal[False] = False

    def draft(self) -> Draft:
        """Return what somebody wants to upload."""
        return Draft(**self.model_dump() | {"room_id": self.room_id or ""})


class CreateLiveRecording(Body):
    """POST /v1/recordings with `live`: for a stream to make it."""

    title: Title
    live: Literal[True]
    room_id: RoomId | None = None
    visibility: Visibility = Visibility.PRIVATE

    def draft(self) -> Draft:
        """Return what somebody wants to stream."""
        return Draft(**self.model_dump() | {"room_id": self.room_id or ""})


class ChangeRecording(Body):
    """PATCH /v1/recordings/{id}; a field that is absent stays, `room_id` null clears."""

    title: Title = ""
    visibility: Visibility = Visibility.PRIVATE
    room_id: RoomId | None = None

    def changes(self) -> dict[str, object]:
        """Return only what the request named, as the table stores it."""
        named = {name: getattr(self, name) for name in self.model_fields_set}
        return named | {"room_id": self.room_id or ""} if "room_id" in named else named


class Profile(Body):
    """One rung of a ladder that somebody made up; in requests a known name stands for the whole."""

    name: Annotated[str, Field(strict=True), AfterValidator(_harmless_name)]
    width: Side
    height: Side
    bitrate_kbps: Annotated[StrictInt, Field(ge=50, le=50_000)]
    frame_rate: Annotated[StrictInt, Field(ge=1, le=120)]

    def profile(self) -> EncodingProfile:
        """Return the domain's own."""
        return EncodingProfile(self.name, self.width, self.height, self.bitrate_kbps, self.frame_rate)


Rung = Annotated[Profile, BeforeValidator(_by_name)]
Rungs = Annotated[list[Rung], Field(max_length=MAX_PROFILES), AfterValidator(_ladder)]
Measure = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
MaxCost = Annotated[StrictFloat, Field(gt=0, le=MAX_COST_USD, allow_inf_nan=False)]


class StartTranscode(Body):
    """POST /v1/recordings/{id}/transcode/quality."""

    profiles: Rungs | None = None
    priority: Priority = Priority.NORMAL
    max_cost_usd: MaxCost | None = None

    def ladder(self) -> list[EncodingProfile] | None:
        """Return the profiles asked for, each once; None for the default ladder."""
        if self.profiles is None:
            return None
        return list(dict.fromkeys(rung.profile() for rung in self.profiles))

    def wishes(self) -> Wishes:
        """Return how it is to be done."""
        return Wishes(self.priority, self.max_cost_usd)


class RetryTranscode(Body):
    """POST /v1/recordings/{id}/transcode/retry; a limit that is absent stays, null lifts it."""

    max_cost_usd: MaxCost | None = None

    def limit(self) -> CostLimit | None:
        """Return the limit asked for, None when nothing was said of it."""
        return CostLimit(self.max_cost_usd) if "max_cost_usd" in self.model_fields_set else None


class ListQuery(Query):
    """GET /v1/recordings."""

    status: Literal["uploading", "waiting", "live", "processing", "playable", "ready", "errored"] | None = None
    room_id: RoomId | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 25
    cursor: Annotated[str, Field(max_length=2048)] | None = None
    owner: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    q: Annotated[str, Field(max_length=200)] = ""
    sort: Order = Order.CREATED


class UploadQuery(Query):
    """GET /v1/recordings/{id}/upload."""

    parts: Annotated[str, Field(max_length=4096)] | None = None


class GrantQuery(Query):
    """Query of the routes that whoever may watch may read."""

    grant: Annotated[str, Field(max_length=256)] | None = None


class CaptionsQuery(Query):
    """PUT /v1/recordings/{id}/captions/{lang}; an empty label is the language's own name."""

    label: Annotated[Raw, AfterValidator(one_line), Field(max_length=LABEL_CHARS)] = ""
    kind: CaptionKind = CaptionKind.SUBTITLES
    default: Annotated[bool, BeforeValidator(_one_or_zero)] = False


class SessionQuery(GrantQuery):
    """POST /v1/recordings/{id}/sessions/{session}/events."""

    token: Annotated[str, Field(max_length=256)] | None = None


class QualityQuery(SessionQuery):
    """GET /v1/recordings/{id}/quality/recommended."""

    session: Annotated[str, Field(max_length=64)] | None = None
    bandwidth_kbps: Measure | None = None
    buffer_s: Amount | None = None
    rtt_ms: Amount | None = None
    level: Annotated[int, Field(ge=0, lt=MAX_LEVELS)] | None = None
    width: Amount | None = None
    height: Amount | None = None
    dpr: Measure | None = None
    save_data: Annotated[bool, BeforeValidator(_one_or_zero)] = False
    effective_type: Literal["slow-2g", "2g", "3g", "4g"] | None = None
    explain: Annotated[bool, BeforeValidator(_one_or_zero)] = False

    def measured(self) -> Measured:
        """Return what it says of link, player and device."""
        from chalicelib.services.quality import Measured  # noqa: PLC0415  the engine: a tenth of what the API would import

        said = self.model_dump(include={"width", "height", "dpr", "save_data", "effective_type"}, exclude_defaults=True)
        return Measured(self.bandwidth_kbps, self.buffer_s, self.rtt_ms, self.level, said)


class WatchQuery(GrantQuery):
    """Query of the playback routes."""

    planned: Annotated[bool, BeforeValidator(_one_or_zero)] = False
