"""What a calibration found, as numbers ready for JSON and for a page: items, skills, correlations, what stays open.

Nothing here is about validity: it says how the items work, not what a level is good for.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from api.services.calibrate import Calibration, State, loads
from api.services.item_checks import Checks
from passport.model import CATEGORIES, information

LEVELS = np.round(np.arange(-3.0, 3.05, 0.1), 1)
FLAT = 0.3  # a slope below this hardly tells people apart
OFTEN = 0.1  # a share of skips that asks for a look at the text
FAR = 1.0  # a step this far from where it was asks for a look at the key

Numbers = NDArray[np.float64]


def summary(made: Calibration, checks: Checks) -> dict[str, Any]:
    """Return the whole report; numbers that are not known are None."""
    given = made.given
    counts = Counter(made.states)
    answered, asked = int(given.answered.sum()), int(given.asked.sum())
    return {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "bank": made.start.bank.version.removesuffix("-calibrated"),
        "framework": made.framework.version,
        "people": given.people,
        "answers": answered,
        "skippedShare": _share(asked - answered, asked),
        "enough": made.enough,
        "rounds": made.found.rounds,
        "converged": made.found.converged,
        "states": {str(state): counts[state] for state in State},
        "calibrated": int(made.bank.calibrated.sum()),
        "items": [_item(made, checks, row) for row in range(len(made.bank.items))],
        "skills": [_skill(made, checks, column) for column in range(len(made.framework.skills))],
        "pairs": [
            {"first": made.bank.items[i], "second": made.bank.items[j], "excess": _number(excess)}
            for i, j, excess in checks.pairs
        ],
        "correlation": _correlation(made),
    }


def _item(made: Calibration, checks: Checks, row: int) -> dict[str, Any]:
    bank, given, skills = made.bank, made.given, made.framework.skills
    own, second = loads(made, row)
    fresh = made.states[row] is State.CALIBRATED
    grades = np.bincount(given.grades[:, row][given.grades[:, row] >= 0], minlength=CATEGORIES)
    asked, answered = int(given.asked[row]), int(grades.sum())
    slope_errors, step_errors = made.found.slopes_se[row], made.found.steps_se[row]
    return {
        "item": bank.items[row],
        "skill": skills[own],
        "secondSkill": None if second is None else skills[second],
        "answers": answered,
        "grades": grades.tolist(),
        "exposure": _share(asked, given.people),
        "skippedShare": _share(asked - answered, asked),
        "slope": _number(bank.slopes[row, own]),
        "slopeError": _number(slope_errors[own]) if fresh else None,
        "secondSlope": None if second is None else _number(bank.slopes[row, second]),
        "secondSlopeError": None if second is None or not fresh else _number(slope_errors[second]),
        "steps": [_number(step) for step in bank.steps[row]],
        "stepErrors": [_number(error) if fresh else None for error in step_errors],
        "seconds": _number(bank.seconds[row]),
        "misfit": _number(checks.effect[row]),
        "misfitP": _number(checks.p[row]),
        "calibrated": bool(bank.calibrated[row]),
        "state": str(made.states[row]),
        "look": [
            *_look(made, row, grades, _share(asked - answered, asked)),
            *(["misfit"] if checks.misfits[row] else []),
        ],
    }


def _look(made: Calibration, row: int, grades: NDArray[np.int64], skipped: float | None) -> list[str]:
    """Return why somebody should look at an item, as keys; only what these answers are enough to say."""
    if made.states[row] not in (State.CALIBRATED, State.UNUSABLE):
        return []
    own, second = loads(made, row)
    slopes, found = made.bank.slopes[row], made.found.bank
    moved = np.abs(found.steps[row] - made.start.bank.steps[row])
    reasons = {
        "grade-never-given": bool(np.any(grades == 0)),
        "second-skill-first": second is not None and slopes[second] > slopes[own],
        "flat": slopes[own] < FLAT,
        "steps-moved-far": bool(np.any(moved > FAR)),
        "often-skipped": skipped is not None and skipped > OFTEN,
    }
    return [reason for reason, holds in reasons.items() if holds]


def _skill(made: Calibration, checks: Checks, column: int) -> dict[str, Any]:
    bank, given, framework = made.bank, made.given, made.framework
    own = np.array([content.skill == framework.skills[column] for content in bank.contents])
    curve = item_information(made, column)
    everything = curve.sum(axis=0)
    asked = (given.answered / given.people) @ curve
    presented, answered = int(given.asked[own].sum()), int(given.answered[own].sum())
    return {
        "skill": framework.skills[column],
        "name": framework.names["en"][column],
        "items": int(own.sum()),
        "calibrated": int((own & bank.calibrated).sum()),
        "answers": answered,
        "skippedShare": _share(presented - answered, presented),
        "answersEach": _number(given.answered[bank.slopes[:, column] > 0].sum() / given.people),
        "reliability": _number(checks.reliability[column]),
        "levels": LEVELS.tolist(),
        "information": _numbers(everything),
        "informationCalibrated": _numbers(curve[bank.calibrated].sum(axis=0)),
        "errorAllItems": _numbers(1.0 / np.sqrt(1.0 + everything)),
        "errorAsAsked": _numbers(1.0 / np.sqrt(1.0 + asked)),
    }


def item_information(made: Calibration, column: int) -> Numbers:
    """Return what each item tells about one skill at every level, of shape (items, levels).

    Fisher's information about the skill, with the other skill of a two-skill item at the average.
    """
    slopes = made.bank.slopes[:, column]
    return np.asarray(slopes[:, None] ** 2 * information(slopes[:, None] * LEVELS, made.bank.offset[:, None, :]))


def _correlation(made: Calibration) -> dict[str, Any]:
    clusters = made.framework.clusters
    names = list(dict.fromkeys(clusters))
    estimated, assumed = made.found.correlation, made.framework.correlation
    pairs = []
    for i, first in enumerate(names):
        for second in names[i:]:
            block = np.outer(np.array(clusters) == first, np.array(clusters) == second) & ~np.eye(
                len(clusters), dtype=bool
            )
            if block.any():
                means = {"estimated": _number(estimated[block].mean()), "assumed": _number(assumed[block].mean())}
                pairs.append({"first": first, "second": second} | means)
    return {
        "skills": list(made.framework.skills),
        "clusters": list(clusters),
        "shrinkage": _number(made.found.shrinkage),
        "estimated": [_numbers(row) for row in estimated],
        "assumed": [_numbers(row) for row in assumed],
        "average": pairs,
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _number(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None


def _numbers(values: Numbers) -> list[float | None]:
    return [_number(value) for value in values]
