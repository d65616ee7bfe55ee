"""Just enough SVG for plots: a sheet, panels with axes, lines, dots and words.

No background, and greys and colours of middle lightness, so that they read on white and on black alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Point = tuple[float, float]

INK, GRID = "#7a828c", "#7a828c55"
COLOURS = ("#3b82f6", "#e8710a", "#2da44e", "#a371f7", "#d6409f", "#1b9aaa", "#b08800", "#e5534b")
FONT = "font-family='system-ui,sans-serif' font-size='13'"


@dataclass(slots=True)
class Sheet:
    """A drawing of some width and height, in pixels."""

    width: int
    height: int
    parts: list[str] = field(default_factory=list)

    def text(
        self, x: float, y: float, words: str, *, anchor: str = "start", colour: str = INK, bold: bool = False
    ) -> None:
        """Words with their base line's start, middle or end at a point."""
        weight = " font-weight='700'" if bold else ""
        place = f"x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}' fill='{colour}'{weight}"
        self.parts.append(f"<text {place}>{escape(words)}</text>")

    def line(self, points: Iterable[Point], *, colour: str = INK, width: float = 1, dash: str = "") -> None:
        """A line through points."""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dashes = f" stroke-dasharray='{dash}'" if dash else ""
        self.parts.append(f"<polyline points='{path}' fill='none' stroke='{colour}' stroke-width='{width}'{dashes}/>")

    def area(self, points: Iterable[Point], colour: str) -> None:
        """A filled shape."""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f"<polygon points='{path}' fill='{colour}'/>")

    def dot(self, x: float, y: float, *, colour: str = INK, radius: float = 5) -> None:
        """A filled circle."""
        self.parts.append(f"<circle cx='{x:.1f}' cy='{y:.1f}' r='{radius}' fill='{colour}'/>")

    def render(self, title: str) -> str:
        """The file."""
        head = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {self.width} {self.height}' role='img' {FONT}>"
        return "\n".join([head, f"<title>{escape(title)}</title>", *self.parts, "</svg>\n"])


def _share(value: float, scale: tuple[float, float]) -> float:
    """Where a value is on a scale, 0 to 1; a scale may run downwards."""
    return min(max((value - scale[0]) / (scale[1] - scale[0]), 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of a sheet with its own scales; y grows upwards."""

    sheet: Sheet
    box: tuple[float, float, float, float]
    """Left, top, right, bottom, in pixels."""
    xs: tuple[float, float]
    ys: tuple[float, float]

    def x(self, value: float) -> float:
        """Pixels from the left; what is outside is drawn at the edge."""
        left, _, right, _ = self.box
        return left + _share(value, self.xs) * (right - left)

    def y(self, value: float) -> float:
        """Pixels from the top."""
        _, top, _, bottom = self.box
        return bottom - _share(value, self.ys) * (bottom - top)

    def place(self, points: Iterable[Point]) -> list[Point]:
        """Values to pixels."""
        return [(self.x(x), self.y(y)) for x, y in points]

    def across(self, ticks: Sequence[float], *, label: str = "", form: str = "g") -> None:
        """Vertical grid lines, numbered below."""
        left, top, right, bottom = self.box
        for tick in ticks:
            self.sheet.line([(self.x(tick), top), (self.x(tick), bottom)], colour=GRID)
            self.sheet.text(self.x(tick), bottom + 17, f"{tick:{form}}", anchor="middle")
        self.sheet.text((left + right) / 2, bottom + 35, label, anchor="middle")

    def up(self, ticks: Sequence[float], *, label: str = "", form: str = "g") -> None:
        """Horizontal grid lines, numbered at the left, with a label above."""
        left, top, right, _ = self.box
        for tick in ticks:
            self.sheet.line([(left, self.y(tick)), (right, self.y(tick))], colour=GRID)
            self.sheet.text(left - 8, self.y(tick) + 4, f"{tick:{form}}", anchor="end")
        self.sheet.text(left, top - 10, label)
