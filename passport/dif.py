"""Differential item functioning: is an item harder for one group than for another at the same level?

Two methods side by side, because each misses something. Mantel-Haenszel over strata of the level, with the ETS classes,
sees a difference that is the same at every level; logistic regression, which for graded answers is adjacent-category
logistic regression as in the partial credit model, also sees one that changes with the level.

People are matched on what all other answers say (the studied item and items already flagged are left out: purified).
The level is the expected one *given the group's own distribution* (Kelley's regression, as in SIBTEST): matching on
levels shrunken to one common mean would find differences where groups only differ in level. Groups are compared here
and nowhere else: no level depends on who somebody is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc

from passport._adjacent import fit as regress
from passport._arrays import frozen
from passport._left_out import Data, Factors, checked, factors, outlook, without
from passport._mantel import Table, compare
from passport.model import Floats, length

LEAST = 200  # people a group below which nothing is said; unverified, a common rule of thumb
STRATA = 12
ROUNDS = 4  # of purification
SCALES = 6  # of EM for the spread of a group: near enough, as matching hardly depends on it
TOO_FEW = "-"
VERDICTS = {
    "A": "no sign of a difference",
    "B": "some difference: read the item again",
    "C": "large difference: take the item out and review it",
    TOO_FEW: "not enough data",
}
JODOIN_GIERL = (0.035, 0.070)  # difference in R2 for B and C (Jodoin & Gierl 2001); unverified for this regression

Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Dif:
    """What was found for every item; arrays of shape (items,), NaN where there is not enough data.

    reference, focal: answers in each group. delta: Mantel-Haenszel on the ETS scale, -2.35 ln(odds ratio), negative =
    harder for the focal group (Liu-Agresti for graded answers), with delta_se; p_mantel: of Mantel's test; smd:
    standardised mean difference in item sd. ets: class A, B, C or "-". p_uniform, p_nonuniform (1 df each), p_logistic
    (2 df): likelihood ratio tests; nagelkerke, mcfadden: gain in R2 of both terms; jodoin_gierl: class by nagelkerke,
    thresholds unverified. p_adjusted: p_logistic after Benjamini-Hochberg; flagged: p_adjusted below alpha. verdicts:
    the larger class in words. purified: items left out of the matching.
    """

    reference: npt.NDArray[np.int64]
    focal: npt.NDArray[np.int64]
    delta: Floats
    delta_se: Floats
    p_mantel: Floats
    smd: Floats
    ets: tuple[str, ...]
    p_uniform: Floats
    p_nonuniform: Floats
    p_logistic: Floats
    nagelkerke: Floats
    mcfadden: Floats
    jodoin_gierl: tuple[str, ...]
    p_adjusted: Floats
    flagged: Booleans
    verdicts: tuple[str, ...]
    purified: Booleans


def dif(
    answers: npt.ArrayLike,
    mean: npt.ArrayLike,
    covariance: npt.ArrayLike,
    slopes: npt.ArrayLike,
    steps: npt.ArrayLike,
    correlation: npt.ArrayLike,
    *,
    focal: npt.ArrayLike,
    alpha: float = 0.05,
    least: int = LEAST,
) -> Dif:
    """Return differences in item functioning between the focal group and the reference group.

    answers int (people, items), -1 missing; mean (people, skills) and covariance (people, skills, skills): posteriors
    from all answers under the prior N(0, correlation); slopes (items, skills), steps (items, 3); focal bool (people,).
    Items with fewer than `least` answers in either group get no figure and the verdict "not enough data". Cost: four
    rounds at most, each a pass over all answers. Raises ValueError for wrong shapes or only one group.
    """
    data = checked(answers, mean, covariance, slopes, steps)
    group = frozen(focal, np.bool_, (len(data.answers),), "focal")
    if group.all() or not group.any():
        raise ValueError("focal: expected people of two groups, got one")
    r = frozen(correlation, np.float64, (data.mean.shape[1],) * 2, "correlation")
    found, removed = factors(data), np.zeros(len(data.slopes), dtype=bool)
    for _ in range(ROUNDS):
        result = _once(data, found, removed, group, r, alpha, least)
        worst = _worst(result)
        if np.array_equal(worst, removed):
            break
        removed = worst
    return result


def _worst(result: Dif) -> Booleans:
    """Return the flagged items, at most half of the items: when a few bad ones make all others look bad as well."""
    order = np.argsort(np.where(result.flagged, result.p_logistic, np.inf), kind="stable")
    worst = np.zeros(len(order), dtype=bool)
    worst[order[: len(order) // 2]] = True
    return worst & result.flagged


def _once(
    data: Data, found: Factors, removed: Booleans, group: Booleans, correlation: Floats, alpha: float, least: int
) -> Dif:
    level = _matching(data, found, removed, group, correlation)
    there = data.answers >= 0
    n_focal, n_reference = there[group].sum(axis=0), there[~group].sum(axis=0)
    enough = np.minimum(n_focal, n_reference) >= least
    columns = {name: np.full(len(removed), np.nan) for name in (*Table._fields, *_Regression)}
    for i in np.flatnonzero(enough):
        rows = there[:, i]
        grades = data.answers[rows, i]
        if len(np.unique(grades)) > 1:
            table = compare(level[rows, i], grades, group[rows], STRATA)
            for name, value in {**table._asdict(), **_regression(level[rows, i], grades, group[rows])}.items():
                columns[name][i] = value
    adjusted = benjamini_hochberg(columns["p_logistic"])
    flagged = adjusted < alpha
    ets = _ets(columns, alpha)
    by_size = _classes(np.where(flagged, columns["nagelkerke"], 0.0), JODOIN_GIERL, ~np.isnan(columns["p_logistic"]))
    return Dif(
        reference=n_reference,
        focal=n_focal,
        ets=ets,
        jodoin_gierl=by_size,
        p_adjusted=adjusted,
        flagged=flagged,
        verdicts=tuple(VERDICTS[max(pair)] for pair in zip(ets, by_size, strict=True)),
        purified=removed,
        **columns,
    )


def _matching(data: Data, found: Factors, removed: Booleans, group: Booleans, correlation: Floats) -> Floats:
    """Return the level along every item that all other answers lead to expect, of shape (people, items)."""
    mean, covariance = without(data, found, removed)
    mean, covariance = regroup(mean, covariance, correlation, group)
    kept = Factors(*(np.where(removed, 0.0, part) for part in found))
    view = outlook(data._replace(mean=mean, covariance=covariance), kept)
    return view.centre / length(data.slopes)


def regroup(mean: Floats, covariance: Floats, correlation: Floats, group: Booleans) -> tuple[Floats, Floats]:
    """Return the posteriors under each group's own distribution of levels, N(mu, s^2 R), in place of N(0, R).

    mean (people, skills), covariance (people, skills, skills). For given s, mu is where the mean of the posterior means
    is mu itself, one linear system for all skills together; s follows by EM.
    """
    known = np.linalg.solve(covariance, mean[:, :, None])[:, :, 0]
    prior = np.linalg.inv(correlation)
    told = np.linalg.inv(covariance) - prior
    centre, spread = np.empty_like(mean), np.empty_like(covariance)
    for rows in (group, ~group):
        scale, mu = 1.0, np.zeros(mean.shape[1])
        for _ in range(SCALES):
            left = np.linalg.inv(told[rows] + prior / scale)
            pulled = np.einsum("pst,pt->ps", left, known[rows])
            own = np.eye(len(mu)) - left.mean(axis=0) @ prior / scale
            mu = np.linalg.lstsq(own, pulled.mean(axis=0), rcond=1e-6)[0]  # a skill nobody was asked about stays at 0
            centre[rows], spread[rows] = pulled + left @ (prior @ mu) / scale, left
            off = centre[rows] - mu
            scale = float(np.sum(prior * (left.mean(axis=0) + off.T @ off / len(off))) / len(mu))
    return centre, spread


_Regression = ("p_uniform", "p_nonuniform", "p_logistic", "nagelkerke", "mcfadden")


def _regression(level: Floats, grades: npt.NDArray[np.int8], group: Booleans) -> dict[str, float]:
    """Return tests and effect sizes of three nested regressions: level; and group; and group times level."""
    columns = np.stack([level, group, group * (level - level.mean())], axis=1)
    none, base, uniform, both = (regress(columns[:, :k], grades) for k in (0, 1, 2, 3))
    n = len(grades)
    most = 1 - np.exp(2 * none / n)
    return {
        "p_uniform": float(chdtrc(1, max(0.0, 2 * (uniform - base)))),
        "p_nonuniform": float(chdtrc(1, max(0.0, 2 * (both - uniform)))),
        "p_logistic": float(chdtrc(2, max(0.0, 2 * (both - base)))),
        "nagelkerke": float((np.exp(2 * (none - base) / n) - np.exp(2 * (none - both) / n)) / most),
        "mcfadden": float((base - both) / none),
    }


def _ets(columns: dict[str, Floats], alpha: float) -> tuple[str, ...]:
    """Return the ETS classes: C is at least 1.5 and surely above 1, A is below 1 or not sure to differ from 0."""
    size = np.abs(columns["delta"])
    large = (size >= 1.5) & (size - 1.645 * columns["delta_se"] > 1.0)
    some = (size >= 1.0) & (columns["p_mantel"] < alpha)
    known = ~np.isnan(size)
    return tuple(
        "C" if c and b else "B" if b else "A" if k else TOO_FEW for c, b, k in zip(large, some, known, strict=True)
    )


def _classes(size: Floats, limits: tuple[float, float], known: Booleans) -> tuple[str, ...]:
    places = np.digitize(size, limits)
    return tuple("ABC"[place] if k else TOO_FEW for place, k in zip(places, known, strict=True))


def benjamini_hochberg(p: npt.ArrayLike) -> Floats:
    """Return p-values adjusted for the false discovery rate, of the same shape; NaN stays NaN and does not count."""
    values = np.asarray(p, dtype=np.float64)
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(-values[known], kind="stable")]
    factor = len(order) / np.arange(len(order), 0, -1)
    adjusted = np.full(values.shape, np.nan)
    adjusted[order] = np.minimum(1.0, np.minimum.accumulate(values[order] * factor))
    return adjusted
