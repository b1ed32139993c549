"""Charts as inline SVG: no library, no script, no colour of their own (the page's style gives it).

Systems differ by marker, line style and a label at the line, not by colour alone.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from .pictures import format_seconds

STYLES = 8
_DASHES = ("", "7 3", "2 3", "9 3 2 3", "12 4", "4 2", "1 4", "6 2 1 2 1 2")
_TEXT = 13  # px, of all text; charts are drawn at the size they are shown at
_CHARACTER = 8.0  # px, about the width of a wide one: fonts differ
_LONGEST = 22


@dataclass(frozen=True, slots=True)
class Mark:
    """A point of a chart.

    Attributes:
        x: Its value on the x axis.
        y: Its value on the y axis.
        low: The lower end of its interval on the y axis.
        high: The upper end of that interval.
        words: What a pointer shows.
    """

    x: float
    y: float
    low: float
    high: float
    words: str


@dataclass(frozen=True, slots=True)
class Series:
    """A line with its marks, and marks beside it.

    Attributes:
        name: The name at the line.
        line: The marks on the line, in order.
        style: The number of its marker, dash and colour.
        beside: Marks that are not on the line.
    """

    name: str
    line: tuple[Mark, ...]
    style: int
    beside: tuple[Mark, ...] = ()

    @property
    def marks(self) -> tuple[Mark, ...]:
        """All marks: those on the line, then those beside it."""
        return self.line + self.beside


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis of a chart.

    Attributes:
        label: Its name.
        low: The value at its beginning.
        high: The value at its end.
        ticks: Values with their text.
        scale: A monotonic function of low … high.
    """

    label: str
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    scale: Callable[[float], float] = float

    def share(self, value: float) -> float:
        """Find where a value lies on the axis.

        Args:
            value: The value; outside the axis, its nearer end counts.

        Returns:
            A number in 0…1.
        """
        low, high = self.scale(self.low), self.scale(self.high)
        clipped = min(max(value, self.low), self.high)
        return (self.scale(clipped) - low) / (high - low) if high > low else 0.5


_Box = tuple[float, float, float, float]  # left, top, right, bottom


