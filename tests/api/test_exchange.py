import itertools

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from api.errors import FileFault
from api.services import bulk, exchange
from matching import explain, rank
from passport import load_framework

SKILLS = load_framework().skills


@pytest.fixture(scope="module")
def market():
    folder = bulk.pilot()
    people = exchange.read_people(folder / "people.parquet", SKILLS)
    vacancies, _ = exchange.read_vacancies(folder / "vacancies.parquet", SKILLS)
    return people, vacancies


def changed(tmp_path, name, **columns):
    """A copy of a pilot file with the first rows only and some columns replaced."""
    table = pyarrow.parquet.read_table(bulk.pilot() / name).slice(0, 3)
    for column, values in columns.items():
        table = table.set_column(table.column_names.index(column), column, pa.array(values))
    path = tmp_path / name
    pyarrow.parquet.write_table(table, path)
    return path


def test_people_without_a_passport_are_counted_not_ranked(market):
    people, _ = market
    assert len(people.ids) == 600
    assert 0 < len(people.pool) < 600
    assert [people.ids[row] for row in people.rows] == list(people.pool.people)


def test_unknown_stays_unknown(market):
    people, _ = market
    held = people.columns.attributes["certificates"]
    known = people.pool.attributes.certificates_known
    assert [value is not None for value in held] == known.tolist()
    assert 0 < known.sum() < len(known)
    education = people.columns.attributes["education"]
    assert people.pool.attributes.levels[:, 0].tolist() == [-1 if level is None else level for level in education]


def test_csv_gives_the_same_ranking_as_parquet(market, tmp_path):
    people, vacancies = market
    for name in ("people", "vacancies"):
        table = pyarrow.parquet.read_table(bulk.pilot() / f"{name}.parquet")
        drop = [c for c in table.column_names if pa.types.is_binary(table.schema.field(c).type)]
        pyarrow.csv.write_csv(table.drop_columns(drop), tmp_path / f"{name}.csv")
    again = exchange.read_people(tmp_path / "people.csv", SKILLS)
    jobs, _ = exchange.read_vacancies(tmp_path / "vacancies.csv", SKILLS)
    assert rank(again.pool, jobs, k=5) == rank(people.pool, vacancies, k=5)


def gaps_of(why):
    """The three largest losses of at least a hundredth, of skills that are less than nine tenths covered."""
    importance = why.contribution + why.loss
    wanting = [k for k in range(24) if why.loss[k] >= 0.01 and why.loss[k] > 0.1 * importance[k]]
    return [SKILLS[k] for k in sorted(wanting, key=lambda k: -why.loss[k])[:3]]


def reasons_of(why):
    """The three largest contributions of at least a hundredth, of skills that are no gap."""
    bringing = [k for k in range(24) if why.contribution[k] >= 0.01 and SKILLS[k] not in gaps_of(why)]
    return [SKILLS[k] for k in sorted(bringing, key=lambda k: -why.contribution[k])[:3]]


@pytest.mark.parametrize("side", ["vacancies", "people"])
def test_matches_say_what_explain_says(market, side):
    people, vacancies = market
    ranking = rank(people.pool, vacancies, k=3, side=side)
    table = exchange.matches(people.pool, vacancies, ranking).to_pylist()
    assert len(table) == int((ranking.ids >= 0).sum())
    who, what = people.pool.people, vacancies.vacancies
    for row in table[:: len(table) // 25]:
        why = explain(people.pool, vacancies, who.index(row["person"]), what.index(row["vacancy"]))
        assert row["fit"] == pytest.approx(why.fit, abs=1e-6)
        assert row["measured"] == pytest.approx(why.measured, abs=1e-4)
        assert [gap for gap in row["gaps"].split(";") if gap] == gaps_of(why)
        assert [reason for reason in row["reasons"].split(";") if reason] == reasons_of(why)
        assert row["unknown"].split(";") == ([g for g, a in why.gates.items() if a == "unknown"] or [""])


def test_rows_of_matches_follow_the_position(market):
    people, vacancies = market
    table = exchange.matches(people.pool, vacancies, rank(people.pool, vacancies, k=4)).to_pylist()
    by_vacancy = {}
    for row in table:
        by_vacancy.setdefault(row["vacancy"], []).append(row)
    for rows in by_vacancy.values():
        assert [row["position"] for row in rows] == list(range(1, len(rows) + 1))
        assert all(a["fit"] >= b["fit"] for a, b in itertools.pairwise(rows))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"certificates": ["vca", "charm", None]}, "row 2, column certificates: expected keys out of"),
        ({"education": [1, 2, 30]}, "row 3, column education: expected a whole number from 0 to 8, got 30"),
        ({"latitude": [51.0, 52.0, None]}, "expected latitude and longitude, or neither"),
        ({"person": ["a", "a", ""]}, "row 2, column person"),
        ({"hours_min": [50.0, 1.0, 1.0], "hours_max": [10.0, 2.0, 2.0]}, "row 1, column hours_min: expected at most"),
    ],
)
def test_broken_people_are_refused_by_row_and_column(tmp_path, columns, message):
    with pytest.raises(FileFault, match=message):
        exchange.read_people(changed(tmp_path, "people.parquet", **columns), SKILLS)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"sector": ["space", "energy", ""]}, "row 1, column sector: expected keys out of energy"),
        ({"band_teamwork": [6, 0, 0]}, "row 1, column band_teamwork: expected a whole number from 0 to 5, got 6"),
        ({"seats": [-1, 1, 1]}, "row 1, column seats"),
        ({"importance_teamwork": [0.9, 0.9, 0.9]}, "expected importances that sum to 1"),
    ],
)
def test_broken_vacancies_are_refused_by_row_and_column(tmp_path, columns, message):
    with pytest.raises(FileFault, match=message):
        exchange.read_vacancies(changed(tmp_path, "vacancies.parquet", **columns), SKILLS)


def test_a_half_measured_person_is_refused(tmp_path):
    table = pyarrow.parquet.read_table(bulk.pilot() / "people.parquet")
    row = table.column("status").to_pylist().index("finished")
    one = table.slice(row, 1)
    one = one.set_column(one.column_names.index("mean_safety"), "mean_safety", pa.array([None], pa.float32()))
    pyarrow.parquet.write_table(one, tmp_path / "people.parquet")
    with pytest.raises(FileFault, match="expected mean and sd of every skill, or of none"):
        exchange.read_people(tmp_path / "people.parquet", SKILLS)


def _spoiled_covariance(change):
    table = pyarrow.parquet.read_table(bulk.pilot() / "people.parquet")
    row = table.column("status").to_pylist().index("finished")
    blob = np.frombuffer(table.column("covariance")[row].as_py(), "<f4").copy()
    blob = change(blob).astype("<f4").tobytes()
    one = table.slice(row, 1)
    return one.set_column(one.column_names.index("covariance"), "covariance", pa.array([blob], pa.binary()))


@pytest.mark.parametrize(
    "change",
    [
        lambda blob: blob[:-1],
        lambda blob: np.full_like(blob, np.nan),
        lambda blob: blob * 2,
        lambda blob: np.where(np.arange(len(blob)) == 1, 5.0, blob),
    ],
    ids=["too short", "not finite", "another diagonal", "not positive"],
)
def test_a_covariance_that_is_none_is_refused(tmp_path, change):
    pyarrow.parquet.write_table(_spoiled_covariance(change), tmp_path / "people.parquet")
    with pytest.raises(FileFault, match="row 1, column covariance: expected 300 float32 numbers"):
        exchange.read_people(tmp_path / "people.parquet", SKILLS)
