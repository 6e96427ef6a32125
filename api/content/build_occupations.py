"""Remake occupations.csv, what occupations ask on the 24 skills, from O*NET tables and our own mapping.

    python -m api.content.build_occupations --onet DIR [--esco FILE ...] --out api/content/occupations.csv

`DIR` holds the tables described in `api.content.onet`. Our own choices are read from `occupation_sources.csv` and
`skill_sources.csv` beside this file. An ESCO file (columns `occupation_uri`, `label_en`, `label_nl`, `isco08`) renews
labels and ISCO codes. The same inputs give the same bytes. docs/occupations.md has the formulas and the assumptions.
"""

import argparse
import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from api.content.onet import Evidence, Floats, job_zones, read_evidence, read_table

COLUMNS = (
    *("occupation", "sector", "label_en", "label_nl", "esco", "isco08", "onet", "job_zone"),
    *("skill", "band", "importance", "se", "source", "prior"),
)

TRUST = {"direct": 1.0, "near": 0.8, "expert": 0.8}  # assumed correlation of a source with the skill it stands for
LATENT_CENTRE, LATENT_DEMAND, LATENT_LEVEL = -0.65, 0.32, 1.3  # chosen so that bands spread over 1 to 5, mean near 2.9
DEMAND_LIMIT, LEVEL_LIMIT, DISTINCT_LIMIT = 1.25, 2.0, 1.5  # no single figure may decide on its own
ABSOLUTE_SHARE = 0.3  # of importance as such, beside importance relative to other occupations
FEWEST, MOST = 10, 14  # skills asked per occupation
IMPORTANCE_FLOOR, IMPORTANCE_POWER, IMPORTANCE_CAP = 0.3, 2.0, 0.25
BAND_STEP = 0.75  # latent width of a band
LEAST_TRUE_SHARE = 0.2  # of the variance between occupations, kept when standard errors explain nearly all of it


@dataclass(frozen=True, slots=True)
class Pooled:
    """Evidence pooled by skill, each of shape (occupations, skills); z-values over occupations, labels as text."""

    importance: Floats
    absolute: Floats
    level: Floats
    level_sd: Floats
    labels: list[list[str]]


@dataclass(frozen=True, slots=True)
class Asks:
    """What is asked: band int8, importance and standard error, each of shape (occupations, skills)."""

    band: np.ndarray
    importance: Floats
    se: Floats


def shrink(value: Floats, se: Floats) -> tuple[Floats, Floats]:
    """Return the posterior mean and sd of `value`, of shape (occupations,), in units of the true sd over occupations.

    Empirical Bayes: the true variance is the observed one less the mean squared standard error. A missing error
    counts as the root mean square of the others, a missing value as no information (0 and 1).
    """
    known = ~np.isnan(value)
    if known.sum() < 2 or np.ptp(value[known]) == 0:
        return np.zeros(len(value)), np.ones(len(value))
    noise = np.nanmean(np.square(se[known])) if not np.isnan(se[known]).all() else 0.0
    observed = np.var(value[known], ddof=1)
    true = max(observed - noise, LEAST_TRUE_SHARE * observed)
    trusted = true / (true + np.where(np.isnan(se), noise, np.square(se)))
    z = trusted * (value - np.mean(value[known])) / np.sqrt(true)
    return np.where(known, z, 0.0), np.where(known, np.sqrt(1 - trusted), 1.0)


def pool_evidence(evidence: Sequence[Evidence], skills: Sequence[str]) -> Pooled:
    """Return all evidence averaged by skill; work styles, analyst ratings and expert ratings are normalised apart."""
    scales = {e.scale: np.concatenate([o.importance for o in evidence if o.scale == e.scale]) for e in evidence}
    columns = []
    for skill in skills:
        sources = [e for e in evidence if e.skill == skill]
        if not sources:
            raise ValueError(f"skill_sources.csv: no source for {skill}, expected one or more for every skill")
        importance, absolute, level, variance = [], [], [], []
        for e in sources:
            trust, every = TRUST[e.mapping], scales[e.scale]
            importance_z, _ = shrink(e.importance, e.importance_se)
            level_z, level_sd = shrink(e.level, e.level_se)
            importance.append(trust * importance_z)
            level.append(trust * np.where(np.isnan(e.level), importance_z, level_z))
            variance.append(trust**2 * level_sd**2 + 1 - trust**2)
            absolute.append(np.nan_to_num((e.importance - np.nanmean(every)) / max(np.nanstd(every), 1e-9)))
        columns.append(
            (
                *(np.mean(part, axis=0) for part in (importance, absolute, level)),
                np.sqrt(np.sum(variance, 0)) / len(sources),
            )
        )
    labels = [
        [_source([e for e in evidence if e.skill == s], row) for s in skills] for row in range(len(columns[0][0]))
    ]
    return Pooled(*(np.column_stack(part) for part in zip(*columns, strict=True)), labels=labels)


def _source(sources: Sequence[Evidence], row: int) -> str:
    labels = [e.labels[row] for e in sources]
    return "; ".join(labels) if sources[0].scale == "expert" else "O*NET {release} " + "; ".join(labels)


