"""What the games share: rounds, draws that stay the same for ever, and the measure of telling two things apart."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from scipy.special import ndtri

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Round:
    """One round of a game: `shown` goes to the screen, `truth` never leaves the server."""

    level: int
    shown: dict[str, Any]
    truth: Any


class Dice:
    """Draws made of Python's `random()` alone: its sequence for a seed in words is promised to stay the same.

    So a game that was played years ago can be scored again from its seed.
    """

    def __init__(self, *seed: object) -> None:
        self._random = random.Random("/".join(map(str, seed))).random

    def below(self, n: int) -> int:
        """Return a whole number from 0 to n - 1."""
        return int(self._random() * n)

    def chance(self, share: float) -> bool:
        """Return True for `share` of all draws."""
        return self._random() < share

    def pick(self, values: Sequence[T]) -> T:
        """Return one of the values."""
        return values[self.below(len(values))]

    def sample(self, values: Sequence[T], count: int) -> list[T]:
        """Return `count` different values in random order."""
        left = list(values)
        return [left.pop(self.below(len(left))) for _ in range(count)]


def sensitivity(hits: int, signals: int, false_alarms: int, noises: int) -> float:
    """Return d', how well two things were told apart; log-linear correction keeps it finite (Hautus 1995)."""
    hit = (hits + 0.5) / (signals + 1)
    false_alarm = (false_alarms + 0.5) / (noises + 1)
    return float(ndtri(hit) - ndtri(false_alarm))


def whole(value: Any, low: int, high: int, what: str) -> int:
    """Return `value` when it is a whole number from `low` to `high`; raises ValueError saying what was expected."""
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"response: expected {what} from {low} to {high}, got {value!r}")
    return value


def wholes(value: Any, low: int, high: int, most: int, what: str) -> list[int]:
    """Return `value` when it is a list of at most `most` whole numbers from `low` to `high`; raises ValueError."""
    if not isinstance(value, list | tuple) or len(value) > most:
        raise ValueError(f"response: expected a list of at most {most} {what}, got {value!r}"[:200])
    return [whole(entry, low, high, what) for entry in value]
