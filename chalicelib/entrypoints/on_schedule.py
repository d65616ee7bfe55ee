"""Lambda every minute: picks up what lost its message."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from chalice.app import Blueprint

from chalicelib import analytics_container, container, diagnosis_container, live_container, webhook_container
from chalicelib.adapters.telemetry import instrumented

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalice.app import CloudWatchEvent

STALLED_JOBS = 20
"""Jobs looked at in one minute."""

blueprint = Blueprint(__name__)
log = logging.getLogger(__name__)


@blueprint.schedule("rate(1 minute)")
@instrumented
def on_schedule(_event: CloudWatchEvent) -> dict[str, int]:
    """Run every sweep, one failing or not; returns how much each did, and fails when one did."""
    sweeps: dict[str, Callable[[], int]] = {
        "deletes": lambda: container.lifecycle().redrive_deletes(),
        "uploads": lambda: container.lifecycle().close_abandoned_uploads(),
        "jobs": lambda: container.transcoder().resume_stalled(STALLED_JOBS),
        "live": lambda: live_container.sweeps().look_after(),
        "viewers": lambda: live_container.sweeps().count_out_viewers(),
        "live_ends": lambda: live_container.sweeps().finish_stopped(),
        "sessions": lambda: analytics_container.sweeps().close_left(),
        "sums": lambda: analytics_container.sweeps().settle(),
        "untold": lambda: webhook_container.teller().sweep(),
        "deliveries": lambda: webhook_container.sender().sweep(),
    }
    done, errors = {}, []
    for name, sweep in sweeps.items():
        try:
            done[name] = sweep()
        except Exception as error:
            log.exception("the sweep of %s failed", name)
            errors.append(error)
    if errors:
        raise errors[0]
    diagnosis_container.pulse().beat()
    return done
