"""Options whose value may be left out: `--rtmp` and `--rtmp 1936`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from typer.core import TyperCommand

if TYPE_CHECKING:
    from collections.abc import Mapping

PORT = re.compile(r"[0-9]+")
DEVICE = re.compile(r"(?!-|rec_|live_).+")


def filled(arguments: list[str], optional: Mapping[str, tuple[re.Pattern[str], str]]) -> list[str]:
    """Give each option in `optional` that has no value its default; maps to what a value looks like, and that."""
    full: list[str] = []
    for at, argument in enumerate(arguments):
        full.append(argument)
        if argument == "--":
            return full + arguments[at + 1 :]
        if argument in optional:
            looks_like, default = optional[argument]
            following = arguments[at + 1] if at + 1 < len(arguments) else ""
            if not looks_like.fullmatch(following):
                full.append(default)
    return full


class PushCommand(TyperCommand):
    """`headwater live push`, whose ports and device need not be said."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Fill in what was left out, then parse."""
        known = {"--rtmp": (PORT, "1935"), "--srt": (PORT, "9000"), "--camera": (DEVICE, "default")}
        return super().parse_args(ctx, filled(args, known))
