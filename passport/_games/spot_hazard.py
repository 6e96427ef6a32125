"""Spot the hazard (safety): a work place with things in it; tap what is not safe, leave what is.

The things come in pairs that differ in what matters: a cable under a strip, a cable across the path. Scored by d', so
that tapping everything earns nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from passport._games.common import Dice, Round, sensitivity, wholes

UNSAFE = 0.4  # share of things that are not safe


def rounds(levels: Sequence[dict[str, Any]], trials: int, dice: Dice) -> list[Round]:
    """Make `trials` scenes a level from {things, pairs}: each shows `things` different pairs, safe or not by chance."""
    made = []
    for row, level in enumerate(levels):
        for _ in range(trials):
            pairs = dice.sample(level["pairs"], level["things"])
            unsafe = [dice.chance(UNSAFE) for _ in pairs]
            sides = [_side(pair["hazard"], bad) for pair, bad in zip(pairs, unsafe, strict=True)]
            shown = [
                {"picture": f"{pair['key']}-{side}", "text": dict(pair[side])}
                for pair, side in zip(pairs, sides, strict=True)
            ]
            made.append(Round(row, {"things": shown}, unsafe))
    return made


def _side(hazard: str, bad: bool) -> str:
    return hazard if bad else "ba"["ab".index(hazard)]


def read(shown: dict[str, Any], response: Any) -> set[int]:
    """Return the places that were tapped, from 0; an empty list says that all is safe."""
    n = len(shown["things"])
    places = wholes(response, 0, n - 1, n, "places")
    if len(set(places)) < len(places):
        raise ValueError(f"response: expected every place once at most, got {places}")
    return set(places)


def raw(rounds: Sequence[Round], responses: Sequence[set[int]]) -> float:
    """Return d' over all things in all scenes."""
    seen = [
        (bad, place in tapped) for r, tapped in zip(rounds, responses, strict=True) for place, bad in enumerate(r.truth)
    ]
    hits = [tap for bad, tap in seen if bad]
    alarms = [tap for bad, tap in seen if not bad]
    return sensitivity(sum(hits), len(hits), sum(alarms), len(alarms))
