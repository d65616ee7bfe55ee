"""Networks' pasts: what earlier viewers' transfers say about the next one on the same network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from chalicelib.domain.networks import NetworkPast, Share, expiry_of, grown, past_of, period_of

if TYPE_CHECKING:
    from chalicelib.services.ports import Clock


class NetworkHistory(Protocol):
    """The network_history table."""

    def read(self, name: str) -> Share | None:
        """Return what was added up under a name, eventually consistent; None when there is nothing."""

    def add(self, name: str, share: Share, *, expires_at: float) -> None:
        """Add a share to what there is; the name may go after `expires_at` (Unix seconds)."""


class NetworkNames(Protocol):
    """Holds the key under which networks are named."""

    def name(self, address: str, period: int) -> str | None:
        """Return what an address's network is stored under in a period; None for what is no address."""


class NetworkPasts:
    """Reads and writes networks' history under names that no address can be read from."""

    def __init__(self, history: NetworkHistory, names: NetworkNames, clock: Clock) -> None:
        """Keep sums in `history`, under what `names` calls a network in the present period."""
        self._history = history
        self._names = names
        self._clock = clock

    def of(self, address: str) -> NetworkPast | None:
        """Return what this period and the one before say about an address's network; None when that is nothing."""
        now = self._clock.now()
        stored: list[tuple[int, Share]] = []
        for period in (period_of(now), period_of(now) - 1):
            name = self._names.name(address, period)
            share = self._history.read(name) if name else None
            if share is not None:
                stored.append((period, share))
        return past_of(stored, now)

    def learn(self, address: str, share: Share) -> None:
        """Add what a session measured, within its bounds (`share_of`)."""
        now = self._clock.now()
        name = self._names.name(address, period_of(now))
        if name and share.weight > 0:
            self._history.add(name, grown(share, now), expires_at=expiry_of(period_of(now)))
