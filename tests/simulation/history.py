"""One history: some people, some recordings, a cloud with its weather, and at the end what was wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.recording import RecordingStatus
from simulation import programmes
from simulation.books import Books
from simulation.broadcast import Broadcast
from simulation.hub import BEGIN
from simulation.owners import Owner
from simulation.playlists import Playlists
from simulation.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from simulation.hub import Process, Weather

SETTLES_S = 30 * 3600
"""Virtual seconds within which everything must come to rest: the slowest are a delete whose message was lost."""
QUIET_S = 3 * 3600
"""After that nothing may happen any more, and leftovers have been looked for."""
_MOVING = {RecordingStatus.PROCESSING, RecordingStatus.LIVE, RecordingStatus.DELETING}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one history came to."""

    seed: int
    defects: tuple[str, ...]
    faults: tuple[str, ...]
    digest: str
    steps: int
    playlists: int
    virtual_s: float


def upload_history(seed: int, weather: Weather | None = None) -> Outcome:
    """Recordings of uploads, to their end."""
    world = World(seed, weather)
    owners = [Owner(world, number) for number in range(world.hub.chance.choice((1, 1, 2, 3)))]
    return _history(world, seed, owners, lambda books: books.close(owners))


def live_history(seed: int, weather: Weather | None = None) -> Outcome:
    """Live streams, to their recordings or their end."""
    world = World(seed, weather)
    broadcasts = [Broadcast(world, number) for number in range(world.hub.chance.choice((1, 1, 2)))]

    def close(books: Books) -> None:
        books.close([])
        programmes.close(world, broadcasts)

    return _history(world, seed, broadcasts, close)


def _history(world: World, seed: int, people: Sequence[Owner | Broadcast], close: Callable[[Books], None]) -> Outcome:
    """Let everybody live, wait until all has come to rest, and look through what there is."""
    hub, playlists, books = world.hub, Playlists(world), Books(world)
    with world.open():
        lives = [hub.begin(f"person {one.number}", one.live, immortal=True) for one in people]
        world.schedule()

        def everybody() -> list[Process]:
            return lives + [other for one in people for other in one.people]

        if not hub.run(lambda: all(one.over for one in everybody()) and _rests(world), limit_s=SETTLES_S):
            world.defects.append("it never came to rest")
        quiet = hub.now
        hub.run(lambda: hub.now > quiet + QUIET_S and world.idle, limit_s=2 * QUIET_S)
        world.defects += [f"{one.name}: {one.error!r}" for one in everybody() if one.error is not None]
        close(books)
    facts = (hub.digest, hub.steps, playlists.published, hub.now - BEGIN)
    return Outcome(seed, tuple(world.defects), tuple(hub.faults), *facts)


def _rests(world: World) -> bool:
    """No message waits, jobs and streams have ended, and what was deleted is gone."""
    stores = world.stores
    return (
        world.idle
        and all(job.status.terminal for job in stores.jobs.rows.values())
        and all(stream.finished_at is not None for stream in stores.streams.rows.values())
        and all(row.status not in _MOVING for row in stores.recordings.rows.values())
    )
