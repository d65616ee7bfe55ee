"""What others do: each rule written anew from its paper or its player's documented behaviour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .bola import Bola
from .bola_e import BolaE
from .dynamic import Dynamic
from .fixed import Fixed
from .hlsjs import HlsJs
from .robust_mpc import RobustMpc
from .throughput import Throughput

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..simulator import Controller

RIVALS: dict[str, Callable[[], Controller]] = {
    "fixed 2000 kbps": Fixed,
    "hls.js rule": HlsJs,
    "throughput rule": Throughput,
    "BOLA": Bola,
    "BOLA-E": BolaE,
    "dash.js Dynamic": Dynamic,
    "RobustMPC": RobustMpc,
}
