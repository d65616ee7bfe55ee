"""What answers about live streams look like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.domain.documents import iso
from chalicelib.domain.live.protocol import PROTOCOL
from chalicelib.services.live_watching import ingest_view, on_air_view

if TYPE_CHECKING:
    from chalicelib.domain.live.addresses import Addresses
    from chalicelib.domain.live.state import LiveState
    from chalicelib.domain.live.stream import Epoch, LiveStream, StreamStatus
    from chalicelib.services.live_ingest import SignedPuts
    from chalicelib.services.live_watching import Seat
    from chalicelib.services.livestream import Started
    from chalicelib.services.playback import Links


def stream_view(stream: LiveStream, status: StreamStatus) -> dict[str, Any]:
    """Return a stream as its owner sees it; `status` is that of this moment."""
    return {
        "id": stream.id,
        "recording_id": stream.recording_id,
        "room_id": stream.room_id,
        "status": status.value,
        "target_s": stream.target_s,
        "dvr_window_s": stream.dvr_window_s,
        "silence_s": stream.silence_s,
        "profiles": list(stream.profiles) or None,
        "started_at": iso(stream.started_at),
        "stopped_at": None if stream.stopped_at is None else iso(stream.stopped_at),
        "finished_at": None if stream.finished_at is None else iso(stream.finished_at),
    }


def started_view(started: Started, links: Links, addresses: Addresses) -> dict[str, Any]:
    """Return a new stream with its key, which is in no other answer."""
    stream = started.stream
    primary = addresses.ingest(stream.id, started.key, backup=False)
    return {
        "stream": stream_view(stream, stream.status),
        "ingest": {
            "key": started.key,
            "push": {"url": addresses.push(stream.id)},
            "primary": {"url": primary},
            "backup": {"url": addresses.ingest(stream.id, started.key, backup=True)},
            "ffmpeg": ffmpeg_example(primary, stream.target_s),
        },
        "playback_url": links.playback_url,
        "master_url": links.master_url,
        "websocket_url": addresses.recording_socket(stream.recording_id),
    }


def ffmpeg_example(url: str, target_s: int) -> str:
    """Return a command line that sends a file there as if it were happening now."""
    return (
        "ffmpeg -re -i INPUT -c:v libx264 -preset veryfast -pix_fmt yuv420p -bf 0 "
        f"-force_key_frames 'expr:gte(t,n_forced*{target_s})' -c:a aac -ar 48000 "
        f"-f hls -hls_time {target_s} -hls_list_size 6 -hls_segment_type fmp4 -hls_fmp4_init_filename init.mp4 "
        f"-hls_segment_filename '{url}s%05d.m4s' -method PUT -ignore_io_errors 1 '{url}live.m3u8'"
    )


def seat_view(seat: Seat, links: Links, addresses: Addresses) -> dict[str, Any]:
    """Return how to watch a stream: polling always, a socket while it is on."""
    return {
        "stream_id": seat.stream.id,
        "recording_id": seat.stream.recording_id,
        "status": seat.status.value,
        "target_s": seat.stream.target_s,
        "protocol": PROTOCOL,
        "websocket_url": addresses.socket(seat.token) if seat.token else None,
        "playback_url": links.playback_url,
        "master_url": links.master_url,
    }


def epoch_view(stream: LiveStream, epoch: Epoch) -> dict[str, Any]:
    """Return a claimed epoch to its encoder."""
    return {
        "epoch": epoch.number,
        "on_air": stream.on_air == epoch,
        "target_s": stream.target_s,
        "recording_id": stream.recording_id,
    }


def signed_view(signed: SignedPuts) -> dict[str, Any]:
    """Return where an encoder's objects go."""
    uploads = [{"name": name, "method": "PUT", "url": url} for name, url in signed.urls.items()]
    return {"uploads": uploads, "expires_at": iso(signed.expires_at)}


def encoder_view(stream: LiveStream, status: StreamStatus, state: LiveState | None) -> dict[str, Any]:
    """Return what a stream's encoder may know of it."""
    return {
        "stream_id": stream.id,
        "recording_id": stream.recording_id,
        "status": status.value,
        "target_s": stream.target_s,
        "on_air": on_air_view(stream),
        "ingest": ingest_view(state),
        "started_at": iso(stream.started_at),
    }
