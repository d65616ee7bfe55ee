"""Weights against Lambda's limit."""

from __future__ import annotations

from infra import sizes

MIB = 1024 * 1024
LAYERS = {"python": 50 * MIB, "ffmpeg": 185 * MIB}


def test_functions_weigh_their_code_and_layers() -> None:
    """The heaviest first; the share is of 250 MB."""
    weights = sizes.weigh({"small": ("python",), "large": ("python", "ffmpeg")}, 2 * MIB, LAYERS)
    assert [(weight.function, weight.total // MIB) for weight in weights] == [("large", 237), ("small", 52)]
    assert sizes.too_heavy(weights) == []
    assert "95%" in sizes.table(weights)


def test_more_than_95_percent_is_refused() -> None:
    """The next version of a library must still fit."""
    weights = sizes.weigh({"large": ("python", "ffmpeg")}, 3 * MIB, LAYERS)
    assert sizes.too_heavy(weights) == ["large would take 238.0 MB unpacked: more than 95% of Lambda's 250 MB."]
    assert "!" in sizes.table(weights)
