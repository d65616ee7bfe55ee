"""Where encoders send a stream, and viewers find it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Addresses:
    """Addresses of streams under one origin, and under that of the sockets; both without a trailing slash."""

    public_url: str
    websocket_url: str

    def ingest(self, stream_id: str, key: str, *, backup: bool) -> str:
        """Where a bare encoder PUTs its segments."""
        return f"{self.public_url}/ingest/{stream_id}/{key}/{'backup/' if backup else ''}"

    def push(self, stream_id: str) -> str:
        """What the push agent asks for epochs and uploads."""
        return f"{self.public_url}/api/v1/live/{stream_id}"

    def recording_socket(self, recording_id: str) -> str:
        """Where a socket opens too, with a token that a GET of the same address (as `http`) gives."""
        return f"{self.public_url.replace('http', 'ws', 1)}/api/v1/recordings/{recording_id}/stream/live"

    def socket(self, token: str) -> str:
        """Where a viewer's socket opens, once."""
        return f"{self.websocket_url}?token={token}"