class Chart:
    """One chart at one size.

    Args:
        series: The lines and marks.
        x: The x axis.
        y: The y axis.
        width: In CSS pixels.
        height: In CSS pixels.
        name: A prefix that makes its ids unique on a page.
    """

    def __init__(
        self, series: Sequence[Series], x: Axis, y: Axis, *, width: int, height: int, name: str
    ) -> None:
        self.series, self.x, self.y, self.name = series, x, y, name
        self.width, self.height = width, height
        widest = max((len(text) for _, text in y.ticks), default=0)
        self.left, self.right = 14 + _CHARACTER * widest, width - 24
        self.top, self.bottom = 34, height - 48

    def svg(self, title: str, description: str, kind: str = "") -> str:
        """Write the SVG element.

        Args:
            title: Its accessible name.
            description: Its description for screen readers.
            kind: Further classes of the element.

        Returns:
            SVG.
        """
        parts = [
            f'<svg class="{" ".join(("chart", *kind.split()))}" role="img" '
            f'viewBox="0 0 {self.width} {self.height}" '
            f'width="{self.width}" height="{self.height}" '
            f'aria-labelledby="{self.name}-title" aria-describedby="{self.name}-desc">',
            f'<title id="{self.name}-title">{escape(title)}</title>',
            f'<desc id="{self.name}-desc">{escape(description)}</desc>',
            *self._grid(),
        ]
        # Bands lie below all lines, and labels above all marks.
        parts += [band for series in self.series for band in self._interval(series)]
        parts += [drawn for series in self.series for drawn in self._line(series)]
        parts += [drawn for series in self.series for drawn in self._markers(series)]
        parts += self._labels()
        return "\n".join((*parts, "</svg>"))

    def _at(self, x: float, y: float) -> tuple[float, float]:
        return (
            self.left + self.x.share(x) * (self.right - self.left),
            self.bottom - self.y.share(y) * (self.bottom - self.top),
        )

    def _grid(self) -> Iterator[str]:
        for value, text in self.y.ticks:
            y = self._at(self.x.low, value)[1]
            yield f'<path class="grid" d="M{self.left:.1f} {y:.1f}H{self.right:.1f}"/>'
            yield _text(self.left - 6, y + 4, text, "tick", "end")
        free = 0.0
        for value, text in self.x.ticks:
            x = self._at(value, self.y.low)[0]
            half = len(text) * _CHARACTER / 2
            yield f'<path class="grid" d="M{x:.1f} {self.bottom}v5"/>'
            if x - half >= free:
                yield _text(min(x, self.width - half), self.bottom + 19, text, "tick", "middle")
                free = x + half + 8
        yield f'<path class="axis" d="M{self.left:.1f} {self.bottom}H{self.right:.1f}"/>'
        yield _text(2, 16, self.y.label, "axis-label", "start")
        yield _text(self.right, self.height - 8, self.x.label, "axis-label", "end")

    def _interval(self, series: Series) -> Iterator[str]:
        lone = series.marks
        if len(series.line) > 1:
            upper = self._path([(mark.x, mark.high) for mark in series.line])
            lower = self._path([(mark.x, mark.low) for mark in reversed(series.line)])
            yield f'<path class="band {_style(series)}" d="M{upper}L{lower}Z"/>'
            lone = series.beside
        for mark in lone:
            x, low = self._at(mark.x, mark.low)
            high = self._at(mark.x, mark.high)[1]
            if mark.high > mark.low:
                yield (
                    f'<path class="whisker {_style(series)}" d="M{x - 4:.1f} {high:.1f}h8'
                    f'M{x:.1f} {high:.1f}V{low:.1f}M{x - 4:.1f} {low:.1f}h8"/>'
                )

    def _line(self, series: Series) -> Iterator[str]:
        if len(series.line) > 1:
            yield (
                f'<path class="line {_style(series)}"{_dash(series.style)} '
                f'd="M{self._path([(mark.x, mark.y) for mark in series.line])}"/>'
            )

    def _path(self, places: Sequence[tuple[float, float]]) -> str:
        """Through the places, straight between them in values: on a bent scale that is a curve."""
        found = [self._at(*places[0])]
        for (x0, y0), (x1, y1) in itertools.pairwise(places):
            steps = 1 if self.x.scale is float else 6
            found += [
                self._at(x0 + (x1 - x0) * step / steps, y0 + (y1 - y0) * step / steps)
                for step in range(1, steps + 1)
            ]
        return "L".join(f"{x:.1f} {y:.1f}" for x, y in found)

    def _markers(self, series: Series) -> Iterator[str]:
        for mark in series.marks:
            x, y = self._at(mark.x, mark.y)
            yield (
                f'<path class="marker {_style(series)}" d="{marker(series.style, x, y)}">'
                f"<title>{escape(mark.words)}</title></path>"
            )

    def _labels(self) -> Iterator[str]:
        """Every name once, near its line, where it hides least."""
        inked = [place for series in self.series for place in self._inked(series)]
        taken: list[_Box] = []
        # Single marks have one place only: they choose first.
        for series in sorted(self.series, key=lambda series: len(series.marks)):
            if not series.marks:
                continue
            name = shortened(series.name)
            box, anchor = min(
                self._places(series, len(name) * _CHARACTER),
                key=lambda place: self._cost(place[0], taken, inked),
            )
            taken.append(box)
            x = {"start": box[0], "middle": (box[0] + box[2]) / 2, "end": box[2]}[anchor]
            yield _text(x, box[3] - 4, name, f"label {_style(series)}", anchor)

    def _places(self, series: Series, width: float) -> Iterator[tuple[_Box, str]]:
        """Boxes around the marks, the last first, with the end that the text is held by."""
        for mark in reversed(series.marks):
            x, y = self._at(mark.x, mark.y)
            yield from (
                ((left, bottom - 17, left + width, bottom), anchor)
                for left, bottom, anchor in (
                    (x + 9, y + 9, "start"), (x - 9 - width, y + 9, "end"),
                    (x - width / 2, y - 9, "middle"), (x - width / 2, y + 27, "middle"),
                    *((x + 5, y + 9 + shift, "start") for shift in (-18, 18, -36, 36)),
                    *((x - 5 - width, y + 9 + shift, "end") for shift in (-18, 18, -36, 36)),
                )
            )  # fmt: skip

    def _cost(
        self, box: _Box, taken: Sequence[_Box], inked: Sequence[tuple[float, float]]
    ) -> float:
        left, top, right, bottom = box
        outside = max(
            0.0, self.left - left, right - self.width, self.top - 4 - top, bottom - self.bottom
        )
        over = sum(
            left < other[2] + 4 and other[0] < right + 4 and top < other[3] and other[1] < bottom
            for other in taken
        )
        hidden = sum(left - 2 <= x <= right + 2 and top <= y <= bottom for x, y in inked)
        return 1_000 * over + 100 * outside + hidden

    def _inked(self, series: Series) -> Iterator[tuple[float, float]]:
        """Places that a label should leave free: the marks, and the lines between them."""
        yield from [self._at(mark.x, mark.y) for mark in series.marks] * 3
        places = [self._at(mark.x, mark.y) for mark in series.line]
        for (x0, y0), (x1, y1) in itertools.pairwise(places):
            steps = max(1, int(math.dist((x0, y0), (x1, y1)) / 8))
            for step in range(steps):
                yield x0 + (x1 - x0) * step / steps, y0 + (y1 - y0) * step / steps


