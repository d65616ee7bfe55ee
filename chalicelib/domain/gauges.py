"""Figures that CloudWatch keeps of our work, beside those that it keeps of functions and queues by itself.

infra/modules/alarms watches and draws them under these names.
"""

from __future__ import annotations

ENCODE_SPEED = "EncodeSpeed"
"""Seconds of video that a job encodes in a second, from its start to its end: more than 1 is faster than it plays."""
COST_PER_MINUTE = "CostPerMinute"
"""USD that encoding a minute of video cost, storage left out."""
LIVE_LAG = "LiveLag"
"""Seconds from when a live segment lay in the bucket until it was packaged and its viewers were being told."""
RATE_LIMITED = "RateLimited"
"""Calls that were refused because their caller came too often."""
RATE_UNHELD = "RateUnheld"
"""Calls that were let through uncounted, because it could not be looked up how often their caller came."""
_LEAST_S = 0.001


def encode_speed(media_s: float, started_at: float | None, finished_at: float | None) -> float | None:
    """Return seconds of video in a second of work; None when nobody noted both ends."""
    if started_at is None or finished_at is None or media_s <= 0:
        return None
    return media_s / max(_LEAST_S, finished_at - started_at)


def cost_per_minute(usd: float, media_s: float) -> float | None:
    """Return USD a minute of video, of what all of it cost; None for what has no length."""
    return usd / (media_s / 60) if media_s > 0 else None


def live_lag(landed_at: float, now: float) -> float:
    """Return seconds since a segment landed; clocks of S3 and functions may disagree, which is no negative lag."""
    return max(0.0, now - landed_at)
