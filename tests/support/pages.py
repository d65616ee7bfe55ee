"""Every page of the console, and what each has to have whatever it shows."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

BASICS = """() => [
  document.documentElement.lang ? "" : "no language",
  document.title ? "" : "no title",
  document.querySelector('meta[name="viewport"]') ? "" : "no viewport",
  document.querySelectorAll("h1").length === 1 ? "" : "not one h1",
  [...document.images].every((image) => image.hasAttribute("alt")) ? "" : "image without alt",
  document.documentElement.scrollWidth <= innerWidth ? "" : "scrolls sideways",
].filter(Boolean)"""
"""What is missing of what every page needs."""


def pages(recording: str) -> dict[str, tuple[str, str]]:
    """Return path, and a selector of what one comes for, of each page."""
    return {
        "library": ("/", ".recording__title"),
        "recording": (f"/recordings/{recording}", "media-controller"),
        "watch": (f"/watch/{recording}", "media-controller"),
        "embed": (f"/embed/{recording}", "media-controller"),
        "studio": ("/studio", "main h1"),
        "together": (f"/together?recordings={recording},{recording}", "video"),
        "analytics": ("/analytics", "main h1"),
        "live-now": ("/analytics/live", "main h1"),
        "recording-analytics": (f"/analytics/recordings/{recording}", "main h1"),
        "webhooks": ("/webhooks", "main h1"),
        "settings": ("/settings", "main h1"),
    }


def kept_session(token: str, user: str = "ann", role: str = "publisher") -> str:
    """Return a session as the pages keep it in sessionStorage under `headwater.session`."""
    expires = datetime.now(UTC) + timedelta(hours=1)
    return json.dumps({"token": token, "user": user, "role": role, "expires_at": expires.isoformat()})
