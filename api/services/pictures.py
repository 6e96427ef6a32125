"""Small pictures as inline SVG: curves and heat maps, in the colours of the page they stand in, without any script.

Every picture has a title and a description for who cannot see it; the page puts a table with the same numbers beside
it. Lines differ by their dashes and their labels, never by colour alone. Classes (axis, grid, line, cell) are for the
page's style sheet; without one the pictures are plain black.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import ArrayLike, NDArray

WIDTH, HEIGHT = 320, 190
LEFT, RIGHT, TOP, BOTTOM = 34, 8, 22, 36  # room for the labels around the drawing
CELL, MARGIN = 10, 18
LETTER = 6  # pixels, about
DASHES = ("none", "6 4", "2 3")


@dataclass(frozen=True, slots=True)
class Axis:
    """What an axis shows: from `low` to `high`, with a mark and a number at every tick."""

    label: str
    low: float
    high: float
    ticks: tuple[float, ...]

    def place(self, values: ArrayLike, start: float, end: float) -> NDArray[np.float64]:
        """Return where values lie between the pixels `start` and `end`; values outside stay on the edge."""
        share = (np.asarray(values, dtype=np.float64) - self.low) / (self.high - self.low)
        return np.asarray(start + np.clip(share, 0.0, 1.0) * (end - start))


@dataclass(frozen=True, slots=True)
class Line:
    """One curve with its label; `y` has a value for every x of the picture."""

    label: str
    y: ArrayLike


def axis_to(most: float, label: str) -> Axis:
    """Return an axis from 0 to at least `most`, with two to five round ticks."""
    power = 10.0 ** np.floor(np.log10(max(most, 1e-9)))
    step = next(power * part for part in (0.2, 0.5, 1.0, 2.0, 5.0) if most <= 5 * power * part)
    count = max(int(np.ceil(most / step - 1e-9)), 1)
    return Axis(label, 0.0, count * step, tuple(round(float(step * k), 10) for k in range(count + 1)))


def curves(name: str, title: str, description: str, x: ArrayLike, lines: Sequence[Line], across: Axis, up: Axis) -> str:
    """Return a picture of up to three curves; `name` is unique on the page, for the ids of title and description."""
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    parts = []
    for tick, at in zip(up.ticks, up.place(up.ticks, bottom, TOP), strict=True):
        parts.append(f'<path class="grid" d="M{LEFT} {at:.1f}H{right}"/>')
        parts.append(_text(LEFT - 4, at + 4, f"{tick:g}", "end"))
    for tick, at in zip(across.ticks, across.place(across.ticks, LEFT, right), strict=True):
        parts.append(f'<path class="axis" d="M{at:.1f} {bottom}v4"/>')
        parts.append(_text(at, bottom + 16, _signed(tick), "middle"))
    parts.append(f'<path class="axis" d="M{LEFT} {bottom}H{right}"/>')
    parts.append(_text((LEFT + right) / 2, HEIGHT - 4, across.label, "middle"))
    parts.append(_text(2, 12, up.label, "start"))
    places = across.place(x, LEFT, right)
    for line, dash in zip(lines, DASHES, strict=False):
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(places, up.place(line.y, bottom, TOP), strict=True))
        parts.append(f'<polyline class="line" stroke-dasharray="{dash}" points="{points}"/>')
    return _picture(name, title, description, WIDTH, HEIGHT, parts)


def key(lines: Sequence[str]) -> str:
    """Return the legend of a picture: each label with its dash."""
    drawn = (
        f'<span class="key"><svg viewBox="0 0 36 8" aria-hidden="true"><path class="line" stroke-dasharray="{dash}" '
        f'd="M0 4H36"/></svg> {escape(label)}</span>'
        for label, dash in zip(lines, DASHES, strict=False)
    )
    return " ".join(drawn)


def heat_map(name: str, title: str, description: str, matrix: ArrayLike, groups: Sequence[str]) -> str:
    """Return a square matrix of values from -1 to 1 as cells, darker for stronger, with a dash on negative ones.

    `groups` names the group of every row; rows of one group lie next to each other, and a line parts the groups.
    """
    values = np.asarray(matrix, dtype=np.float64)
    size = len(values) * CELL
    starts = [row for row, group in enumerate(groups) if row == 0 or group != groups[row - 1]]
    ends = [*starts[1:], len(values)]
    parts = []
    for row, column in np.ndindex(values.shape):
        x, y, value = MARGIN + column * CELL, MARGIN + row * CELL, values[row, column]
        parts.append(
            f'<rect class="cell" x="{x}" y="{y}" width="{CELL - 1}" height="{CELL - 1}" opacity="{abs(value):.2f}"/>'
        )
        if value < 0:
            parts.append(f'<path class="axis" d="M{x + 2} {y + 4.5}h5"/>')
    for start, end in zip(starts, ends, strict=True):
        parts += _group(groups[start], MARGIN + start * CELL, MARGIN + end * CELL)
        if start:
            at = MARGIN + start * CELL - 0.5
            parts.append(f'<path class="axis" d="M{MARGIN} {at}h{size}M{at} {MARGIN}v{size}"/>')
    return _picture(name, title, description, MARGIN + size, MARGIN + size, parts)


def _group(label: str, start: float, end: float) -> list[str]:
    """Return the label of some rows and columns: in their middle, or before their end when they are too few."""
    narrow = end - start < LETTER * len(label)
    at, above, beside = (end, "end", "start") if narrow else ((start + end) / 2, "middle", "middle")
    turn = f"rotate(-90 {MARGIN - 6} {at})"
    return [_text(at, MARGIN - 6, label, above), _text(MARGIN - 6, at, label, beside, turn)]


def _picture(name: str, title: str, description: str, width: float, height: float, parts: Sequence[str]) -> str:
    return (
        f'<svg role="img" viewBox="0 0 {width} {height}" aria-labelledby="{name}-title {name}-desc">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(description)}</desc>'
        f"{''.join(parts)}</svg>"
    )


def _text(x: float, y: float, text: str, anchor: str, turn: str = "") -> str:
    transform = f' transform="{turn}"' if turn else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{transform}>{escape(text)}</text>'


def _signed(value: float) -> str:
    return f"{value:+g}".replace("-", "−") if value else "0"