def legend(series: Sequence[Series]) -> str:
    """Write a list of the names with line and marker, because the lines' labels may be cut.

    Args:
        series: The lines and marks.

    Returns:
        HTML.
    """
    items = []
    for one in series:
        line = f'<path class="line {_style(one)}"{_dash(one.style)} d="M1 9H43"/>'
        items.append(
            f'<li><svg class="key" width="44" height="18" viewBox="0 0 44 18" aria-hidden="true">'
            f"{line if len(one.line) > 1 else ''}"
            f'<path class="marker {_style(one)}" d="{marker(one.style, 22, 9)}"/></svg> '
            f"<span>{escape(one.name)}</span></li>"
        )
    return f'<ul class="legend">{"".join(items)}</ul>'


def marker(style: int, x: float, y: float) -> str:
    """Write the path of a marker.

    Args:
        style: The style's number.
        x: Its middle, in CSS pixels.
        y: Its middle, in CSS pixels.

    Returns:
        The `d` attribute of an SVG path.
    """
    shape, size = style % STYLES, 5.0
    if shape == 0:  # a circle
        half = f"a{size} {size} 0 1 0"
        return f"M{x - size:.1f} {y:.1f}{half} {2 * size} 0{half} {-2 * size} 0Z"
    outlines: tuple[tuple[tuple[float, float], ...], ...] = (
        ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),  # square
        ((0, -1.15), (1.1, 0.85), (-1.1, 0.85)),  # triangle
        ((0, -1.3), (1.2, 0), (0, 1.3), (-1.2, 0)),  # diamond
        ((0, 1.15), (1.1, -0.85), (-1.1, -0.85)),  # triangle, down
        (
            (-0.4, -1.1), (0.4, -1.1), (0.4, -0.4), (1.1, -0.4), (1.1, 0.4), (0.4, 0.4),
            (0.4, 1.1), (-0.4, 1.1), (-0.4, 0.4), (-1.1, 0.4), (-1.1, -0.4), (-0.4, -0.4),
        ),  # plus
        tuple(
            (r * math.sin(n * math.pi / 5), -r * math.cos(n * math.pi / 5))
            for n, r in enumerate((1.35, 0.6) * 5)
        ),  # star
        tuple(
            (1.1 * math.sin(n * math.pi / 3), -1.1 * math.cos(n * math.pi / 3)) for n in range(6)
        ),  # hexagon
    )  # fmt: skip
    corners = outlines[shape - 1]
    return "M" + "L".join(f"{x + size * dx:.1f} {y + size * dy:.1f}" for dx, dy in corners) + "Z"


def shortened(name: str) -> str:
    """Cut a name so that it fits beside a line."""
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"


def share_axis(label: str, values: Sequence[float]) -> Axis:
    """Make an axis of shares: from 0 if the values come near it, in steps of ten.

    Args:
        label: Its name.
        values: The values that it must hold.

    Returns:
        The axis.
    """
    low = math.floor(10 * min(values, default=0.0) + 1e-9) / 10
    high = math.ceil(10 * max(values, default=1.0) - 1e-9) / 10
    low = 0.0 if low <= 0.3 else max(0.0, low - 0.1)
    high = min(1.0, max(high, low + 0.2))
    step = 1 if high - low <= 0.5 else 2
    tenths = range(round(10 * low), round(10 * high) + 1, step)
    return Axis(label, low, high, tuple((n / 10, f"{10 * n} %") for n in tenths))


def rate_axis(label: str, values: Sequence[float]) -> Axis:
    """Make an axis of rates from 0, on a square-root scale: most points lie below 30 %.

    Args:
        label: Its name.
        values: The values that it must hold.

    Returns:
        The axis.
    """
    high = max((*values, 0.1))
    ticks = [rate for rate in (0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0) if rate <= high]
    return Axis(label, 0.0, high, tuple((n, f"{100 * n:.0f} %") for n in ticks), math.sqrt)


def seconds_axis(label: str, values: Sequence[float]) -> Axis:
    """Make a logarithmic axis of seconds between two powers of ten.

    Args:
        label: Its name.
        values: The values that it must hold; those below 0.1 ms are drawn there.

    Returns:
        The axis.
    """
    positive = [max(value, 1e-4) for value in values] or [1.0]
    low = math.floor(math.log10(min(positive)))
    high = max(low + 1, math.ceil(math.log10(max(positive))))
    ticks = tuple((10.0**n, format_seconds(10.0**n)) for n in range(low, high + 1))
    return Axis(label, 10.0**low, 10.0**high, ticks, math.log10)


def _style(series: Series) -> str:
    """The class that gives the colour; from the ninth style on the markers are hollow."""
    hollow = " hollow" if series.style // STYLES % 2 else ""
    return f"s{series.style % STYLES}{hollow}"


def _dash(style: int) -> str:
    """The attribute of the line's dash; the second round of styles has others than the first."""
    dash = _DASHES[(style + 3 * (style // STYLES)) % STYLES]
    return f' stroke-dasharray="{dash}"' if dash else ""


def _text(x: float, y: float, text: str, kind: str, anchor: str) -> str:
    return (
        f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" font-size="{_TEXT}" '
        f'text-anchor="{anchor}">{escape(text)}</text>'
    )
