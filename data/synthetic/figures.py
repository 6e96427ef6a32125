"""Measure a generated folder: the figures of the datasheet.

`python -m data.synthetic.figures FOLDER` prints them; `--write README.md` puts them between the two marks of that page.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from data.synthetic.people import STATUS
from data.synthetic.read import read_people, read_vacancies
from matching.fit import fits, level_table
from matching.gates import answers
from matching.problem import Pool, Vacancies

PORTER, OPERATOR = "orderly", "cnc_operator"  # one occupation in care, one with machines
START, END = "<!-- figures: start -->", "<!-- figures: end -->"


def funnel(people: pa.Table) -> dict[str, float]:
    """Return shares of those invited, and of those with a passport who are visible."""
    number = {status: people["status"].to_pylist().count(status) for status in STATUS}
    passports = number["provisional"] + number["finished"]
    return {
        "started": 1 - number["invited"] / len(people),
        "with a passport": passports / len(people),
        "finished": number["finished"] / len(people),
        "visible, of passports": people["visible"].to_pylist().count(True) / passports,
    }


def unknown(people: pa.Table) -> dict[str, float]:
    """Return the share of people whose value is unknown, by column."""
    columns = ("education", "certificates", "hours_min", "reach_km", "dutch")
    return {name: people[name].null_count / len(people) for name in columns}


def sittings(people: pa.Table, answers: pa.Table) -> dict[str, float]:
    """Return the length of finished assessments, and how often an item was skipped."""
    status = np.array(people["status"].to_pylist())
    done = set(np.array(people["person"].to_pylist())[status == "finished"])
    seconds = answers.group_by("person").aggregate([("seconds", "sum")]).to_pylist()
    minutes = [row["seconds_sum"] / 60 for row in seconds if row["person"] in done]
    return {
        "items of a finished assessment, mean": float(people["items"].to_numpy()[status == "finished"].mean()),
        "minutes of a finished assessment, median": float(np.median(minutes)),
        "items skipped": answers["option"].null_count / len(answers),
    }


def gates(pool: Pool, vacancies: Vacancies) -> dict[str, float]:
    """Return the share of pairs that each gate refuses, that pass all, and of people without any vacancy."""
    answered = answers(pool.attributes, vacancies.requirements)
    passed = eligible(pool, vacancies)
    return {f"refused by {name}": float(np.mean(answer == 0)) for name, answer in answered} | {
        "pairs that pass all gates": float(passed.mean()),
        "people without any vacancy": float(np.mean(~passed.any(axis=1))),
        "vacancies without anybody": float(np.mean(~passed.any(axis=0))),
        "remote vacancies": float(vacancies.requirements.remote.mean()),
    }


def eligible(pool: Pool, vacancies: Vacancies) -> np.ndarray:
    """Return which pairs pass all gates, bool of shape (people, vacancies)."""
    return np.logical_and.reduce([answer != 0 for _, answer in answers(pool.attributes, vacancies.requirements)])


def all_fits(pool: Pool, vacancies: Vacancies) -> np.ndarray:
    """Return the fit of every pair, float32 of shape (people, vacancies)."""
    table = level_table(pool.mean, pool.sd)
    rows = zip(vacancies.band, vacancies.importance, strict=True)
    return np.stack([fits(table, band, importance) for band, importance in rows], axis=1)


def spread(fit: np.ndarray, passed: np.ndarray) -> dict[str, float]:
    """Return the ends and quantiles of the fits of all pairs and of the pairs that pass all gates."""
    shares = {"least": 0.0, "5 %": 0.05, "median": 0.5, "95 %": 0.95, "most": 1.0}
    groups = {"all pairs": fit.ravel(), "eligible pairs": fit[passed]}
    return {
        f"fit, {group}, {name}": float(np.quantile(values, share))
        for group, values in groups.items()
        for name, share in shares.items()
    }


def overlap(fit: np.ndarray, kinds: list[str], one: str, other: str, k: int = 20) -> float:
    """Return the share of the best k people that a vacancy of one kind (an occupation, a sector) shares with another.

    Averaged over all pairs of such vacancies; gates are left out, so that only skills separate.
    """
    best = [
        [set(np.argsort(-fit[:, row])[:k]) for row, name in enumerate(kinds) if name == kind] for kind in (one, other)
    ]
    return float(np.mean([len(here & there) / k for here in best[0] for there in best[1]]))


def calibration(people: pa.Table, truth: pa.Table, skills: tuple[str, ...]) -> dict[str, float]:
    """Return how often the 95 % interval of a passport holds the true level, and the usual standard error."""
    has = np.array(people[f"mean_{skills[0]}"].is_valid())
    mean, sd, true = (
        np.stack([table[f"{part}_{skill}"].to_numpy(zero_copy_only=False)[has] for skill in skills])
        for table, part in ((people, "mean"), (people, "sd"), (truth, "true"))
    )
    careful = ~truth["careless"].to_numpy()[has]
    inside = np.abs(mean - true) <= 1.96 * sd
    return {
        "95 % interval holds the truth": float(inside[:, careful].mean()),
        "median standard error": float(np.median(sd)),
    }


def measure(folder: Path) -> dict[str, float]:
    """Return every figure of a folder with its truth; all but the median standard error and the fits are shares."""
    people, truth = pq.read_table(folder / "people.parquet"), pq.read_table(folder / "truth" / "truth.parquet")
    pool, vacancies = read_people(folder / "people.parquet"), read_vacancies(folder / "vacancies.parquet")
    fit = all_fits(pool, vacancies)
    kinds = {name: pq.read_table(folder / "vacancies.parquet")[name].to_pylist() for name in ("occupation", "sector")}
    return {
        **funnel(people),
        **{f"unknown {name}": share for name, share in unknown(people).items()},
        **(sittings(people, pq.read_table(answered)) if (answered := folder / "answers.parquet").exists() else {}),
        **calibration(people, truth, pool.skills),
        **gates(pool, vacancies),
        **spread(fit, eligible(pool, vacancies)),
        "skills asked by a vacancy": float(np.mean(np.sum(vacancies.band > 0, axis=1))),
        "best 20 in common, hospital porter and CNC operator": overlap(fit, kinds["occupation"], PORTER, OPERATOR),
        "best 20 in common, any in healthcare and in industry": overlap(fit, kinds["sector"], "healthcare", "industry"),
    }


def table(figures: dict[str, float]) -> str:
    """Return figures as a table in Markdown."""
    return "\n".join(
        ["| figure | value |", "|---|---|", *(f"| {name} | {value:.3f} |" for name, value in figures.items())]
    )


def main() -> None:
    """Print the figures of a folder, or write them into the datasheet."""
    parser = argparse.ArgumentParser(prog="python -m data.synthetic.figures", description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--write", type=Path, help="page whose table of figures is replaced")
    asked = parser.parse_args()
    text = table(measure(asked.folder))
    if asked.write is None:
        print(text)
        return
    before, rest = asked.write.read_text(encoding="utf-8").split(START)
    asked.write.write_text(f"{before}{START}\n{text}\n{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
