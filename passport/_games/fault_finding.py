"""Find the fault (problem solving): water leaks somewhere; close a tap and see whether it stops. Few tests is good.

Closing a tap tells whether the leak lies behind it, so a test that halves what is left is best. The leak is in no
pipe beforehand: it always turns out to be in the larger part (behind the tap when both are equal). That takes luck out
of the score, and there is no right answer that a screen could give away: the screen only needs this rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log2
from typing import Any

from passport._games.common import Dice, Round, wholes


def rounds(levels: Sequence[dict[str, Any]], trials: int, dice: Dice) -> list[Round]:
    """Make `trials` networks a level from {pipes, branches}: pipe i hangs behind pipe parents[i], pipe 0 at the source.

    `branches` is the chance that a pipe hangs behind an earlier one than the last.
    """
    made = []
    for row, level in enumerate(levels):
        for _ in range(trials):
            parents = [-1, 0]
            for pipe in range(2, level["pipes"]):
                parents.append(dice.below(pipe - 1) if dice.chance(level["branches"]) else pipe - 1)
            made.append(Round(row, {"parents": parents}, None))
    return made


def behind(parents: Sequence[int]) -> list[set[int]]:
    """Return for every pipe the pipes that run dry when its tap is closed, itself included."""
    dry = [{pipe} for pipe in range(len(parents))]
    for pipe in range(len(parents) - 1, 0, -1):
        dry[parents[pipe]] |= dry[pipe]
    return dry


def left_after(suspects: set[int], dry: set[int]) -> set[int]:
    """Return the pipes that may still leak after a test: the larger part, behind the tap when both are equal."""
    inside, outside = suspects & dry, suspects - dry
    return inside if len(inside) >= len(outside) else outside


def read(shown: dict[str, Any], response: Any) -> list[int]:
    """Return the taps in the order they were closed; a list that leaves more than one pipe is a round given up."""
    n = len(shown["parents"])
    tests = wholes(response, 0, n - 1, 3 * n, "taps")
    suspects, dry = set(range(n)), behind(shown["parents"])
    for tap in tests:
        if len(suspects) == 1:
            raise ValueError("response: expected no test after the leak was found")
        suspects = left_after(suspects, dry[tap])
    return tests


def raw(rounds: Sequence[Round], responses: Sequence[list[int]]) -> float:
    """Return the mean over all networks of what the tests told, as a share of what the best tests would have told."""
    return sum(_efficiency(r.shown["parents"], tests) for r, tests in zip(rounds, responses, strict=True)) / len(rounds)


def _efficiency(parents: Sequence[int], tests: list[int]) -> float:
    """Return bits told by the tests over bits the best tests could tell, times the share that was found."""
    suspects, dry, told, possible = set(range(len(parents))), behind(parents), 0.0, 0.0
    for tap in tests:
        best = min(len(left_after(suspects, pipes)) for pipes in dry)
        after = left_after(suspects, dry[tap])
        told += log2(len(suspects) / len(after))
        possible += log2(len(suspects) / best)
        suspects = after
    return told / possible * told / log2(len(parents)) if tests else 0.0
