"""Why a fit is what it is, in keys and shares that a page can put into words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from api.services import content
from matching import GATES, Explanation, Help, Pool, Vacancies, expected_ramp
from matching.fit import LEVEL_OF_BAND

MOST = 3  # reasons and gaps named
WORTH_NAMING = 0.01  # of the whole fit; less is rounding to a reader
COVERED = 0.9  # of what is asked: above it a skill is no gap, however important
LEVELS = ("education", "dutch", "english")  # the columns of levels
DECIMALS = 4


@dataclass(frozen=True, slots=True)
class Share:
    """A skill and the share of the whole fit that it brings or misses."""

    skill: str
    share: float


@dataclass(frozen=True, slots=True)
class Highlights:
    """What a list says about one pair: best contributions, largest losses, and how much of it was measured."""

    reasons: tuple[Share, ...]
    gaps: tuple[Share, ...]
    measured: float


@dataclass(frozen=True, slots=True)
class SkillPart:
    """One asked skill in a fit; contribution and loss sum to importance, contributions to the fit."""

    skill: str
    band: int
    importance: float
    contribution: float
    loss: float
    meets: float
    measured: bool


@dataclass(frozen=True, slots=True)
class HelpView:
    """One change and the fit after it. `keys` names what is missing at a gate; `change` is in the unit of its kind."""

    kind: str
    key: str
    change: float | None
    keys: tuple[str, ...]
    fit: float | None


@dataclass(frozen=True, slots=True)
class ExplanationView:
    """One fit explained."""

    fit: float | None
    fit_low: float | None
    fit_high: float | None
    measured: float
    skills: tuple[SkillPart, ...]
    gates: dict[str, str]
    what_helps: tuple[HelpView, ...]


def highlights(
    pool: Pool, vacancies: Vacancies, people: NDArray[np.int64], jobs: NDArray[np.int64]
) -> list[Highlights]:
    """Return the highlights of many pairs, given as row numbers of shape (pairs,)."""
    band = vacancies.band[jobs]
    importance = vacancies.importance[jobs].astype(np.float64)
    covered = expected_ramp(pool.mean[people], pool.sd[people], LEVEL_OF_BAND[np.maximum(band, 1) - 1])
    contribution = np.where(band > 0, importance * covered, 0.0)
    loss = importance - contribution
    measured = (importance * pool.measured[people]).sum(axis=1)
    parts = zip(contribution, loss, measured, strict=True)
    return [Highlights(*_named(pool.skills, gain, lost), rounded(min(share, 1.0))) for gain, lost, share in parts]


def unknown_gates(bits: int) -> tuple[str, ...]:
    """Return the names of the gates that could not be checked."""
    return tuple(name for bit, name in enumerate(GATES) if bits >> bit & 1)


def view(why: Explanation, pool: Pool, vacancies: Vacancies, person: int, vacancy: int) -> ExplanationView:
    """Return an explanation in keys and shares; rows of the pool and the vacancies as in `matching.explain`."""
    band, importance = vacancies.band[vacancy], vacancies.importance[vacancy]
    skills = tuple(
        SkillPart(
            skill=pool.skills[k],
            band=int(band[k]),
            importance=float(importance[k]),
            contribution=float(why.contribution[k]),
            loss=float(why.loss[k]),
            meets=rounded(why.meets[k]),
            measured=bool(pool.measured[person, k]),
        )
        for k in np.flatnonzero(band)
    )
    return ExplanationView(
        fit=number(why.fit),
        fit_low=number(why.interval[0]),
        fit_high=number(why.interval[1]),
        measured=rounded(why.measured),
        skills=skills,
        gates=dict(why.gates),
        what_helps=tuple(_help(each) for each in why.what_helps),
    )


def number(value: ArrayLike) -> float | None:
    """Return a rounded number, None for NaN: JSON knows no NaN."""
    value = float(np.asarray(value))
    return None if math.isnan(value) else round(value, DECIMALS)


def rounded(value: ArrayLike) -> float:
    """Return a number with the decimals that are shown."""
    return round(float(np.asarray(value)), DECIMALS)


def _named(
    skills: Sequence[str], gain: NDArray[np.float64], lost: NDArray[np.float64]
) -> tuple[tuple[Share, ...], tuple[Share, ...]]:
    """Return reasons and gaps. No skill is both: one that is nearly covered is no gap, and a gap is no reason."""
    open_still = lost > (1.0 - COVERED) * (gain + lost)
    gaps = _largest(skills, np.where(open_still, lost, 0.0))
    named = {gap.skill for gap in gaps}
    return _largest(skills, np.where([skill in named for skill in skills], 0.0, gain)), gaps


def _largest(skills: Sequence[str], shares: NDArray[np.float64]) -> tuple[Share, ...]:
    best = np.argsort(-shares, kind="stable")[:MOST]
    return tuple(Share(skills[k], rounded(shares[k])) for k in best if shares[k] >= WORTH_NAMING)


def _help(each: Help) -> HelpView:
    shipped = content.load()
    if each.key in ("certificates", "limits") and each.kind == "gate":
        terms = shipped.certificates if each.key == "certificates" else shipped.limits
        keys = tuple(term.key for term in terms.values() if int(each.change) >> term.bit & 1)
        return HelpView(each.kind, each.key, None, keys, number(each.fit))
    if each.key == "sector" and each.kind == "gate":
        keys = tuple(key for key, bit in content.SECTORS.items() if int(each.change) & bit)
        return HelpView(each.kind, each.key, None, keys, number(each.fit))
    keys = (LEVELS[each.column],) if each.column >= 0 else ()
    return HelpView(each.kind, each.key, rounded(each.change), keys, number(each.fit))
