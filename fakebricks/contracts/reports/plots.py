"""Plots of numbers over time, as SVG that stands in a page and needs nothing else."""

from __future__ import annotations

import math
from html import escape

from fakebricks.contracts.findings import Series
from fakebricks.contracts.reports.texts import visible

_WIDTH, _HEIGHT = 640, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 12, 28
_FARTHEST = 1e300
_MARKED = 60
"""Up to so many points are marked one by one."""


def plot(series: Series) -> str:
    """The series as an SVG element; its limit is a dashed line. Points that are no numbers are left out."""
    points = [(at, value) for at, value in series.points if _drawable(at) and _drawable(value)]
    title = escape(visible(series.title))
    if not points:
        return f'<p class="empty">{title}: no points</p>'
    limit = series.limit if series.limit is not None and _drawable(series.limit) else None
    across = _Scale.over([at for at, _ in points], _LEFT, _WIDTH - _RIGHT)
    up = _Scale.over(
        [0.0, *(value for _, value in points), *([] if limit is None else [limit])], _HEIGHT - _BOTTOM, _TOP
    )
    unit = escape(visible(series.unit))
    drawn = [_axis(across, up, unit)]
    if limit is not None:
        drawn.append(_limit(limit, up, unit))
    path = " ".join(f"{across.place(at):.1f},{up.place(value):.1f}" for at, value in points)
    drawn.append(f'<polyline class="line" points="{path}"/>')
    if len(points) <= _MARKED:
        drawn += [_mark(one, (across.place(one[0]), up.place(one[1])), limit, unit) for one in points]
    return (
        f'<figure><figcaption>{title}</figcaption><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{title}">{"".join(drawn)}</svg></figure>'
    )


def _drawable(value: float) -> bool:
    """Whether it is a number, and one whose distance to another is too."""
    return math.isfinite(value) and abs(value) < _FARTHEST


class _Scale:
    """Numbers between two bounds, and where they are on a line."""

    def __init__(self, low: float, high: float, begin: float, end: float) -> None:
        self.low, self.high, self._begin, self._end = low, high, begin, end

    @classmethod
    def over(cls, values: list[float], begin: float, end: float) -> _Scale:
        low, high = min(values), max(values)
        return cls(low, high if high > low else low + max(1.0, abs(low)), begin, end)

    def place(self, value: float) -> float:
        part = (value - self.low) / (self.high - self.low)
        return self._begin + part * (self._end - self._begin)

    def ticks(self) -> list[float]:
        return [self.low + (self.high - self.low) * step / 4 for step in range(5)]


def _axis(across: _Scale, up: _Scale, unit: str) -> str:
    lines = []
    for value in up.ticks():
        y = up.place(value)
        lines.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        lines.append(f'<text class="up" x="{_LEFT - 6}" y="{y + 4:.1f}">{value:.4g} {unit}</text>')
    lines += [
        f'<text class="across" x="{across.place(at):.1f}" y="{_HEIGHT - 8}">{at:.4g} s</text>' for at in across.ticks()
    ]
    return "".join(lines)


def _limit(limit: float, up: _Scale, unit: str) -> str:
    y = up.place(limit)
    return (
        f'<line class="limit" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text class="limit" x="{_WIDTH - _RIGHT}" y="{max(y - 4, _TOP):.1f}">limit {limit:.4g} {unit}</text>'
    )


def _mark(point: tuple[float, float], place: tuple[float, float], limit: float | None, unit: str) -> str:
    at, value = point
    x, y = place
    kind = "over" if limit is not None and value > limit else "mark"
    told = f"{value:.4g} {unit} at {at:.4g} s"
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="3"><title>{told}</title></circle>'
