"""Composition root: builds adapters and services on first use, once per process.

Every builder imports what it builds, so that a worker's import graph holds only what that worker calls.
"""

# ruff: noqa: PLC0415  importing in the builders is the point of them
from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from chalicelib.config import function_memory_mb, function_name, settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.adapters.clock import SystemClock
    from chalicelib.adapters.s3 import S3Objects, S3Uploads
    from chalicelib.adapters.sqs import SqsQueue
    from chalicelib.adapters.tokens import TokenVerifier
    from chalicelib.domain.job import Priority
    from chalicelib.services.billing import Meter, Rates
    from chalicelib.services.captions import CaptionLibrary, CaptionShelf
    from chalicelib.services.control import JobControl
    from chalicelib.services.dead_letters import DeadLetterService
    from chalicelib.services.downloads import Downloads
    from chalicelib.services.encoding import EncodeWorker
    from chalicelib.services.extraction import CaptionExtractor
    from chalicelib.services.fanout import TranscodingQueue
    from chalicelib.services.joining import JoinWorker
    from chalicelib.services.ladders import Ladders
    from chalicelib.services.lifecycle import Lifecycle
    from chalicelib.services.limiting import RateLimiter
    from chalicelib.services.measuring import QualityRequests, QualityWorker
    from chalicelib.services.pasts import NetworkPasts
    from chalicelib.services.playback import Playback
    from chalicelib.services.ports import Jobs, Ledger, Recordings
    from chalicelib.services.preparing import PrepareWorker, Sources
    from chalicelib.services.publishing import Publisher
    from chalicelib.services.quality import QualityAdvisor
    from chalicelib.services.quotas import QuotaKeeper
    from chalicelib.services.receipts import Receipts
    from chalicelib.services.recordings import RecordingLibrary
    from chalicelib.services.reports import PlayerSessions, SessionReports
    from chalicelib.services.stills import PosterMaker
    from chalicelib.services.tidying import Tidier
    from chalicelib.services.traces import Traces
    from chalicelib.services.transcoding import MultiBitrateTranscoder
    from chalicelib.services.uploading import UploadSessions
    from chalicelib.services.viewers import Viewers


@cache
def clock() -> SystemClock:
    """Time and chance."""
    from chalicelib.adapters.clock import SystemClock

    return SystemClock()


@cache
def recordings() -> Recordings:
    """The recordings table."""
    from chalicelib import webhook_container
    from chalicelib.adapters.tables.recordings import RecordingsTable

    return RecordingsTable(clock(), webhook_container.hint_of_recordings())


@cache
def jobs() -> Jobs:
    """The transcoding_jobs and encode_tasks tables."""
    from chalicelib.adapters.tables.jobs import JobsTable

    return JobsTable()


@cache
def ledger() -> Ledger:
    """The job_bills table."""
    from chalicelib.adapters.tables.job_bills import LedgerTable

    return LedgerTable()


@cache
def source_objects() -> S3Objects:
    """The bucket of uploaded originals."""
    from chalicelib.adapters.s3 import S3Objects

    return S3Objects(settings().source_bucket)


@cache
def media_objects() -> S3Objects:
    """The bucket that the CDN serves."""
    from chalicelib.adapters.s3 import S3Objects

    return S3Objects(settings().media_bucket)


@cache
def uploads() -> S3Uploads:
    """Multipart uploads into the source bucket."""
    from chalicelib.adapters.s3 import S3Uploads

    return S3Uploads(settings().source_bucket)


@cache
def uploads_queue() -> SqsQueue:
    """S3's notifications of uploads."""
    from chalicelib.adapters.sqs import SqsQueue

    return SqsQueue(settings().uploads_queue_url)


@cache
def lifecycle_queue() -> SqsQueue:
    """Deletes."""
    from chalicelib.adapters.sqs import SqsQueue

    return SqsQueue(settings().lifecycle_queue_url)


@cache
def encode_queues() -> Mapping[Priority, SqsQueue]:
    """Encoding work, by priority."""
    from chalicelib.adapters.sqs import SqsQueue
    from chalicelib.domain.job import Priority

    return {
        Priority.NORMAL: SqsQueue(settings().encode_queue_url),
        Priority.HIGH: SqsQueue(settings().encode_high_queue_url),
    }


