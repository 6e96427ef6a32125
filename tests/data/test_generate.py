"""The files: same seed same bytes, whoever works on which chunk; the exchange columns; no truth in them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data.synthetic.files import ROW_GROUP, TableFile
from data.synthetic.generate import Order, generate, main, people_chunk, vacancies_chunk
from data.synthetic.read import read_people, read_vacancies
from data.synthetic.streams import CHUNK
from passport import load_framework

SKILLS = load_framework().skills
SMALL = Order(people=12, employers=5, vacancies=9, seed=4, answers="simulate", covariance=True)
DRAWN = Order(people=CHUNK + 40, employers=30, vacancies=CHUNK + 5, seed=4, answers="posterior", covariance=False)
PROTECTED = (
    "sex",
    "gender",
    "age",
    "birth",
    "origin",
    "nationality",
    "religion",
    "ethnic",
    "health",
    "name",
    "phone",
    "mail",
)


def _bytes(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.parquet"))}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    generate(SMALL, folder)
    return folder


def test_the_same_seed_gives_the_same_bytes(small: Path, tmp_path: Path) -> None:
    generate(SMALL, tmp_path)
    assert _bytes(tmp_path) == _bytes(small)


def test_another_seed_gives_other_files(small: Path, tmp_path: Path) -> None:
    generate(replace(SMALL, seed=5), tmp_path)
    other = _bytes(tmp_path)
    assert all(other[name] != content for name, content in _bytes(small).items())


def test_the_number_of_workers_does_not_change_a_byte(tmp_path: Path) -> None:
    generate(DRAWN, tmp_path / "one", workers=1)
    generate(DRAWN, tmp_path / "two", workers=2)
    assert _bytes(tmp_path / "one") == _bytes(tmp_path / "two")


def test_chunks_can_be_made_in_any_order(tmp_path: Path) -> None:
    late, early = people_chunk(DRAWN, 1, 40), people_chunk(DRAWN, 0, CHUNK)
    jobs = vacancies_chunk(DRAWN, 1, 5)
    generate(DRAWN, tmp_path)
    for name, folder in (("people", tmp_path), ("truth", tmp_path / "truth")):
        written = pq.read_table(folder / f"{name}.parquet")
        assert written.equals(pa.concat_tables([early[name], late[name]]))
    assert pq.read_table(tmp_path / "vacancies.parquet").slice(CHUNK).equals(jobs["vacancies"])


def test_row_groups_have_one_size_however_the_rows_arrive(tmp_path: Path) -> None:
    numbers = pa.table({"number": pa.array(range(2 * ROW_GROUP + 7))})
    with TableFile(tmp_path / "whole.parquet", numbers.schema) as file:
        file.add(numbers)
    with TableFile(tmp_path / "parts.parquet", numbers.schema) as file:
        for start in range(0, len(numbers), 9_999):
            file.add(numbers.slice(start, 9_999))
    assert (tmp_path / "whole.parquet").read_bytes() == (tmp_path / "parts.parquet").read_bytes()
    groups = pq.ParquetFile(tmp_path / "parts.parquet").metadata
    assert [groups.row_group(row).num_rows for row in range(groups.num_row_groups)] == [ROW_GROUP, ROW_GROUP, 7]


def test_people_have_the_columns_of_the_exchange_format(small: Path) -> None:
    per_skill = [f"{part}_{skill}" for part in ("mean", "sd", "information") for skill in SKILLS]
    gates = ["certificates", "limits", "education", "dutch", "english", "hours_min", "hours_max", "sectors"]
    gates += ["latitude", "longitude", "reach_km"]
    story = ["framework", "bank", "norm", "issued", "provisional", "items", "visible", "place", "status"]
    schema = pq.read_schema(small / "people.parquet")
    assert schema.names == ["person", *per_skill, "covariance", *gates, *story]
    assert {schema.field(name).type for name in per_skill} == {pa.float32()}
    assert {schema.field(name).type for name in ("education", "dutch", "english")} == {pa.int8()}


def test_vacancies_employers_and_answers_have_the_columns_of_the_exchange_format(small: Path) -> None:
    asked = [f"{part}_{skill}" for part in ("band", "importance") for skill in SKILLS]
    formal = ["certificates", "demands", "education", "dutch", "english", "hours_min", "hours_max", "sector"]
    formal += ["latitude", "longitude", "remote"]
    head = ["vacancy", "employer", "occupation", "title", "place", "seats"]
    assert pq.read_schema(small / "vacancies.parquet").names == [*head, *asked, *formal]
    assert pq.read_schema(small / "employers.parquet").names == ["employer", "name", "sector", "place"]
    assert pq.read_schema(small / "answers.parquet").names == ["person", "position", "item", "option", "seconds"]


def test_the_truth_is_in_no_file_that_the_system_sees(small: Path) -> None:
    seen = [path for path in small.rglob("*.parquet") if path.parent.name != "truth"]
    assert len(seen) == 4
    for path in seen:
        assert not [name for name in pq.read_schema(path).names if "true" in name or name in ("careless", "pace")]
    assert [path.name for path in (small / "truth").iterdir()] == ["truth.parquet"]


def test_nothing_protected_is_in_any_file_about_people(small: Path) -> None:
    for name in ("people.parquet", "answers.parquet", "truth/truth.parquet"):
        words = {word for column in pq.read_schema(small / name).names for word in column.split("_")}
        assert not words & set(PROTECTED), name


def test_people_without_a_passport_have_no_levels_and_are_not_visible(small: Path) -> None:
    for row in pq.read_table(small / "people.parquet").to_pylist():
        has = row["status"] in ("provisional", "finished")
        for column in (
            "mean_teamwork",
            "sd_safety",
            "information_rules",
            "covariance",
            "framework",
            "issued",
            "provisional",
        ):
            assert (row[column] is not None) == has
        assert has or not row["visible"]


def test_the_packed_covariance_agrees_with_the_standard_errors(small: Path) -> None:
    for row in pq.read_table(small / "people.parquet").to_pylist():
        if row["covariance"] is None:
            continue
        full = np.zeros((24, 24), dtype=np.float32)
        full[np.triu_indices(24)] = np.frombuffer(row["covariance"], "<f4")
        np.testing.assert_array_equal(np.sqrt(np.diag(full)), np.array([row[f"sd_{s}"] for s in SKILLS], np.float32))


def test_the_matching_core_takes_the_files(small: Path) -> None:
    pool, vacancies = read_people(small / "people.parquet"), read_vacancies(small / "vacancies.parquet")
    assert pool.skills == vacancies.skills == SKILLS
    assert len(vacancies) == 9


def test_a_market_without_people_or_without_vacancies_can_be_made(tmp_path: Path) -> None:
    generate(replace(SMALL, people=0), tmp_path / "jobs")
    generate(replace(SMALL, vacancies=0, employers=0), tmp_path / "people")
    assert len(pq.read_table(tmp_path / "jobs" / "people.parquet")) == 0
    assert len(pq.read_table(tmp_path / "people" / "vacancies.parquet")) == 0
    with pytest.raises(ValueError, match="at least 1 was expected"):
        generate(replace(SMALL, employers=0), tmp_path / "none")


def test_the_command_line_writes_the_same_files(small: Path, tmp_path: Path) -> None:
    sizes = ["--people", "12", "--employers", "5", "--vacancies", "9", "--seed", "4", "--workers", "1"]
    main([*sizes, "--out", str(tmp_path)])
    assert _bytes(tmp_path) == _bytes(small)


def test_a_number_below_zero_is_refused_on_the_command_line(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        main(["--people", "-5", "--out", str(tmp_path)])


def test_passports_drawn_without_answers_leave_no_older_answers_behind(tmp_path: Path) -> None:
    sizes = ["--people", "30", "--vacancies", "3", "--workers", "1", "--out", str(tmp_path)]
    main([*sizes, "--answers", "simulate"])
    assert (tmp_path / "answers.parquet").exists()
    main([*sizes, "--answers", "posterior"])
    assert not (tmp_path / "answers.parquet").exists()
    assert "covariance" not in pq.read_schema(tmp_path / "people.parquet").names
