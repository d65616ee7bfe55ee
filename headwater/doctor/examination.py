"""All that can be looked at, in order: what depends on something that failed is not asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwater.doctor import outside
from headwater.doctor.findings import State, left_out
from headwater.doctor.inside import inside
from headwater.doctor.journey import Journey
from headwater.doctor.sockets import sockets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from headwater.client.api import Api
    from headwater.doctor.findings import Finding


@dataclass(frozen=True, slots=True)
class Examination:
    """Of one installation: as a publisher, and as an administrator where a token for that is at hand."""

    api: Api
    admin: Api
    patience_s: float
    quick: bool = False
    """Leave out the test encode and the socket, which make and remove recordings."""

    def run(self) -> Iterator[Finding]:
        """Yield findings as they come."""
        found, response = outside.reach(self.api)
        yield from found
        if response is None or any(one.state is State.FAILED for one in found):
            return
        yield from outside.clock(response)
        yield from outside.pages(self.api)
        signed_in = list(outside.sign_in(self.api))
        yield from signed_in
        if any(one.check == "token" and one.state is State.FAILED for one in signed_in):
            yield left_out(
                "the rest", "Everything else needs a token that is taken.", "Pass --token, or set HEADWATER_TOKEN."
            )
            return
        yield from inside(self.admin)
        if self.quick:
            return
        yield from Journey(self.api, self.patience_s).run()
        yield from sockets(self.api)
