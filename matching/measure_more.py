"""Measuring more: what another game or ten items would settle for one pair, and whom to invite first.

Ranking itself gives no bonus and no penalty for uncertainty: a bonus would rank worse matches higher, a penalty shuts
out whoever had a short test. What is fair to people who were measured little is to measure them more where it can
change an answer, and this says where.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from matching._checks import Bool, Float32, Float64, Int32, Int64, as_array, check_count, frozen
from matching._pair import Ask, ask_of, covariance_of, interval_of, noise, root_of, row_of
from matching.counterfactual import position
from matching.fit import FULL_MISS, LEAST_SD, LEVEL_OF_BAND, all_fits, expected_ramp, level_table
from matching.gates import judge
from matching.problem import BANDS, Pool, Vacancies, matched
from matching.rank import Ranking, rank

ITEM = 0.72  # information one scenario item adds to a skill, as in simulated assessments (data/synthetic/measure.py)
GAME = 1.05  # of a game's score with reliability .8 and loading .8: r l^2 / (1 - r l^2)
ITEMS = 10
NINETY = 1.6448536269514722  # standard deviations from the middle to either end of a 90 % interval
ROUNDING = np.float32(1e-5)
PEOPLE_AT_ONCE = 256
PAIRS_AT_ONCE = 1 << 14


@dataclass(frozen=True, slots=True)
class TopUp:
    """Say what one more game, or ten items, on the least measured of the asked skills would do.

    skills: what is measured, the least measured first.
    interval: the middle 90 % of the fit afterwards, if the means stay; shrinks: by how much it is narrower than now.
    passes: the chance that the fit afterwards is above that of the person now ranked just above; NaN without one.
    falls: the chance that it is below that of the person now ranked just below; NaN without one.
    """

    kind: Literal["game", "items"]
    skills: tuple[str, ...]
    interval: tuple[float, float]
    shrinks: float
    passes: float
    falls: float


@dataclass(frozen=True, slots=True, eq=False)
class Queue:
    """Hold whom to invite for more measuring, most worthwhile first. Arrays are read-only, of shape (invited,).

    people: int32 rows. settles: float64, the sum over vacancies of how far the upper end of the fit's 90 % interval
    lies above the fit of the last person listed. vacancies: int32, how many lists that concerns. vacancy: int32 row of
    the one where it is most.
    """

    people: Int32
    settles: Float64
    vacancies: Int32
    vacancy: Int32


def top_up(
    pool: Pool, vacancies: Vacancies, person: int, vacancy: int, *, covariance: ArrayLike | None = None, seed: int = 0
) -> tuple[TopUp, ...]:
    """Return what one more game and what ten more items would do for one pair, given as rows.

    Measuring a skill adds information to it: the covariance afterwards is known before (Kalman), the means are not, so
    ranks may flip; the chances come from 2,000 draws of the means. `covariance` as in `explain`. Empty when the vacancy
    asks nothing. Raises as `explain` does.
    """
    matched(pool, vacancies)
    person, vacancy = row_of("person", person, len(pool)), row_of("vacancy", vacancy, len(vacancies))
    before = covariance_of(pool.sd[person].astype(np.float64), covariance)
    ask = ask_of(pool, vacancies, person, vacancy)
    if not ask.skills:
        return ()
    place = position(pool, vacancies, person, vacancy, seed=seed)
    above, below = (np.nan if other is None else other.fit for other in (place.above, place.below))
    low, high = interval_of(ask, root_of(before)[ask.asked], seed)
    plans: tuple[tuple[Literal["game", "items"], float, int], ...] = ("game", GAME, 1), ("items", ITEM, ITEMS)
    found = []
    for kind, information, times in plans:
        after, skills = measured_more(before, ask.asked, information, times)
        interval = interval_of(ask, root_of(after)[ask.asked], seed)
        fit = _fits_afterwards(ask, before, after, seed)
        passes, falls = float(np.mean(fit > above)), float(np.mean(fit < below))
        names = tuple(pool.skills[skill] for skill in dict.fromkeys(skills))
        shrinks = (high - low) - (interval[1] - interval[0])
        found.append(
            TopUp(
                kind,
                names,
                interval,
                shrinks,
                passes if above == above else np.nan,
                falls if below == below else np.nan,
            )
        )
    return tuple(found)


def measured_more(covariance: Float64, asked: Int64, information: float, times: int) -> tuple[Float64, tuple[int, ...]]:
    """Return the covariance after measuring, `times` over, whichever asked skill is known least, and those skills."""
    after, skills = covariance.copy(), []
    for _ in range(times):
        skill = int(asked[np.argmax(after[asked, asked])])
        column = after[:, skill].copy()
        after -= np.outer(column, column) * (information / (1.0 + information * column[skill]))
        skills.append(skill)
    return after, tuple(skills)


def _fits_afterwards(ask: Ask, before: Float64, after: Float64, seed: int) -> Float64:
    """Return draws of the fit after measuring: means move as far as the covariance shrinks."""
    moves = noise(seed, len(before)) @ root_of(before - after)[ask.asked].T
    sd = np.sqrt(np.maximum(np.diag(after)[ask.asked], 0.0))
    return np.minimum(expected_ramp(ask.level + moves, sd, ask.required) @ ask.weight, 1.0)


def measure_more(
    pool: Pool,
    vacancies: Vacancies,
    *,
    k: int = 20,
    covariance: ArrayLike | None = None,
    ranking: Ranking | None = None,
    seed: int = 0,
) -> Queue:
    """Return the people whose upper interval would enter a vacancy's k best but whose fit does not.

    The interval is the 90 % one to first order, fit + 1.645 sd, from `covariance` (people, skills, skills) or else from
    independent skills. `ranking` with side="vacancies" is taken where it is there already. A vacancy with fewer than k
    people shuts nobody out. Cost: one pass over all pairs at about 20 bytes each for 256 people at a time, and the full
    covariance for the few pairs near a cut. Raises FrameworkMismatch when the skills differ, ValueError or TypeError
    on arguments out of range.
    """
    if ranking is None:
        ranking = rank(pool, vacancies, k=check_count("k", k, 1), seed=seed)
    elif (ranking.side, len(ranking), ranking.size) != ("vacancies", len(vacancies), len(pool)):
        came = f"side {ranking.side!r}, {len(ranking)} rows, {ranking.size} candidates"
        raise ValueError(f"ranking: {came} came, 'vacancies', {len(vacancies)} and {len(pool)} was expected")
    spread = _covariances(pool, covariance)
    settles, counts = np.zeros(len(pool)), np.zeros(len(pool), np.int32)
    most, where = np.zeros(len(pool)), np.full(len(pool), -1, np.int32)
    for people, jobs, over in _overtakes(pool, vacancies, ranking, spread):
        np.add.at(settles, people, over)
        np.add.at(counts, people, 1)
        order = np.argsort(over, kind="stable")
        people, jobs, over = people[order], jobs[order], over[order]
        better = over > most[people]
        most[people[better]], where[people[better]] = over[better], jobs[better]
    rows = np.flatnonzero(counts)
    rows = rows[np.argsort(-settles[rows], kind="stable")]
    return Queue(frozen(rows.astype(np.int32)), frozen(settles[rows]), frozen(counts[rows]), frozen(where[rows]))


def _covariances(pool: Pool, covariance: ArrayLike | None) -> Float32 | None:
    if covariance is None:
        return None
    array, shape = as_array("covariance", covariance), (*pool.mean.shape, pool.mean.shape[1])
    if array.shape != shape:
        raise ValueError(f"covariance: shape {array.shape} came, {shape} was expected")
    if array.dtype.kind != "f" or not np.isfinite(array).all():
        raise ValueError(f"covariance: {array.dtype} with NaN or infinity came, finite floating point was expected")
    return array.astype(np.float32, copy=False)


def _overtakes(
    pool: Pool, vacancies: Vacancies, ranking: Ranking, covariance: Float32 | None
) -> Iterator[tuple[Int64, Int64, Float64]]:
    """Yield people, vacancies and by how much the upper end lies above the cut, for pairs where it does."""
    sides = matched(pool, vacancies)
    cut = np.where(ranking.ids[:, -1] >= 0, ranking.fit[:, -1], np.float32(np.nan))
    for first in range(0, len(pool), PEOPLE_AT_ONCE):
        some = slice(first, min(first + PEOPLE_AT_ONCE, len(pool)))
        mean, sd = pool.mean[some], pool.sd[some]
        fit = all_fits(level_table(mean, sd), vacancies.band, vacancies.importance)
        steep = slope_table(mean, sd)
        wide = sd if covariance is None else np.sqrt(np.maximum(np.einsum("pss->ps", covariance[some]), 0.0))
        widest = all_fits(steep * np.repeat(wide.T, BANDS, axis=0), vacancies.band, vacancies.importance)
        near = fit + np.float32(NINETY) * widest >= cut[:, None] - ROUNDING  # as if skills went together: the widest
        if sides is not None:
            near &= judge(sides[0].take(some), sides[1])[0].T
        near &= ~_listed(ranking, some)
        jobs, people = np.nonzero(near)
        for part in range(0, len(jobs), PAIRS_AT_ONCE):
            job, person = jobs[part : part + PAIRS_AT_ONCE], people[part : part + PAIRS_AT_ONCE]
            own = None if covariance is None else covariance[some][person]
            upper = fit[job, person] + NINETY * _fit_sd(steep, sd, vacancies, job, person, own)
            over = np.minimum(upper, 1.0) - cut[job]
            yield person[over > 0] + first, job[over > 0], over[over > 0]


def slope_table(mean: Float32, sd: Float32) -> Float32:
    """Return how fast the expected ramp rises with the mean, float32 of the layout of `level_table`."""
    level, spread = mean.T[:, None].astype(np.float64), np.maximum(sd.T[:, None].astype(np.float64), LEAST_SD)
    cut = LEVEL_OF_BAND[:, None]
    steep = (ndtr((cut - level) / spread) - ndtr((cut - FULL_MISS - level) / spread)) / FULL_MISS
    table: Float32 = steep.reshape(-1, len(mean)).astype(np.float32)
    return table


def _listed(ranking: Ranking, some: slice) -> Bool:
    """Tell who is in whose list already, of shape (vacancies, some people)."""
    listed = np.zeros((len(ranking), some.stop - some.start), np.bool_)
    rows, places = np.nonzero((ranking.ids >= some.start) & (ranking.ids < some.stop))
    listed[rows, ranking.ids[rows, places] - some.start] = True
    return listed


def _fit_sd(
    steep: Float32, sd: Float32, vacancies: Vacancies, job: Int64, person: Int64, covariance: Float32 | None
) -> Float64:
    """Return the standard deviation of some fits to first order: of a gradient g and a covariance C, sqrt(g C g)."""
    skills = np.arange(vacancies.band.shape[1])
    rows = skills * BANDS + np.maximum(vacancies.band[job].astype(np.int64), 1) - 1
    gradient = (vacancies.importance[job] * steep[rows, person[:, None]]).astype(np.float64)
    if covariance is None:
        squared = ((gradient * sd[person]) ** 2).sum(axis=1)
    else:
        squared = np.einsum("ps,ps->p", np.einsum("ps,pst->pt", gradient, covariance, optimize=True), gradient)
    root: Float64 = np.sqrt(np.maximum(squared, 0.0))
    return root
