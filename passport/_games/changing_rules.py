"""Changing rules (adaptability): sort parts by the rule on the card; the rule changes again and again.

Scored by the share that is right over all rounds. Never by the cost of a change: differences between two such scores
hardly differ reliably between people (Hedge, Powell and Sumner 2018).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from passport._games.common import Dice, Round, whole

SIGNS = {
    "colour": ("blue", "orange", "grey", "black"),
    "shape": ("circle", "square", "triangle", "star"),
    "number": (1, 2, 3, 4),
}
BOXES = 4  # box i holds sign i of every rule: the card on it shows them


def rounds(levels: Sequence[dict[str, Any]], trials: int, dice: Dice) -> list[Round]:
    """Make `trials` parts a level from {rules, shortest, longest, remember}.

    A rule lasts `shortest` to `longest` parts, then another one comes. Every part belongs in another box by every
    rule. With `remember` the card is shown only with the first part after a change.
    """
    made: list[Round] = []
    for row, level in enumerate(levels):
        rule, left, fresh = "", 0, True
        for _ in range(trials):
            if left == 0:
                rule = dice.pick([name for name in level["rules"] if name != rule])
                left, fresh = level["shortest"] + dice.below(level["longest"] - level["shortest"] + 1), True
            boxes = dict(zip(SIGNS, dice.sample(range(BOXES), len(SIGNS)), strict=True))
            part = {name: SIGNS[name][box] for name, box in boxes.items()}
            shown = {"rule": rule if fresh or not level["remember"] else None, "part": part}
            made.append(Round(row, shown, boxes[rule]))
            left, fresh = left - 1, False
    return made


def read(_shown: dict[str, Any], response: Any) -> int:
    """Return the box, from 0."""
    return whole(response, 0, BOXES - 1, "a box")


def raw(rounds: Sequence[Round], responses: Sequence[int]) -> float:
    """Return the share of parts in the right box."""
    right = [bool(r.truth == x) for r, x in zip(rounds, responses, strict=True)]
    return sum(right) / len(right)
