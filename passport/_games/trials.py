"""Raw trials from a screen, checked one by one, and what is too regular for a person.

A trial is one row in the way jsPsych writes data: trial_index from 0, rt in ms (None without a response), response,
time_elapsed in ms since the game began, and whatever else the screen adds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from passport._games.common import Round

QUICKEST, LONGEST = 100.0, 600_000.0  # ms: nobody sees and taps faster; ten minutes is not answering
LEAST = 8  # responses needed before anything is called too regular
ROBOT, SUSPECT = 0.03, 0.08  # sd / mean of the times: people are above .1 in every task with a choice
ENOUGH = 0.8  # share of rounds that must have an answer

Trial = Mapping[str, Any]


class Played(NamedTuple):
    """The rounds that were answered, with what was read from the responses, and all response times."""

    rounds: list[Round]
    responses: list[Any]
    times: list[float]
    share: float


def check(trials: Sequence[Trial], rounds: Sequence[Round], read: Callable[..., Any], limit: float | None) -> Played:
    """Return what was played. A round without response, or after the limit, is missing, never wrong.

    Raises ValueError naming the trial for a wrong count, a missing or doubled round, an impossible time or response.
    """
    if len(trials) != len(rounds):
        raise ValueError(f"trials: expected {len(rounds)}, got {len(trials)}")
    ordered = _ordered(trials)
    played, responses, times, before = [], [], [], 0.0
    for index, (trial, made) in enumerate(zip(ordered, rounds, strict=True)):
        try:
            elapsed = _number(trial, "time_elapsed", before, math.inf)
            response = trial.get("response")
            if response is not None:
                times.append(_number(trial, "rt", QUICKEST, min(LONGEST, elapsed)))
            elif trial.get("rt") is not None:
                raise ValueError(f"rt: expected none without a response, got {trial['rt']!r}")
            silence_counts = made.shown.get("paced", False)
            late = limit is not None and response is not None and times[-1] > limit
            value = read(made.shown, response) if response is not None or silence_counts else None
        except ValueError as error:
            raise ValueError(f"trial {index}: {error}") from error
        if not late and (response is not None or silence_counts):
            played.append(made)
            responses.append(value)
        before = elapsed
    return Played(played, responses, times, len(played) / len(rounds))


def _ordered(trials: Sequence[Trial]) -> list[Trial]:
    found: dict[int, Trial] = {}
    for place, trial in enumerate(trials):
        index = trial.get("trial_index") if isinstance(trial, Mapping) else None
        if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(trials):
            raise ValueError(f"trial {place}: trial_index: expected 0 to {len(trials) - 1}, got {index!r}")
        if index in found:
            raise ValueError(f"trial {index}: trial_index: came twice, so another round is missing")
        found[index] = trial
    return [found[index] for index in range(len(trials))]


def _number(trial: Trial, field: str, low: float, high: float) -> float:
    value = trial.get(field)
    if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high or math.isinf(value):
        raise ValueError(f"{field}: expected ms from {low:.0f} to {high:.0f}, got {value!r}")
    return float(value)


def regular(played: Played) -> list[str]:
    """Return what looks like a machine: 'robot times' or 'even times', and 'same answer'."""
    found = []
    if len(played.times) >= LEAST:
        mean = sum(played.times) / len(played.times)
        sd = math.sqrt(sum((t - mean) ** 2 for t in played.times) / (len(played.times) - 1))
        found += ["robot times"] if sd < ROBOT * mean else ["even times"] if sd < SUSPECT * mean else []
    if len(played.responses) >= LEAST and all(x == played.responses[0] for x in played.responses):
        found.append("same answer")
    return found
