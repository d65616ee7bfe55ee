"""Composition root of live streams: as `container`, whose builders and these build on each other."""

# ruff: noqa: PLC0415  importing in the builders is the point of them
from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from chalicelib import container
from chalicelib.config import aws_region, settings

if TYPE_CHECKING:
    from chalicelib.adapters.push import SocketPush
    from chalicelib.adapters.sqs import SqsQueue
    from chalicelib.adapters.tables.live_connections import LiveConnectionsTable
    from chalicelib.adapters.tables.live_streams import LiveStreamsTable
    from chalicelib.domain.live.addresses import Addresses
    from chalicelib.services.announcing import LiveAnnouncer
    from chalicelib.services.broadcasting import Broadcaster
    from chalicelib.services.limiting import RateLimiter
    from chalicelib.services.live_conversation import LiveConversation
    from chalicelib.services.live_distribution import LiveDistributor
    from chalicelib.services.live_finish import LiveFinisher
    from chalicelib.services.live_ingest import LiveIngest
    from chalicelib.services.live_ports import LiveSegments
    from chalicelib.services.live_publishing import LivePublisher
    from chalicelib.services.live_remains import LiveRemains
    from chalicelib.services.live_segments import LivePackager
    from chalicelib.services.live_states import LiveStates
    from chalicelib.services.live_stills import StillsMaker
    from chalicelib.services.live_sweeps import LiveSweeps
    from chalicelib.services.live_viewers import ConnectionPool
    from chalicelib.services.live_watching import LiveWatching
    from chalicelib.services.livestream import Ending, LiveStreams


@cache
def streams() -> LiveStreamsTable:
    """The live_streams table."""
    from chalicelib import webhook_container
    from chalicelib.adapters.tables.live_streams import LiveStreamsTable

    return LiveStreamsTable(webhook_container.hint_of_streams())


@cache
def segments() -> LiveSegments:
    """The live_segments table."""
    from chalicelib.adapters.tables.live_segments import LiveSegmentsTable

    return LiveSegmentsTable()


@cache
def live_queue() -> SqsQueue:
    """S3's notifications of segments, and streams to finish."""
    from chalicelib.adapters.sqs import SqsQueue

    return SqsQueue(settings().live_queue_url)


@cache
def broadcast_queue() -> SqsQueue:
    """What viewers are to hear, in order for each group."""
    from chalicelib.adapters.sqs import SqsQueue

    return SqsQueue(settings().broadcast_queue_url)


@cache
def states() -> LiveStates:
    """What is on show."""
    from chalicelib.services.live_states import LiveStates

    return LiveStates(container.source_objects())


@cache
def addresses() -> Addresses:
    """Where encoders send streams, and viewers find them."""
    from chalicelib.domain.live.addresses import Addresses

    public_url = settings().public_url
    sockets = settings().websocket_public_url or f"{public_url.replace('http', 'ws', 1)}/ws"
    return Addresses(public_url, sockets)


@cache
def ending() -> Ending:
    """Ends streams."""
    from chalicelib.services.livestream import Ending

    return Ending(streams(), live_queue(), container.clock())


@cache
def live_streams() -> LiveStreams:
    """Streams under the rules of access."""
    from chalicelib.services.livestream import LiveStreams

    return LiveStreams(
        recordings=container.recordings(),
        uploads=container.uploads(),
        source=container.source_objects(),
        streams=streams(),
        ending=ending(),
        clock=container.clock(),
        default_profiles=tuple(name for name in settings().live_profiles.replace(" ", "").split(",") if name),
        quotas=container.quotas(),
    )


@cache
def ingest() -> LiveIngest:
    """What encoders may do."""
    from chalicelib.services.live_ingest import LiveIngest

    return LiveIngest(streams(), streams(), states(), container.source_objects(), container.clock())


@cache
def watching() -> LiveWatching:
    """What viewers are told."""
    from chalicelib.services.live_watching import LiveWatching

    return LiveWatching(live_streams(), states(), audience(), container.clock())


@cache
def sweeps() -> LiveSweeps:
    """What the schedule does for streams."""
    from chalicelib.services.live_sweeps import LiveSweeps

    return LiveSweeps(streams(), container.recordings(), states(), ending(), announcer(), viewers(), container.clock())


@cache
def remains() -> LiveRemains:
    """The end of streams whose recording is deleted."""
    from chalicelib.services.live_remains import LiveRemains

    return LiveRemains(streams(), segments(), container.source_objects(), announcer(), container.clock(), connections())


@cache
def connections() -> LiveConnectionsTable:
    """The live_connections table."""
    from chalicelib.adapters.tables.live_connections import LiveConnectionsTable

    return LiveConnectionsTable()


