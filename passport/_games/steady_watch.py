"""Steady watch (concentration): pictures fade into each other; tap every round lamp, hold back at the rare square one.

After the gradual onset continuous performance test (Esterman and others 2013): no sudden change catches the eye, so
only attention helps. Scored by d', which does not depend on whether somebody taps easily or seldom.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from passport._games.common import Dice, Round, sensitivity

VARIANTS = 10


def rounds(levels: Sequence[dict[str, Any]], trials: int, dice: Dice) -> list[Round]:
    """Make `trials` pictures a level from {rare, paced}: one square in every `rare` pictures, never two in a row."""
    made: list[Round] = []
    for row, level in enumerate(levels):
        for _ in range(trials // level["rare"]):
            first = 1 if made and made[-1].truth else 0
            square = first + dice.below(level["rare"] - first)
            for place in range(level["rare"]):
                shape = "square" if place == square else "round"
                shown = {"shape": shape, "variant": dice.below(VARIANTS), "paced": level["paced"]}
                made.append(Round(row, shown, place == square))
    return made


def read(shown: dict[str, Any], response: Any) -> bool:
    """Return whether the picture was tapped; at the own pace a person says so: "tap" or "pass"."""
    if response == "tap":
        return True
    if response is None if shown["paced"] else response == "pass":
        return False
    expected = "'tap' or nothing" if shown["paced"] else "'tap' or 'pass'"
    raise ValueError(f"response: expected {expected}, got {response!r}"[:200])


def raw(rounds: Sequence[Round], responses: Sequence[bool]) -> float:
    """Return d' of tapping the round ones and not the square ones."""
    taps = [tapped for r, tapped in zip(rounds, responses, strict=True) if not r.truth]
    slips = [tapped for r, tapped in zip(rounds, responses, strict=True) if r.truth]
    return sensitivity(sum(taps), len(taps), sum(slips), len(slips))
