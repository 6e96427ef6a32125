"""Plan the route (planning): visit every stop on a grid of streets and end at the gate, in as few moves as possible.

Like the Tower of London it is scored by moves above the minimum; ten graded levels, because few levels make such tasks
unreliable. The minimum is found by search here and never shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from passport._games.common import Dice, Round, wholes

WORST = 6  # moves above the minimum that earn nothing
MOST_MOVES = 200

Streets = dict[int, set[int]]


def rounds(levels: Sequence[dict[str, Any]], trials: int, dice: Dice) -> list[Round]:
    """Make `trials` maps a level from {size, stops, blocked}: a share of the streets is blocked, all corners stay
    within reach.
    """
    return [_round(row, level, dice) for row, level in enumerate(levels) for _ in range(trials)]


def _round(row: int, level: dict[str, Any], dice: Dice) -> Round:
    size = level["size"]
    blocked = _blocked(size, level["blocked"], dice)
    start, gate, *stops = dice.sample(range(size * size), 2 + level["stops"])
    shown = {"size": size, "blocked": blocked, "start": start, "stops": sorted(stops), "gate": gate}
    return Round(row, shown, fewest(shown))


def _blocked(size: int, share: float, dice: Dice) -> list[list[int]]:
    """Close streets one after the other, but none that would cut a corner off."""
    streets = [[c, c + step] for c in range(size * size) for step in (1, size) if _joined(c, step, size)]
    closed: list[list[int]] = []
    for street in dice.sample(streets, len(streets)):
        if len(closed) < share * len(streets) and len(_reached(size, [*closed, street])) == size * size:
            closed.append(street)
    return sorted(closed)


def _joined(corner: int, step: int, size: int) -> bool:
    return (corner + 1) % size != 0 if step == 1 else corner + size < size * size


def _reached(size: int, blocked: list[list[int]]) -> set[int]:
    open_to, seen = streets(size, blocked), {0}
    edge = seen
    while edge:
        edge = {near for corner in edge for near in open_to[corner]} - seen
        seen = seen | edge
    return seen


def streets(size: int, blocked: list[list[int]]) -> Streets:
    """Return for every corner the corners one move away."""
    shut = {tuple(street) for street in blocked}
    open_to: Streets = {corner: set() for corner in range(size * size)}
    for corner in range(size * size):
        for step in (1, size):
            if _joined(corner, step, size) and (corner, corner + step) not in shut:
                open_to[corner].add(corner + step)
                open_to[corner + step].add(corner)
    return open_to


def fewest(shown: dict[str, Any]) -> int:
    """Return the smallest number of moves that visits every stop and ends at the gate (search in breadth)."""
    open_to = streets(shown["size"], shown["blocked"])
    bit = {stop: 1 << i for i, stop in enumerate(shown["stops"])}
    goal, moves = (shown["gate"], (1 << len(bit)) - 1), 0
    edge = seen = {(shown["start"], 0)}
    while goal not in edge:
        edge = {(n, done | bit.get(n, 0)) for corner, done in edge for n in open_to[corner]} - seen
        seen = seen | edge
        moves += 1
    return moves


def read(shown: dict[str, Any], response: Any) -> list[int] | None:
    """Return the corners in the order they were passed, without the start; a route that does not arrive is None."""
    route = wholes(response, 0, shown["size"] ** 2 - 1, MOST_MOVES, "corners")
    open_to, here = streets(shown["size"], shown["blocked"]), shown["start"]
    for corner in route:
        if corner not in open_to[here]:
            raise ValueError(f"response: expected moves along open streets, got {here} to {corner}")
        here = corner
    return route if here == shown["gate"] and set(shown["stops"]) <= {*route} else None


def raw(rounds: Sequence[Round], responses: Sequence[list[int] | None]) -> float:
    """Return the mean over all maps of 1 for the fewest moves, less for every move more, 0 for not arriving."""
    extra = [WORST if route is None else len(route) - r.truth for r, route in zip(rounds, responses, strict=True)]
    return sum(1 - min(moves, WORST) / WORST for moves in extra) / len(rounds)