@cache
def fanout() -> TranscodingQueue:
    """Sends a job's work."""
    from chalicelib.services.fanout import TranscodingQueue

    return TranscodingQueue(jobs(), encode_queues(), clock())


@cache
def prepare_queue() -> SqsQueue:
    """Work on whole files, which needs scratch space."""
    from chalicelib.adapters.sqs import SqsQueue

    return SqsQueue(settings().prepare_queue_url)


@cache
def sources() -> Sources:
    """What plans are made from."""
    from chalicelib.adapters.probe import PyAvProbe
    from chalicelib.services.preparing import Sources

    return Sources(
        recordings(),
        jobs(),
        source_objects(),
        PyAvProbe(settings().probe_path),
        prepare_queue(),
        max_duration_s=settings().max_duration_s,
    )


@cache
def prepare_worker() -> PrepareWorker:
    """One that rewrites sources."""
    from chalicelib.adapters.ffmpeg import FfmpegEncoder
    from chalicelib.services.preparing import PrepareWorker

    return PrepareWorker(
        recordings(),
        source_objects(),
        FfmpegEncoder(settings().ffmpeg),
        uploads_queue(),
        clock(),
        scratch=settings().scratch_dir,
    )


@cache
def join_worker() -> JoinWorker:
    """One that makes files to download."""
    from chalicelib.adapters.ffmpeg import FfmpegEncoder
    from chalicelib.services.joining import JoinWorker

    return JoinWorker(
        recordings(),
        jobs(),
        source_objects(),
        media_objects(),
        FfmpegEncoder(settings().ffmpeg),
        clock(),
        scratch=settings().scratch_dir,
    )


@cache
def downloads() -> Downloads:
    """Files for the owners of recordings."""
    from chalicelib.services.downloads import Downloads

    return Downloads(jobs(), source_objects(), prepare_queue(), clock())


@cache
def transcoder() -> MultiBitrateTranscoder:
    """Jobs: planned, queued, reported."""
    from chalicelib.domain.encoding import ENCODER_BUILD
    from chalicelib.services.transcoding import MultiBitrateTranscoder

    return MultiBitrateTranscoder(
        recordings=recordings(),
        jobs=jobs(),
        source=source_objects(),
        media=media_objects(),
        fanout=fanout(),
        sources=sources(),
        clock=clock(),
        max_duration_s=settings().max_duration_s,
        rescue_rung=settings().rescue_rung,
        encoder={"build": ENCODER_BUILD, "preset": settings().encode_preset},
    )


@cache
def publisher() -> Publisher:
    """Playlists, and the end of jobs."""
    from chalicelib.services.publishing import Publisher

    return Publisher(recordings(), jobs(), media_objects(), lifecycle_queue(), clock())


@cache
def receipts() -> Receipts:
    """What jobs have cost."""
    from chalicelib.services.receipts import Receipts

    return Receipts(ledger(), settings().prices, clock())


@cache
def dead_letters() -> DeadLetterService:
    """Messages that failed too often."""
    from chalicelib.adapters.sqs import SqsDeadLetters, SqsQueue
    from chalicelib.services.dead_letters import DeadLetterService, Office

    urls = settings().queue_urls
    return DeadLetterService({name: Office(SqsQueue(url), SqsDeadLetters(url)) for name, url in urls.items()}, clock())


@cache
def job_control() -> JobControl:
    """Cancel and retry."""
    from chalicelib.services.control import JobControl

    return JobControl(jobs=jobs(), publisher=publisher(), queue=fanout(), clock=clock())


@cache
def rates() -> Rates:
    """What this function costs."""
    from chalicelib.services.billing import Rates

    return Rates(function_name(), function_memory_mb(), settings().prices)


def meter(job_id: str, began: float) -> Meter:
    """Bill of the invocation that runs, for one job; `began` in Unix seconds."""
    from chalicelib.services.billing import Meter

    bill = f"{rates().function}-{clock().token()[:10]}"
    return Meter(ledger(), clock(), rates(), job_id, bill, began)


