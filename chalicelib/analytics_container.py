"""Composition root of analytics: as `container`, whose builders and these build on each other."""

# ruff: noqa: PLC0415  importing in the builders is the point of them
from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from chalicelib import container, live_container

if TYPE_CHECKING:
    from chalicelib.adapters.tables.analytics_rollups import RollupsTable
    from chalicelib.adapters.tables.player_sessions import PlayerSessionsTable
    from chalicelib.adapters.tables.rollup_settling import SettlingTable
    from chalicelib.adapters.tables.session_events import SessionEventsTable
    from chalicelib.adapters.tables.session_folds import SessionFoldsTable
    from chalicelib.adapters.tables.viewer_analytics import ViewerAnalyticsTable
    from chalicelib.services.analytics import Analytics
    from chalicelib.services.analytics_sweeps import AnalyticsSweeps
    from chalicelib.services.forgetting import Erasure, Forgetting
    from chalicelib.services.live_now import LiveNow
    from chalicelib.services.session_facts import SessionFactsKeeper


@cache
def rollups() -> RollupsTable:
    """The analytics_rollups table."""
    from chalicelib.adapters.tables.analytics_rollups import RollupsTable

    return RollupsTable()


@cache
def sessions() -> ViewerAnalyticsTable:
    """The viewer_analytics table."""
    from chalicelib.adapters.tables.viewer_analytics import ViewerAnalyticsTable

    return ViewerAnalyticsTable()


@cache
def timelines() -> SessionEventsTable:
    """The session_events table."""
    from chalicelib.adapters.tables.session_events import SessionEventsTable

    return SessionEventsTable()


@cache
def live_now() -> LiveNow:
    """What is on at this moment."""
    from chalicelib.services.live_now import LiveNow

    return LiveNow(
        live_container.streams(),
        live_container.states(),
        live_container.audience(),
        container.recordings(),
        container.clock(),
    )


@cache
def analytics() -> Analytics:
    """What owners are told."""
    from chalicelib.services.analytics import Analytics

    return Analytics(rollups(), sessions(), timelines(), container.recordings(), live_now(), container.clock())


@cache
def folds() -> SessionFoldsTable:
    """Sessions and sums in one write."""
    from chalicelib.adapters.tables.session_folds import SessionFoldsTable

    return SessionFoldsTable()


@cache
def facts() -> SessionFactsKeeper:
    """What sessions come to."""
    from chalicelib.adapters.signing import HmacViewers
    from chalicelib.services.session_facts import SessionFactsKeeper

    names = HmacViewers(container.grant_key)
    return SessionFactsKeeper(container.player_sessions(), folds(), timelines(), names, container.clock())


@cache
def settling() -> SettlingTable:
    """The analytics_rollups table, as it is kept in order."""
    from chalicelib.adapters.tables.rollup_settling import SettlingTable

    return SettlingTable()


@cache
def open_sessions() -> PlayerSessionsTable:
    """The player_sessions table, as it is looked after."""
    from chalicelib.adapters.tables.player_sessions import PlayerSessionsTable

    return PlayerSessionsTable()


@cache
def sweeps() -> AnalyticsSweeps:
    """What the schedule does for analytics."""
    from chalicelib.services.analytics_sweeps import AnalyticsSweeps

    return AnalyticsSweeps(open_sessions(), timelines(), facts(), settling(), container.recordings(), container.clock())


@cache
def forgetting() -> Forgetting:
    """Takes sessions away."""
    from chalicelib.services.forgetting import Forgetting

    return Forgetting(sessions(), open_sessions(), timelines(), settling(), container.clock())


@cache
def erasure() -> Erasure:
    """Forgets people."""
    from chalicelib.adapters.signing import HmacViewers
    from chalicelib.services.forgetting import Erasure

    return Erasure(forgetting(), HmacViewers(container.grant_key))


def reset() -> None:
    """Forget everything that was built, so that a test can begin with other settings."""
    for built in list(globals().values()):
        forget = getattr(built, "cache_clear", None)
        if forget is not None and getattr(built, "__module__", "") == __name__:
            forget()
