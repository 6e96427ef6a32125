"""Read O*NET tables as evidence on skills: normalised values, their standard errors and flags.

Expected in one folder, all cut from the O*NET database download of one release (CSV, UTF-8, rows are occupations):

- `occupations.csv`: `O*NET-SOC Code`, `Job Zone`; other columns are ignored.
- `work_styles_long_<release>.csv`: rows of "Work Styles" with the download's own columns: `O*NET-SOC Code`,
  `Element ID`, `Data Value` (importance 1 to 5), `Standard Error` (empty where raters were occupational experts),
  `Recommend Suppress`.
- `skills_IM_<release>.csv`, `skills_LV_<release>.csv`: "Skills" with one column per element name, `Data Value` of scale
  IM (importance, 1 to 5) or LV (level, 0 to 7). Leave a cell empty where the download says `Not Relevant` or
  `Recommend Suppress` = Y.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# The wide tables carry no standard errors and no flags, so these three are assumed. Eight analysts rate each skill.
ANALYST_IMPORTANCE_SE = 0.20  # points on the scale 1 to 5
ANALYST_LEVEL_SE = 0.25  # points on the scale 0 to 7
NOT_RELEVANT_BELOW = 1.25  # O*NET calls a level not relevant when six of eight analysts or more answer "not important"
EXPERT_SE = 0.50  # points on the scale 1 to 5, for our own ratings


@dataclass(frozen=True, slots=True)
class Evidence:
    """One source on one skill: values in 0 to 1 of shape (occupations,), NaN where there is none, and what it is."""

    skill: str
    scale: str
    mapping: str
    importance: Floats
    importance_se: Floats
    level: Floats
    level_se: Floats
    labels: tuple[str, ...]


def read_table(path: Path) -> list[dict[str, str]]:
    """Return the rows of a UTF-8 CSV file, a byte order mark allowed."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def job_zones(folder: Path, codes: Sequence[str]) -> Floats:
    """Return the job zone, 1 to 5, of every O*NET-SOC code; raises ValueError for a code that is not there."""
    zones = {row["O*NET-SOC Code"]: float(row["Job Zone"]) for row in read_table(folder / "occupations.csv")}
    missing = sorted(set(codes) - zones.keys())
    if missing:
        raise ValueError(
            f"occupations.csv: no row for {', '.join(missing)}, expected every code in occupation_sources.csv"
        )
    return np.array([zones[code] for code in codes])


def read_evidence(
    folder: Path, release: str, occupations: Sequence[dict[str, str]], skill_sources: Sequence[dict[str, str]]
) -> list[Evidence]:
    """Return one `Evidence` for every row of `skill_sources`, in its order; occupations keep their order too."""
    codes = [row["onet"] for row in occupations]
    styles = {
        (row["O*NET-SOC Code"], row["Element ID"]): row
        for row in read_table(folder / f"work_styles_long_{release}.csv")
    }
    importance = _by_code(folder / f"skills_IM_{release}.csv")
    level = _by_code(folder / f"skills_LV_{release}.csv")
    evidence = []
    for source in skill_sources:
        if source["scale"] == "styles":
            evidence.append(_style(source, [styles.get((code, source["element"]), {}) for code in codes]))
        elif source["scale"] == "skills":
            cells = [(_cell(importance, code, source["name"]), _cell(level, code, source["name"])) for code in codes]
            evidence.append(_analyst_skill(source, np.array(cells)))
        else:
            evidence.append(_expert(source, np.array([float(row[source["name"]]) for row in occupations])))
    return evidence


def _by_code(path: Path) -> dict[str, dict[str, str]]:
    return {row["O*NET-SOC Code"]: row for row in read_table(path)}


def _cell(table: dict[str, dict[str, str]], code: str, name: str) -> float:
    return _number(table.get(code, {}).get(name, ""))


def _number(text: str) -> float:
    return float(text) if text else np.nan


def _style(source: dict[str, str], rows: list[dict[str, str]]) -> Evidence:
    shown = [row if row.get("Recommend Suppress") != "Y" else {} for row in rows]
    value = (np.array([_number(row.get("Data Value", "")) for row in shown]) - 1) / 4
    se = np.array([_number(row.get("Standard Error", "")) for row in shown]) / 4
    notes = [
        "no value" if np.isnan(v) else "no standard error" if np.isnan(s) else ""
        for v, s in zip(value, se, strict=True)
    ]
    # Work styles have no level scale: importance stands in for it.
    return _evidence(source, value, se, value, se, [_label(source, "IM", note) for note in notes])


def _analyst_skill(source: dict[str, str], cells: Floats) -> Evidence:
    importance, level = cells.T
    level = np.where(importance <= NOT_RELEVANT_BELOW, np.nan, level)
    no_level, no_value = np.isnan(level), np.isnan(importance)
    labels = [
        _label(source, "IM" if no else "IM,LV", "no value" if nothing else "")
        for no, nothing in zip(no_level, no_value, strict=True)
    ]
    importance_se = np.full(len(cells), ANALYST_IMPORTANCE_SE / 4)
    level_se = np.full(len(cells), ANALYST_LEVEL_SE / 7)
    return _evidence(source, (importance - 1) / 4, importance_se, level / 7, level_se, labels)


def _expert(source: dict[str, str], ratings: Floats) -> Evidence:
    value, se = (ratings - 1) / 4, np.full(len(ratings), EXPERT_SE / 4)
    return _evidence(source, value, se, value, se, ["expert, no O*NET source"] * len(ratings))


def _label(source: dict[str, str], scales: str, note: str) -> str:
    remarks = ", ".join(remark for remark in ("near" if source["mapping"] == "near" else "", note) if remark)
    return f"{source['element']} {scales}" + (f" ({remarks})" if remarks else "")


def _evidence(
    source: dict[str, str],
    importance: Floats,
    importance_se: Floats,
    level: Floats,
    level_se: Floats,
    labels: list[str],
) -> Evidence:
    mapping = source["mapping"] or "expert"
    return Evidence(
        source["skill"], source["scale"], mapping, importance, importance_se, level, level_se, tuple(labels)
    )
