"""Skills as bars: where somebody most likely is, drawn dark, and where she can also be, drawn light."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from api.services.passports import NINETY, SkillLevel
from api.terminal.texts import Texts
from passport.framework import BAND_WIDTH

BANDS = 5
WIDTHS = (25, 20, 15)  # of a bar, a multiple of the bands; the widest that leaves room for names and words
SOLID, LIGHT, TRACK = "█", "▒", "·"
PLAIN = str.maketrans({SOLID: "#", LIGHT: "=", TRACK: "."})  # for terminals without these signs


@dataclass(frozen=True, slots=True)
class Layout:
    """How bars are set: cells for names and bars, words or numbers beside them, or the bar under the name."""

    names: int
    bar: int
    words: bool
    stacked: bool = False


def layout(levels: Sequence[SkillLevel], texts: Texts, width: int) -> Layout:
    """Choose the richest layout in which everything fits in one line; below that, bars go under the names."""
    names = max((cell_len(level.name) for level in levels), default=0)
    for words in (True, False):
        beside = max((cell_len(in_words(level, texts) if words else in_numbers(level)) for level in levels), default=0)
        for bar_width in WIDTHS:
            if names + 1 + bar_width + 1 + beside <= width:
                return Layout(names, bar_width, words)
    return Layout(0, WIDTHS[-1], words=False, stacked=True)


def lines(levels: Sequence[SkillLevel], texts: Texts, how: Layout) -> list[Text]:
    """Return a scale and one line a skill, or two when stacked, strongest first."""
    found = [Text(" " * (how.names + (not how.stacked)) + scale(how.bar), style="dim")]
    for level in sorted(levels, key=lambda level: -level.level):
        beside = in_words(level, texts) if how.words else in_numbers(level)
        drawn = bar(level.level, level.standard_error, how.bar)
        if how.stacked:
            found += [Text(level.name), Text.assemble(drawn, " ", beside)]
        else:
            gap = " " * (how.names - cell_len(level.name) + 1)
            found.append(Text.assemble(level.name, gap, drawn, " ", beside))
    return found


def bar(level: float, sd: float, width: int) -> Text:
    """Return a bar of `width` cells over the bands 1 to 5; the light part is the 90 % interval around the level."""
    low, middle, high = (cell(level + side * NINETY * sd, width) for side in (-1, 0, 1))
    drawn = Text(TRACK * low, style="dim")
    drawn.append(LIGHT * (middle - low), style="not dim")
    drawn.append(SOLID, style="bold not dim")
    drawn.append(LIGHT * (high - middle), style="not dim")
    return drawn.append(TRACK * (width - 1 - high), style="dim")


def cell(level: float, width: int) -> int:
    """Return the cell of a bar in which a level lies; levels outside the bands lie in the first or last one."""
    share = (level / BAND_WIDTH + BANDS / 2) / BANDS
    return min(max(int(share * width), 0), width - 1)


def scale(width: int) -> str:
    """Return the numbers of the bands, each in the middle of its cells."""
    each = width // BANDS
    return "".join(str(band).center(each) for band in range(1, BANDS + 1)).rstrip()


def in_words(level: SkillLevel, texts: Texts) -> str:
    """Return a band in words, a range of bands when we are not sure, and nothing more when it may be any."""
    if level.between is None:
        return texts(f"band.{level.band}")
    low, high = level.between
    if (low, high) == (1, BANDS):
        return texts("band.any")
    return texts("band.between", low=texts(f"band.{low}"), high=texts(f"band.{high}"))


def in_numbers(level: SkillLevel) -> str:
    """Return a band, or a range of bands, in digits."""
    return str(level.band) if level.between is None else "{}-{}".format(*level.between)