def demand(zones: Floats, level: Floats) -> Floats:
    """Return how much each occupation asks overall, of shape (occupations,): half job zone, half mean level."""
    return np.clip(_standard(_standard(zones) + _standard(level.mean(axis=1))), -DEMAND_LIMIT, DEMAND_LIMIT)


def _standard(values: Floats) -> Floats:
    return (values - values.mean()) / max(values.std(), 1e-9)


def derive(pooled: Pooled, zones: Floats) -> Asks:
    """Return bands, importances and standard errors from pooled evidence and job zones of shape (occupations,)."""
    distinct_level = pooled.level - pooled.level.mean(axis=1, keepdims=True)
    latent = (
        LATENT_CENTRE
        + LATENT_DEMAND * demand(zones, pooled.level)[:, None]
        + LATENT_LEVEL * np.clip(distinct_level, -LEVEL_LIMIT, LEVEL_LIMIT)
    )
    band = np.clip(np.floor(3 + latent / BAND_STEP + 0.5), 1, 5).astype(np.int8)
    distinct = pooled.importance - pooled.importance.mean(axis=1, keepdims=True)
    absolute = pooled.absolute - pooled.absolute.mean(axis=1, keepdims=True)
    weight = np.clip(distinct, -DISTINCT_LIMIT, DISTINCT_LIMIT) + ABSOLUTE_SHARE * absolute
    importance = np.vstack([share_out(row) for row in weight])
    rounding = BAND_STEP / np.sqrt(12)
    return Asks(np.where(importance > 0, band, 0), importance, np.hypot(LATENT_LEVEL * pooled.level_sd, rounding))


def share_out(weight: Floats) -> Floats:
    """Return importances of shape (skills,) in thousandths, summing to 1, 0 but for the 10 to 14 weightiest."""
    order = np.argsort(-weight, kind="stable")
    asked = order[: int(np.clip(np.sum(weight > 0), FEWEST, MOST))]
    lead = weight[asked] - weight[order[len(asked)]] + IMPORTANCE_FLOOR
    share = lead**IMPORTANCE_POWER
    share /= share.sum()
    while share.max() > IMPORTANCE_CAP + 1e-6:
        share = np.minimum(share, IMPORTANCE_CAP)
        share /= share.sum()
    thousandths = np.floor(share * 1000)
    left = int(1000 - thousandths.sum())
    thousandths[np.argsort(thousandths - share * 1000, kind="stable")[:left]] += 1
    importance = np.zeros(len(weight))
    importance[asked] = thousandths / 1000
    return importance


def relabel(occupations: list[dict[str, str]], esco: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """Return `occupations` with labels and ISCO codes of the ESCO rows; raises ValueError for an unknown URI."""
    known = {row["occupation_uri"]: row for row in esco}
    missing = [row["occupation"] for row in occupations if row["esco"] and row["esco"] not in known]
    if missing:
        raise ValueError(f"ESCO: no row for the concept of {', '.join(missing)}, expected one for every URI")
    return [row | {k: known[row["esco"]][k] for k in ("label_en", "label_nl", "isco08")} if row["esco"] else row
            for row in occupations]  # fmt: skip


def build(
    onet: Path, release: str, occupations: list[dict[str, str]], skill_sources: list[dict[str, str]]
) -> list[tuple]:
    """Return the rows of occupations.csv, in the order of `occupations` and within them of the skills."""
    skills = tuple(dict.fromkeys(row["skill"] for row in skill_sources))
    zones = job_zones(onet, [row["onet"] for row in occupations])
    pooled = pool_evidence(read_evidence(onet, release, occupations, skill_sources), skills)
    asks = derive(pooled, zones)
    rows = []
    for o, row in enumerate(occupations):
        head = [row[name] for name in COLUMNS[:7]] + [f"{zones[o]:.0f}"]
        for k, skill in enumerate(skills):
            values = [skill, int(asks.band[o, k]), f"{asks.importance[o, k]:.3f}", f"{asks.se[o, k]:.2f}"]
            rows.append((*head, *values, pooled.labels[o][k].format(release=release), "true"))
    return rows


def main(arguments: Sequence[str] | None = None) -> None:
    """Write occupations.csv as told by command line arguments."""
    here = Path(__file__).parent
    parser = argparse.ArgumentParser(
        prog="python -m api.content.build_occupations", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--onet", type=Path, required=True, help="folder with the O*NET tables")
    parser.add_argument("--release", default="29.3", help="O*NET release, part of the file names (default: 29.3)")
    parser.add_argument("--esco", type=Path, nargs="*", default=[], help="ESCO occupation tables that renew the labels")
    parser.add_argument(
        "--occupations", type=Path, default=here / "occupation_sources.csv", help="our choice of occupations"
    )
    parser.add_argument("--skills", type=Path, default=here / "skill_sources.csv", help="our mapping to O*NET elements")
    parser.add_argument("--out", type=Path, required=True, help="CSV file to write")
    options = parser.parse_args(arguments)
    occupations = read_table(options.occupations)
    if options.esco:
        occupations = relabel(occupations, [row for path in options.esco for row in read_table(path)])
    rows = build(options.onet, options.release, occupations, read_table(options.skills))
    with options.out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)


if __name__ == "__main__":
    main()
