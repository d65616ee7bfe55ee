"""Who watches, and what lets them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest
from support.fakes import FakeClock, FakeRecordings

from chalicelib.domain.access import Caller, Role, check_grant, make_grant
from chalicelib.domain.recording import Recording, RecordingStatus, Visibility
from chalicelib.errors import Conflict, HeadwaterError
from chalicelib.services.playback import Playback

ID = "rec_0123456789abcdefghij"
KEY = b"key"
ANNA = Caller("anna", Role.PUBLISHER)
BERTA = Caller("berta", Role.VIEWER)


class Grants:
    """Links under a known key."""

    def issue(self, recording_id: str, expires_at: int) -> str:
        """Make one."""
        return make_grant(KEY, recording_id, expires_at)

    def check(self, recording_id: str, grant: str, *, now: float) -> None:
        """Check one."""
        check_grant(KEY, recording_id, grant, now=now)


class Cookies:
    """Shows the policy instead of signing it."""

    def cookies(self, policy: str) -> dict[str, str]:
        """Hand the policy back."""
        return {"policy": policy}


class Playlists:
    """Has a playlist for everything that is not being processed."""

    def generate_master_playlist(self, recording: Recording, *, planned: bool) -> str:
        """Return a text that shows what was asked for."""
        if recording.status is RecordingStatus.PROCESSING:
            raise Conflict("not_playable_yet", "Wait.")
        return f"#EXTM3U {planned}"


@dataclass
class World:
    """One private recording of Anna's."""

    public_url: str = "https://video.example"
    clock: FakeClock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        self.recordings = FakeRecordings(self.clock)
        self.recordings.rows[ID] = Recording(
            ID, "anna", "Title", "a.mp4", "video/mp4", 1, RecordingStatus.READY, 0.0, 0.0
        )
        self.playback = Playback(
            self.recordings, Playlists(), Cookies(), Grants(), self.clock, public_url=self.public_url, ttl_s=100
        )

    def answer(self, caller: Caller | None, grant: str | None = None, recording_id: str = ID) -> str:
        """Return the code of the refusal, or nothing."""
        try:
            self.playback.admit(caller, recording_id, grant)
        except HeadwaterError as error:
            return error.code
        return ""


@pytest.fixture
def world() -> World:
    """A world of HTTPS."""
    return World()


def test_a_private_recording(world: World) -> None:
    """The route's whole table of callers."""
    now = int(world.clock.time)
    good, old = make_grant(KEY, ID, now + 1), make_grant(KEY, ID, now)
    assert world.answer(ANNA) == ""
    assert world.answer(Caller("root", Role.ADMIN)) == ""
    assert world.answer(None) == "unauthorized"
    assert world.answer(BERTA) == "recording_not_found"
    assert world.answer(None, good) == ""
    assert world.answer(BERTA, good) == ""
    assert world.answer(None, old) == "grant_expired"
    assert world.answer(None, good + "x") == "grant_invalid"
    assert world.answer(None, make_grant(KEY, ID[:-1] + "x", now + 1)) == "grant_invalid"
    assert world.answer(None, "") == "unauthorized"
    assert world.answer(ANNA, "nonsense") == ""


def test_a_public_recording(world: World) -> None:
    """Anybody, whatever else they bring."""
    world.recordings.update(ID, visibility=Visibility.PUBLIC)
    assert world.answer(None) == ""
    assert world.answer(BERTA) == ""
    assert world.answer(None, "nonsense") == ""


def test_what_is_not_there(world: World) -> None:
    """Deleted, unknown and impossible ids are one answer, public or not."""
    grant = make_grant(KEY, ID, int(world.clock.time) + 9)
    world.recordings.update(ID, status=RecordingStatus.DELETING, visibility=Visibility.PUBLIC)
    assert world.answer(ANNA) == "recording_not_found"
    assert world.answer(None, grant) == "recording_not_found"
    assert world.answer(ANNA, recording_id="rec_../../etc/passwd") == "recording_not_found"


def test_a_ticket(world: World) -> None:
    """Cookies for this recording's media only, as long as a fresh link."""
    ticket = world.playback.open(world.recordings.rows[ID], planned=True)
    assert (ticket.playlist, ticket.path, ticket.max_age_s, ticket.secure) == (
        "#EXTM3U True",
        f"/media/{ID}/",
        100,
        True,
    )
    (statement,) = json.loads(ticket.cookies["policy"])["Statement"]
    assert statement["Resource"] == f"https://video.example/media/{ID}/*"
    assert statement["Condition"] == {"DateLessThan": {"AWS:EpochTime": int(world.clock.time) + 100}}


def test_no_ticket_before_there_is_something_to_play(world: World) -> None:
    """No cookies for nothing."""
    world.recordings.update(ID, status=RecordingStatus.PROCESSING)
    with pytest.raises(Conflict, match="not_playable_yet"):
        world.playback.open(world.recordings.rows[ID], planned=False)


def test_links_play_when_opened(world: World) -> None:
    """What the owner hands on is enough; a public recording needs no grant."""
    links = world.playback.links(world.recordings.rows[ID])
    page, grant = links.playback_url.split("?grant=")
    assert page == f"https://video.example/watch/{ID}"
    assert links.master_url == f"https://video.example/api/v1/recordings/{ID}/stream/master.m3u8?grant={grant}"
    assert world.answer(None, grant) == ""
    world.clock.time += 100
    assert world.answer(None, grant) == "grant_expired"
    world.recordings.update(ID, visibility=Visibility.PUBLIC)
    assert "?" not in world.playback.links(world.recordings.rows[ID]).master_url


def test_plain_http_has_no_secure_cookies() -> None:
    """A browser would drop them on http://127.0.0.1."""
    world = World(public_url="http://127.0.0.1:8787")
    assert not world.playback.open(world.recordings.rows[ID], planned=False).secure
