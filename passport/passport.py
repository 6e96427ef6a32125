"""The passport: what one person is good at, how sure we are, and by which versions it was measured."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from passport._arrays import frozen
from passport.adaptive import Progress, finished
from passport.errors import FrameworkMismatch
from passport.framework import BAND_WIDTH
from passport.games import absorb_evidence
from passport.model import Floats, offsets
from passport.posterior import prior, settle

NORM = "assumed-1"  # reference population N(0, R) by assumption: no norm group was measured yet
BANDS = np.arange(1, 6)


@dataclass(frozen=True, slots=True, eq=False)
class Passport:
    """Levels of one person on the latent scale with their full uncertainty.

    mean float32 (skills,); covariance float32 (skills, skills); own_information float32 (skills,): precision that the
    skill's own items added, 0 = not measured itself, only inferred from others, so never shown as measured.
    """

    person: str
    framework: str
    bank: str
    norm: str
    mean: npt.NDArray[np.float32]
    covariance: npt.NDArray[np.float32]
    own_information: npt.NDArray[np.float32]
    issued: dt.date
    provisional: bool

    def __post_init__(self) -> None:
        n = len(self.mean)
        for name, shape in (("mean", (n,)), ("covariance", (n, n)), ("own_information", (n,))):
            array = frozen(getattr(self, name), np.float32, shape, name)
            if not np.all(np.isfinite(array)):
                raise ValueError(f"{name}: expected finite numbers, got NaN or infinity")
            object.__setattr__(self, name, array)
        if np.any(np.diag(self.covariance) <= 0) or np.any(self.own_information < 0):
            raise ValueError("expected variances above 0 and own_information of at least 0")

    @property
    def sd(self) -> npt.NDArray[np.float32]:
        """Standard error of every skill, of shape (skills,)."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))

    @property
    def measured(self) -> npt.NDArray[np.bool_]:
        """Which skills have evidence of their own, of shape (skills,)."""
        return np.asarray(self.own_information > 0)


def issue(progress: Progress, person: str, issued: dt.date | None = None, provisional: bool | None = None) -> Passport:
    """Return the passport for all answers so far, whatever their order, to the last bit.

    `issued` defaults to today (UTC); `provisional` to whether the assessment still runs.
    """
    order = np.argsort(progress.asked, kind="stable")
    rows, answers = progress.asked[order], progress.answers[order]
    slopes = progress.bank.slopes[rows]
    offset = offsets(slopes, progress.bank.steps[rows])
    start = absorb_evidence(prior(progress.framework), *progress.games)  # Gaussian evidence: exact, in any order
    mean, covariance, precision = settle(start, slopes[None], offset[None], answers[None])
    return Passport(
        person=person,
        framework=progress.framework.version,
        bank=progress.bank.version,
        norm=NORM,
        mean=mean[0],
        covariance=covariance[0],
        own_information=own_information(slopes[None], precision)[0],
        issued=issued or dt.datetime.now(dt.UTC).date(),
        provisional=not finished(progress) if provisional is None else provisional,
    )


def own_information(slopes: Floats, precision: Floats) -> Floats:
    """Return the precision each skill got from items that load on it, of shape (people, skills)."""
    return np.asarray(np.einsum("pis,pi->ps", slopes**2, precision))


def stack(passports: Sequence[Passport]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return means and standard errors of many passports, each float32 of shape (people, skills).

    Raises FrameworkMismatch when the passports belong to different frameworks, ValueError when there are none.
    """
    if not passports:
        raise ValueError("passports: expected at least one")
    versions = {passport.framework for passport in passports}
    if len(versions) > 1:
        raise FrameworkMismatch(f"expected passports of one framework, got versions {', '.join(sorted(versions))}")
    return np.stack([p.mean for p in passports]), np.stack([p.sd for p in passports])


def band_probabilities(mean: npt.ArrayLike, sd: npt.ArrayLike) -> Floats:
    """Return the probability that a level lies in each of the five bands, of shape (..., 5).

    Band b reaches half a band width around (b - 3) x 0.75; bands 1 and 5 are open to the outside.
    """
    mean, sd = np.asarray(mean, dtype=np.float64)[..., None], np.asarray(sd, dtype=np.float64)[..., None]
    edges = (BANDS[:-1] - 3 + 0.5) * BAND_WIDTH
    below = ndtr((edges - mean) / sd)
    ends = np.zeros_like(below[..., :1])
    return np.asarray(np.diff(np.concatenate([ends, below, ends + 1.0], axis=-1), axis=-1))
