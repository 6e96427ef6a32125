"""Why a fit is what it is: contributions that add up to it, how sure it is, and what would help most.

All in float64, for one person and one vacancy, so an explanation may differ from the float32 fit of a ranking in the
sixth decimal. The fit is additive, so no approximation of anybody's share is needed: contribution and loss are exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from matching._checks import Float64
from matching._pair import Ask, ask_of, covariance_of, interval_of, root_of, row_of
from matching.fit import BAND_WIDTH, LEAST_SD
from matching.formal import Attributes, Requirements
from matching.gates import NO, YES, answers, chord_squared, kilometres
from matching.problem import Pool, Vacancies, matched

Answer = Literal["yes", "no", "unknown"]

HALF_BAND = BAND_WIDTH / 2


@dataclass(frozen=True, slots=True)
class Help:
    """Name one change and what it would do.

    kind: "step" (a skill half a band higher), "ask" (a skill raised to what is asked), "gate" (a refusal to be lifted).
    key: the skill, or the gate.
    change: for a skill the latent levels added to its mean, its sd unchanged. For a gate what is missing: the bits of
        certificates, of limits touched, or of the sector; levels short; hours a week, below 0 when fewer; km short.
    fit: the fit after this change alone; a gate does not change it.
    column: which column of levels is short; -1 for everything else.
    """

    kind: Literal["step", "ask", "gate"]
    key: str
    change: float
    fit: float
    column: int = -1


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """Explain one fit. Arrays are float64 (skills,), read-only.

    fit: in [0, 1]; NaN when the vacancy asks nothing.
    contribution: importance x share covered; sums to fit (0 everywhere when the vacancy asks nothing).
    loss: importance x share missed; sums to 1 - fit. Both are 0 for a skill that is not asked.
    meets: the chance that the level is at least what is asked; 1 for a skill that is not asked.
    interval: the middle 90 % of the fit over what is not known about the levels; NaN when the vacancy asks nothing.
    measured: the share of importance on skills that were measured themselves; 1 when the vacancy asks nothing.
    gates: "yes", "no" or "unknown" by name of the gate; empty when no gate is applied.
    what_helps: single changes, largest gain first; refused gates, which gain no fit, come last.
    """

    fit: float
    contribution: Float64
    loss: Float64
    meets: Float64
    interval: tuple[float, float]
    measured: float
    gates: dict[str, Answer]
    what_helps: tuple[Help, ...]


def explain(
    pool: Pool, vacancies: Vacancies, person: int, vacancy: int, *, covariance: ArrayLike | None = None, seed: int = 0
) -> Explanation:
    """Explain the fit of one person to one vacancy, both given as row numbers.

    `covariance` (skills, skills) is the person's posterior; without it skills count as independent, which makes the
    interval too narrow when they are not. The interval comes from 2,000 draws that `seed` repeats exactly. Raises
    IndexError on a row that does not exist, FrameworkMismatch when the skills differ, ValueError on a covariance that
    is none.
    """
    sides = matched(pool, vacancies)
    person, vacancy = row_of("person", person, len(pool)), row_of("vacancy", vacancy, len(vacancies))
    root = root_of(covariance_of(pool.sd[person].astype(np.float64), covariance))
    pair = None if sides is None else (sides[0].take([person]), sides[1].take([vacancy]))
    ask = ask_of(pool, vacancies, person, vacancy)
    asked = ask.asked
    covered = _at_most_one(ask.contribution())
    contribution, loss, meets = np.zeros(len(pool.skills)), np.zeros(len(pool.skills)), np.ones(len(pool.skills))
    contribution[asked], loss[asked] = covered, ask.weight - covered
    meets[asked] = ndtr((ask.level - ask.required) / np.maximum(ask.spread, LEAST_SD))
    for array in contribution, loss, meets:
        array.flags.writeable = False
    fit = float(contribution.sum()) if asked.size else np.nan
    return Explanation(
        fit=fit,
        contribution=contribution,
        loss=loss,
        meets=meets,
        interval=interval_of(ask, root[asked], seed),
        measured=float(1.0 - ask.weight[~pool.measured[person, asked]].sum()),
        gates={} if pair is None else _gates(*pair),
        what_helps=tuple(_what_helps(ask, covered, fit, pair)),
    )


def _at_most_one(contribution: Float64) -> Float64:
    """Take rounding back from contributions that would sum to a little more than 1."""
    total = contribution.sum()
    return contribution * ((1.0 - 2.0**-50) / total) if total > 1.0 else contribution


def _gates(person: Attributes, vacancy: Requirements) -> dict[str, Answer]:
    words: dict[int, Answer] = {YES: "yes", NO: "no"}
    return {name: words.get(int(answer[0, 0]), "unknown") for name, answer in answers(person, vacancy)}


def _what_helps(ask: Ask, covered: Float64, fit: float, pair: tuple[Attributes, Requirements] | None) -> list[Help]:
    found: list[Help] = []
    for kind, change in ("ask", ask.required - ask.level), ("step", np.full(len(ask.skills), HALF_BAND)):
        gain = ask.contribution(np.maximum(change, 0.0)) - covered
        for skill in np.flatnonzero((change > 0) & (gain > 0)):
            after = min(fit + float(gain[skill]), 1.0)
            found.append(Help(kind, ask.skills[skill], float(change[skill]), after))  # type: ignore[arg-type]
    found.sort(key=lambda each: -each.fit)
    if pair is not None:
        refused = [name for name, answer in _gates(*pair).items() if answer == "no"]
        found += [
            Help("gate", name, change, fit, column) for name in refused for change, column in _missing(name, *pair)
        ]
    return found


def _missing(gate: str, person: Attributes, vacancy: Requirements) -> Iterator[tuple[float, int]]:
    """Yield what would have to change before a gate that refuses this pair lets it pass, and the column of levels."""
    if gate == "levels":
        for column, (held, asked) in enumerate(zip(person.levels[0], vacancy.levels[0], strict=True)):
            if 0 <= held < asked:
                yield int(asked) - int(held), column
    elif gate == "hours":
        (least, most), (lowest, highest) = person.hours[0].astype(float), vacancy.hours[0].astype(float)
        yield (float(lowest - most) if most < lowest else float(highest - least)), -1
    elif gate == "reach":
        distance = kilometres(chord_squared(person.location, vacancy.location))[0, 0]
        yield float(distance - person.reach_km[0]), -1
    else:
        bits = {
            "certificates": vacancy.certificates[0] & ~person.certificates[0],
            "limits": vacancy.demands[0] & person.limits[0],
            "sector": vacancy.sector[0],
        }
        yield int(bits[gate]), -1
