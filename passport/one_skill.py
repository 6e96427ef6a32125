"""An adaptive test of one skill, as fast as it can be: everything about the items is tabulated once on a grid.

For a single skill the posterior needs no Gaussian: it is a table of weights on a grid of levels. An answer multiplies
it by a row of another table, and the expected information of all items is one small matrix product. Use it for banks
about one skill, for pretests and as a yardstick; the engine for all skills at once is `passport.adaptive`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from passport._arrays import frozen
from passport.model import CATEGORIES, Floats, information, offsets, probabilities

POINTS, REACH = 61, 4.5  # grid of levels, in standard deviations


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """A bank about one skill, tabulated: make it once, use it for everybody.

    slopes float64 (items,) above 0; steps float64 (items, 3), NaN padded. Derived: levels (points,) and their powers
    0, 1 and 2 (points, 3), prior weights (points,), chance of every grade (items, 4, points), information (items,
    points).
    """

    slopes: Floats
    steps: Floats
    levels: Floats = field(init=False, repr=False)
    powers: Floats = field(init=False, repr=False)
    prior: Floats = field(init=False, repr=False)
    chance: Floats = field(init=False, repr=False)
    reached: Floats = field(init=False, repr=False)
    information: Floats = field(init=False, repr=False)

    def __post_init__(self) -> None:
        slopes = frozen(self.slopes, np.float64, (None,), "slopes")
        steps = frozen(self.steps, np.float64, (len(slopes), CATEGORIES - 1), "steps")
        if not np.all(np.isfinite(slopes) & (slopes > 0)) or not np.all(np.isfinite(steps[:, 0])):
            raise ValueError("slopes and first steps: expected finite numbers, slopes above 0")
        levels = np.linspace(-REACH, REACH, POINTS)
        offset = offsets(slopes[:, None], steps)[:, None]
        along = slopes[:, None] * levels
        chance = np.maximum(probabilities(along, offset).swapaxes(1, 2), 1e-12)  # no answer is impossible
        info = information(along, offset) * slopes[:, None] ** 2
        for name, values in (
            ("slopes", slopes),
            ("steps", steps),
            ("levels", levels),
            ("powers", levels[:, None] ** np.arange(3)),
            ("prior", np.exp(-0.5 * levels**2)),
            ("chance", chance),
            ("reached", np.cumsum(chance, axis=1)[:, :-1].swapaxes(1, 2)),
            ("information", info),
        ):
            array = np.ascontiguousarray(values)
            array.flags.writeable = False
            object.__setattr__(self, name, array)


class OneSkillTest:
    """One person's test: ask `item`, `answer` it, until `sd` is small enough. Scores are mean and sd over the grid."""

    __slots__ = ("_closed", "_gain", "_tables", "_weight", "item", "items", "mean", "sd")

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._weight: Floats = tables.prior.copy()
        self._closed = np.zeros(len(tables.slopes))
        self._gain = np.empty(len(tables.slopes))
        self.items = 0
        self._look()

    def answer(self, grade: int) -> None:
        """Take in the grade for `item` and choose the next one; raises ValueError when no item is left."""
        if self.items >= len(self._closed):
            raise ValueError("no item is left to answer")
        self._weight *= self._tables.chance[self.item, grade]
        self._closed[self.item] = -np.inf
        self.items += 1
        self._look()

    def _look(self) -> None:
        """Update mean and sd, and choose the item with most expected information; the first of equals."""
        tables, weight = self._tables, self._weight
        total, first, second = weight.dot(tables.powers).tolist()
        weight /= total
        self.mean = first / total
        self.sd = max(second / total - self.mean**2, 0.0) ** 0.5
        np.dot(tables.information, weight, out=self._gain)
        self._gain += self._closed
        self.item = int(self._gain.argmax())


def run(tables: Tables, draws: npt.NDArray[np.float64], level: float, target: float) -> OneSkillTest:
    """Simulate a person at the grid level nearest to `level`; stop at `target` or the end.

    `draws` in [0, 1), one an item, decide her grades.
    """
    test = OneSkillTest(tables)
    at = int(np.argmin(np.abs(tables.levels - level)))
    for draw in draws[: len(tables.slopes)].tolist():
        if test.sd <= target:
            break
        first, second, third = tables.reached[test.item, at].tolist()
        test.answer((draw >= first) + (draw >= second) + (draw >= third))
    return test