@cache
def sockets() -> SocketPush:
    """Viewers' open connections."""
    from chalicelib.adapters import clients
    from chalicelib.adapters.push import SocketPush

    endpoint = settings().websocket_endpoint or f"{settings().public_url}/ws"
    return SocketPush(endpoint, clients.credentials, aws_region() or "", container.clock())


@cache
def viewers() -> ConnectionPool:
    """Who is connected."""
    from chalicelib.adapters.signing import HmacConnects
    from chalicelib.services.live_viewers import ConnectionPool

    tokens = HmacConnects(container.grant_key)
    return ConnectionPool(
        connections(),
        tokens,
        sockets(),
        container.clock(),
        shard_size=settings().live_shard_size,
        most=settings().live_max_sockets,
    )


@cache
def announcer() -> LiveAnnouncer:
    """Tells viewers, by way of their queue."""
    from chalicelib.adapters.fifo import FifoQueue
    from chalicelib.services.announcing import LiveAnnouncer

    return LiveAnnouncer(connections(), FifoQueue(settings().broadcast_queue_url))


@cache
def broadcaster() -> Broadcaster:
    """Tells a shard of viewers."""
    from chalicelib.domain.live.calls import Pace
    from chalicelib.services.broadcasting import Broadcaster

    rate = settings().live_push_rate
    pace = Pace(rate, rate / 2)
    return Broadcaster(
        connections(), viewers(), sockets(), container.clock(), public_url=settings().public_url, pace=pace
    )


@cache
def conversation() -> LiveConversation:
    """Answers viewers."""
    from chalicelib.services.live_conversation import LiveConversation

    public_url = settings().public_url
    return LiveConversation(
        viewers(), streams(), states(), sockets(), container.clock(), public_url=public_url, limiter=flood()
    )


@cache
def flood() -> RateLimiter:
    """How much one viewer may say: counted by each instance for itself, for a write a message would cost more."""
    from chalicelib.adapters.memory_cells import MemoryCells
    from chalicelib.adapters.telemetry import gauge
    from chalicelib.services.limiting import RateLimiter

    return RateLimiter(MemoryCells(), lambda _, who: who, settings().rates, container.clock(), gauge)


@cache
def audience() -> LiveDistributor:
    """Live distribution as a whole."""
    from chalicelib.services.live_distribution import LiveDistributor

    return LiveDistributor(viewers(), connections(), announcer(), sockets(), live_queue(), container.clock())


@cache
def publisher() -> LivePublisher:
    """Windows and their playlists."""
    from chalicelib.services.live_publishing import LivePublisher

    return LivePublisher(
        container.source_objects(), container.media_objects(), live_queue(), announcer(), container.clock()
    )


@cache
def packager() -> LivePackager:
    """Makes renditions of what encoders send."""
    from chalicelib.adapters.ffmpeg import FfmpegEncoder
    from chalicelib.domain.ladder import DEFAULT_PROFILES, RESCUE_PROFILE
    from chalicelib.services.live_admission import Admission
    from chalicelib.services.live_segments import LivePackager

    rescue = (RESCUE_PROFILE,) if settings().rescue_rung else ()
    return LivePackager(
        admission=Admission(streams(), container.source_objects(), live_queue(), publisher(), announcer()),
        publisher=publisher(),
        segments=segments(),
        source=container.source_objects(),
        media=container.media_objects(),
        encoder=FfmpegEncoder(settings().ffmpeg),
        clock=container.clock(),
        profiles=(*rescue, *DEFAULT_PROFILES),
        scratch=settings().scratch_dir,
        threads=settings().encode_threads,
    )


@cache
def finisher() -> LiveFinisher:
    """Makes recordings of streams."""
    from chalicelib.services.live_finish import LiveFinisher

    return LiveFinisher(
        streams=streams(),
        segments=segments(),
        recordings=container.recordings(),
        source=container.source_objects(),
        media=container.media_objects(),
        publisher=publisher(),
        announcer=announcer(),
        queue=live_queue(),
        lifecycle_queue=container.lifecycle_queue(),
        clock=container.clock(),
    )


@cache
def stills_maker() -> StillsMaker:
    """Posters and thumbnails of streams that are over."""
    from chalicelib.adapters.ffmpeg import FfmpegEncoder
    from chalicelib.services.live_stills import StillsMaker

    return StillsMaker(
        streams=streams(),
        segments=segments(),
        states=states(),
        recordings=container.recordings(),
        media=container.media_objects(),
        encoder=FfmpegEncoder(settings().ffmpeg),
        queue=live_queue(),
        clock=container.clock(),
        scratch=settings().scratch_dir,
    )


def reset() -> None:
    """Forget everything that was built, so that a test can begin with other settings."""
    for built in list(globals().values()):
        forget = getattr(built, "cache_clear", None)
        if forget is not None and getattr(built, "__module__", "") == __name__:
            forget()
