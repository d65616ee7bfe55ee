"""Addresses of streams."""

from __future__ import annotations

from chalicelib.domain.live.addresses import Addresses


def test_each_has_its_place() -> None:
    """Encoders and the agent at the origin, sockets under their own scheme."""
    at = Addresses("https://video.example", "wss://sockets.example/live")
    assert at.ingest("live_1", "sk_1", backup=False) == "https://video.example/ingest/live_1/sk_1/"
    assert at.ingest("live_1", "sk_1", backup=True) == "https://video.example/ingest/live_1/sk_1/backup/"
    assert at.push("live_1") == "https://video.example/api/v1/live/live_1"
    assert at.recording_socket("rec_1") == "wss://video.example/api/v1/recordings/rec_1/stream/live"
    assert at.socket("l1.x") == "wss://sockets.example/live?token=l1.x"