@cache
def encode_worker() -> EncodeWorker:
    """One encoder."""
    from chalicelib.adapters.ffmpeg import FfmpegEncoder
    from chalicelib.adapters.telemetry import gauge
    from chalicelib.services.encoding import EncodeWorker, Limits

    return EncodeWorker(
        recordings=recordings(),
        jobs=jobs(),
        source=source_objects(),
        media=media_objects(),
        encoder=FfmpegEncoder(settings().ffmpeg),
        publisher=publisher(),
        queues=encode_queues(),
        ledger=ledger(),
        clock=clock(),
        rates=rates(),
        gauge=gauge,
        limits=Limits(
            lease_s=settings().lease_s,
            max_attempts=settings().max_attempts,
            scratch=settings().scratch_dir,
            preset=settings().encode_preset,
            threads=settings().encode_threads,
        ),
    )


@cache
def quality_worker() -> QualityWorker:
    """Measures how good rungs look."""
    from chalicelib.adapters.ffmpeg import FfmpegEncoder
    from chalicelib.services.measuring import QualityWorker

    return QualityWorker(
        jobs(),
        source_objects(),
        media_objects(),
        FfmpegEncoder(settings().ffmpeg),
        ledger(),
        clock(),
        rates(),
        settings().scratch_dir,
    )


@cache
def poster_maker() -> PosterMaker:
    """Stills."""
    from chalicelib.adapters.ffmpeg import FfmpegEncoder
    from chalicelib.services.stills import PosterMaker

    return PosterMaker(
        recordings=recordings(),
        jobs=jobs(),
        source=source_objects(),
        media=media_objects(),
        encoder=FfmpegEncoder(settings().ffmpeg),
        ledger=ledger(),
        lifecycle_queue=lifecycle_queue(),
        clock=clock(),
        rates=rates(),
        scratch=settings().scratch_dir,
    )


@cache
def quality_requests() -> QualityRequests:
    """Has a job's quality measured."""
    from chalicelib.services.measuring import QualityRequests

    return QualityRequests(jobs(), encode_queues())


@cache
def library() -> RecordingLibrary:
    """Recordings under the rules of access."""
    from chalicelib.services.recordings import RecordingLibrary

    most = settings().max_upload_bytes
    return RecordingLibrary(recordings(), lifecycle_queue(), clock(), max_upload_bytes=most, quotas=quotas())


@cache
def quotas() -> QuotaKeeper:
    """How much one person may use."""
    from chalicelib.domain.quotas import Quotas
    from chalicelib.services.quotas import QuotaKeeper

    limits = Quotas(settings().quota_bytes, settings().quota_minutes, settings().quota_streams)
    return QuotaKeeper(recordings(), limits)


@cache
def upload_sessions() -> UploadSessions:
    """Resumable uploads."""
    from chalicelib.services.uploading import UploadSessions

    return UploadSessions(recordings(), uploads(), source_objects(), clock(), ttl_s=settings().upload_url_ttl_s)


@cache
def grant_key() -> str:
    """The key, in hex, of playback links, sessions and networks' names; fetched once for all of them."""
    from chalicelib.adapters.signing import read_secret

    return read_secret(settings().grant_secret)


@cache
def edge_key() -> str:
    """What only our CDN can send along; empty where no CDN stands before the gateway."""
    from chalicelib.adapters.signing import read_secret

    return read_secret(settings().edge_secret).strip() if settings().edge_secret else ""


@cache
def limiter() -> RateLimiter:
    """How often one caller may ask."""
    from chalicelib.adapters.signing import HmacCells
    from chalicelib.adapters.tables.rate_limits import RateLimitsTable
    from chalicelib.adapters.telemetry import gauge
    from chalicelib.services.limiting import RateLimiter

    return RateLimiter(RateLimitsTable(), HmacCells(grant_key), settings().rates, clock(), gauge)


@cache
def playback() -> Playback:
    """Who watches, and how the CDN lets them."""
    from chalicelib import live_container
    from chalicelib.adapters.signing import CloudFrontCookies, HmacGrants, read_secret
    from chalicelib.services.live_states import LiveMasters
    from chalicelib.services.playback import Playback

    return Playback(
        recordings(),
        LiveMasters(live_container.states(), media_objects(), transcoder()),
        CloudFrontCookies(settings().cdn_key_pair_id, lambda: read_secret(settings().cdn_private_key_secret)),
        HmacGrants(grant_key),
        clock(),
        public_url=settings().public_url,
        ttl_s=settings().playback_ttl_s,
    )


@cache
def viewers() -> Viewers:
    """Players and their sessions."""
    from chalicelib.adapters.signing import HmacSessions
    from chalicelib.services.viewers import Viewers

    return Viewers(playback(), recordings(), HmacSessions(grant_key), clock(), ttl_s=settings().playback_ttl_s)


