"""Employers and vacancies: drawn from occupations, changed a little, plainly invented."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from data.synthetic.content import CONTENT, SECTORS, Content, load_content
from data.synthetic.market import Employers, draw_employers, draw_vacancies
from data.synthetic.streams import CHUNK
from passport import load_framework

SKILLS = load_framework().skills


@pytest.fixture(scope="module")
def content() -> Content:
    return load_content(SKILLS)


@pytest.fixture(scope="module")
def employers(content: Content) -> Employers:
    return draw_employers(content, seed=3, number=40)


@pytest.fixture(scope="module")
def vacancies(content: Content, employers: Employers) -> pa.Table:
    return draw_vacancies(content, employers, seed=3, chunk=0, rows=CHUNK)


def _matrix(table: pa.Table, prefix: str) -> np.ndarray:
    return np.stack([table[f"{prefix}_{skill}"].to_numpy() for skill in SKILLS], axis=1)


def _occupation(content: Content, table: pa.Table) -> np.ndarray:
    return np.array([content.occupations.index(name) for name in table["occupation"].to_pylist()])


def test_employers_are_plainly_invented_and_cover_every_sector(content: Content, employers: Employers) -> None:
    assert all(name.startswith("Example ") for name in employers.names)
    assert len(set(employers.names)) == len(set(employers.ids)) == 40
    assert set(employers.table(content)["sector"].to_pylist()) == set(SECTORS)


def test_importance_sums_to_one_over_the_asked_skills(vacancies: pa.Table) -> None:
    band, importance = _matrix(vacancies, "band"), _matrix(vacancies, "importance")
    np.testing.assert_allclose(importance.sum(axis=1), 1, atol=1e-5)
    assert np.all((importance > 0) <= (band > 0))
    assert set(np.unique(band)) <= set(range(6))


def test_an_employer_moves_a_band_by_at_most_one_and_adds_no_skill(content: Content, vacancies: pa.Table) -> None:
    band, usual = _matrix(vacancies, "band"), content.band[_occupation(content, vacancies)]
    asked = band > 0
    assert np.all(usual[asked] > 0)
    assert np.abs(band - usual)[asked].max() == 1
    assert 0.1 < np.mean((band != usual)[asked]) < 0.3


def test_what_matters_most_is_always_asked(content: Content, vacancies: pa.Table) -> None:
    weight = content.importance[_occupation(content, vacancies)]
    heaviest = weight == weight.max(axis=1, keepdims=True)
    assert np.all(_matrix(vacancies, "band")[heaviest] > 0)


def test_vacancies_belong_to_an_employer_of_their_sector(
    content: Content, employers: Employers, vacancies: pa.Table
) -> None:
    of = np.array([employers.ids.index(name) for name in vacancies["employer"].to_pylist()])
    np.testing.assert_array_equal(employers.sector[of], content.sector[_occupation(content, vacancies)])
    stated = np.array(vacancies["sector"].to_pylist())
    expected = np.array(SECTORS)[employers.sector[of]]
    assert np.all((stated == expected) | (stated == ""))
    assert 0.07 < np.mean(stated == "") < 0.13


def test_only_the_desk_part_of_a_job_is_remote_and_then_it_has_no_physical_demands(
    content: Content, vacancies: pa.Table
) -> None:
    remote = np.array(vacancies["remote"].to_pylist())
    assert np.all(content.office[_occupation(content, vacancies)][remote])
    assert {text for text, there in zip(vacancies["demands"].to_pylist(), remote, strict=True) if there} == {""}
    assert 0.02 < remote.mean() < 0.12


def test_asked_hours_lie_within_the_usual_range_of_the_occupation(content: Content, vacancies: pa.Table) -> None:
    low, high = vacancies["hours_min"].to_numpy(), vacancies["hours_max"].to_numpy()
    usual = content.hours[_occupation(content, vacancies)]
    assert np.all((usual[:, 0] <= low) & (low <= high) & (high <= usual[:, 1]))


def test_fewer_vacancies_are_the_beginning_of_more(content: Content, employers: Employers, vacancies: pa.Table) -> None:
    assert draw_vacancies(content, employers, seed=3, chunk=0, rows=17).equals(vacancies.slice(0, 17))


def test_an_occupation_that_asks_an_unknown_certificate_is_refused(tmp_path: Path) -> None:
    for name in ("occupations.csv", "occupation_demands.csv", "certificates.csv", "limits.csv"):
        (tmp_path / name).write_bytes((CONTENT / name).read_bytes())
    keys = (tmp_path / "certificates.csv").read_text(encoding="utf-8").splitlines()
    (tmp_path / "certificates.csv").write_text("\n".join(keys[:1] + keys[2:]), encoding="utf-8")
    with pytest.raises(ValueError, match="certificates: key"):
        load_content(SKILLS, tmp_path)
