"""The checked-in pilot is what the generator makes today, and the datasheet tells its figures."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data.synthetic.figures import END, START, measure
from data.synthetic.generate import Order, generate
from passport import load_framework, load_items

FOLDER = Path(__file__).resolve().parents[2] / "data" / "synthetic"
PILOT = FOLDER / "pilot"
AGAIN = "content has changed: make the pilot and the figures of its README again, by the two commands there"


@pytest.fixture(scope="module")
def figures() -> dict[str, float]:
    return measure(PILOT)


def _same(one: pa.Table, other: pa.Table, atol: float = 1e-3) -> None:
    assert one.schema == other.schema
    for name in one.column_names:
        if pa.types.is_floating(one.schema.field(name).type):
            here, there = (table[name].to_numpy(zero_copy_only=False) for table in (one, other))
            np.testing.assert_allclose(here, there, atol=atol, err_msg=f"{name}: {AGAIN}")
        elif name != "covariance":
            assert one[name].equals(other[name]), f"{name}: {AGAIN}"


def test_the_generator_makes_the_pilot_again(tmp_path: Path) -> None:
    order = Order(people=12, employers=40, vacancies=200, seed=1, answers="simulate", covariance=True)
    generate(order, tmp_path)
    for name in ("vacancies", "employers"):
        _same(pq.read_table(tmp_path / f"{name}.parquet"), pq.read_table(PILOT / f"{name}.parquet"))
    for name in ("people.parquet", "answers.parquet", "truth/truth.parquet"):
        first = pq.read_table(tmp_path / name)
        _same(first, pq.read_table(PILOT / name).slice(0, len(first)))


def test_the_pilot_belongs_to_the_framework_and_the_bank_we_ship() -> None:
    people = pq.read_table(PILOT / "people.parquet", columns=["framework", "bank"])
    assert set(people["framework"].drop_null().to_pylist()) == {load_framework().version}, AGAIN
    assert set(people["bank"].drop_null().to_pylist()) == {load_items().version}, AGAIN


def test_the_pilot_has_the_promised_size() -> None:
    rows = {name: pq.read_metadata(PILOT / f"{name}.parquet").num_rows for name in ("people", "employers", "vacancies")}
    assert rows == {"people": 600, "employers": 40, "vacancies": 200}
    assert sum(path.stat().st_size for path in PILOT.rglob("*.parquet")) < 3_000_000


def test_the_datasheet_tells_the_figures_of_the_pilot(figures: dict[str, float]) -> None:
    page = (FOLDER / "README.md").read_text(encoding="utf-8").split(START)[1].split(END)[0]
    told = {name: float(value) for name, value in re.findall(r"^\| ([^|]+) \| ([\d.]+) \|$", page, re.MULTILINE)}
    assert told == pytest.approx(figures, abs=0.0011), AGAIN


def test_the_funnel_of_the_pilot_is_the_assumed_one(figures: dict[str, float]) -> None:
    assert figures["started"] == pytest.approx(0.85, abs=0.04)
    assert figures["with a passport"] == pytest.approx(0.70, abs=0.04)
    assert figures["visible, of passports"] == pytest.approx(0.80, abs=0.05)


def test_passports_of_the_pilot_are_as_sure_as_they_say(figures: dict[str, float]) -> None:
    assert 0.93 < figures["95 % interval holds the truth"] < 0.97


def test_gates_of_the_pilot_leave_some_pairs_and_some_people_without_any(figures: dict[str, float]) -> None:
    assert 0.05 <= figures["pairs that pass all gates"] <= 0.12
    assert 0.03 <= figures["people without any vacancy"] <= 0.11
    assert 0.04 <= figures["remote vacancies"] <= 0.09


def test_fits_of_the_pilot_spread_over_all_pairs_and_over_eligible_ones(figures: dict[str, float]) -> None:
    for group in ("all pairs", "eligible pairs"):
        assert figures[f"fit, {group}, least"] <= 0.45
        assert figures[f"fit, {group}, most"] >= 0.98
        assert figures[f"fit, {group}, 95 %"] - figures[f"fit, {group}, 5 %"] > 0.4


def test_care_and_machines_rank_different_people_first(figures: dict[str, float]) -> None:
    assert figures["best 20 in common, hospital porter and CNC operator"] < 0.5