@cache
def player_sessions() -> PlayerSessions:
    """The player_sessions table."""
    from chalicelib.adapters.tables.player_sessions import PlayerSessionsTable

    return PlayerSessionsTable()


@cache
def ladders() -> Ladders:
    """What can be chosen among."""
    from chalicelib import live_container
    from chalicelib.services.ladders import Ladders

    return Ladders(jobs(), media_objects(), live_container.states(), clock())


@cache
def network_pasts() -> NetworkPasts:
    """How networks were."""
    from chalicelib.adapters.signing import HmacNetworks
    from chalicelib.adapters.tables.network_history import NetworkHistoryTable
    from chalicelib.services.pasts import NetworkPasts

    return NetworkPasts(NetworkHistoryTable(), HmacNetworks(grant_key), clock())


@cache
def quality() -> QualityAdvisor:
    """What to fetch next."""
    from chalicelib.services.quality import QualityAdvisor

    return QualityAdvisor(ladders(), network_pasts(), player_sessions(), clock())


@cache
def session_reports() -> SessionReports:
    """What players report."""
    from chalicelib import analytics_container
    from chalicelib.services.reports import SessionReports

    facts = analytics_container.facts()
    return SessionReports(player_sessions(), facts, ladders(), network_pasts(), clock(), limiter())


@cache
def caption_shelf() -> CaptionShelf:
    """Caption files."""
    from chalicelib.services.captions import CaptionShelf

    return CaptionShelf(recordings=recordings(), media=media_objects(), publisher=publisher(), clock=clock())


@cache
def caption_extractor() -> CaptionExtractor:
    """Subtitles inside sources."""
    from chalicelib.adapters.ffmpeg import FfmpegEncoder
    from chalicelib.services.extraction import CaptionExtractor

    return CaptionExtractor(
        jobs=jobs(),
        source=source_objects(),
        shelf=caption_shelf(),
        encoder=FfmpegEncoder(settings().ffmpeg),
        clock=clock(),
        max_duration_s=settings().max_duration_s,
        scratch=settings().scratch_dir,
    )


@cache
def caption_library() -> CaptionLibrary:
    """Captions under the rules of access."""
    from chalicelib.services.captions import CaptionLibrary

    return CaptionLibrary(recordings(), caption_shelf(), max_duration_s=settings().max_duration_s)


@cache
def lifecycle() -> Lifecycle:
    """The end of recordings."""
    from chalicelib import analytics_container, live_container
    from chalicelib.services.lifecycle import Lifecycle

    return Lifecycle(
        recordings(),
        jobs(),
        uploads(),
        source=source_objects(),
        media=media_objects(),
        queue=lifecycle_queue(),
        ledger=ledger(),
        live=live_container.remains(),
        watched=analytics_container.forgetting(),
        clock=clock(),
        traces=traces(),
    )


@cache
def traces() -> Traces:
    """What lists of objects and rows do not show."""
    from chalicelib.adapters.edge import CloudFrontEdge
    from chalicelib.adapters.s3 import S3Uploads
    from chalicelib.services.traces import Traces

    edge = CloudFrontEdge(settings().cdn_distribution) if settings().cdn_distribution else None
    return Traces(edge, uploads(), S3Uploads(settings().media_bucket), clock())


@cache
def tidier() -> Tidier:
    """The end of dead attempts' leftovers."""
    from chalicelib import live_container
    from chalicelib.services.tidying import Tidier

    return Tidier(
        recordings(),
        jobs(),
        live_container.segments(),
        source_objects(),
        media_objects(),
        lifecycle_queue(),
        clock(),
    )


@cache
def token_verifier() -> TokenVerifier:
    """Bearer tokens."""
    from chalicelib.adapters.tokens import TokenVerifier

    return TokenVerifier(
        issuer=settings().jwt_issuer,
        audience=settings().jwt_audience,
        jwks_url=settings().jwks_url,
        role_claim=settings().jwt_role_claim,
    )


def reset() -> None:
    """Forget everything that was built, so that a test can begin with other settings."""
    for built in list(globals().values()):
        forget = getattr(built, "cache_clear", None)
        if forget is not None and getattr(built, "__module__", "") == __name__:
            forget()
