"""Simulated answering goes through the real assessment: replaying the answers gives the same passport."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from data.synthetic.content import load_content
from data.synthetic.measure import draw_passports
from data.synthetic.people import FINISHED, PROVISIONAL, STATUS, People, draw_people
from data.synthetic.simulate import Measured, simulate
from data.synthetic.streams import CHUNK
from passport import RULES, begin, finished, issue, load_framework, load_items, observe

FRAMEWORK, BANK = load_framework(), load_items()
ROWS = 24


@pytest.fixture(scope="module")
def people() -> People:
    return draw_people(load_content(FRAMEWORK.skills), FRAMEWORK.correlation, seed=2, chunk=0, rows=ROWS)


@pytest.fixture(scope="module")
def simulated(people: People) -> tuple[Measured, pa.Table]:
    return simulate(people, BANK, FRAMEWORK, seed=2, chunk=0)


def _replay(table: pa.Table, person: str):
    progress = begin(BANK, FRAMEWORK)
    for row in table.to_pylist():
        if row["person"] != person:
            continue
        item = BANK.row(row["item"])
        grade = -1 if row["option"] is None else BANK.contents[item].key[row["option"]]
        progress = observe(progress, item, grade, row["seconds"])
    return progress


def test_replaying_the_answers_gives_the_same_passport(people: People, simulated: tuple[Measured, pa.Table]) -> None:
    measured, answers = simulated
    for row in np.flatnonzero(measured.status >= PROVISIONAL)[:5]:
        progress = _replay(answers, people.ids[row])
        passport = issue(progress, people.ids[row])
        np.testing.assert_allclose(measured.mean[row], passport.mean, atol=1e-5)
        np.testing.assert_allclose(measured.covariance[row], passport.covariance, atol=1e-5)
        np.testing.assert_allclose(measured.information[row], passport.own_information, atol=1e-5)
        assert finished(progress) == (measured.status[row] == FINISHED)


def test_nobody_answers_after_the_assessment_has_finished(people: People, simulated: tuple[Measured, pa.Table]) -> None:
    measured, answers = simulated
    for row in np.flatnonzero(measured.status == FINISHED)[:3]:
        rows = answers.filter(pa.compute.equal(answers["person"], people.ids[row]))
        assert not finished(_replay(rows.slice(0, len(rows) - 1), people.ids[row]))


def test_positions_count_up_and_no_item_comes_twice(people: People, simulated: tuple[Measured, pa.Table]) -> None:
    measured, answers = simulated
    rows = answers.to_pylist()
    for row, person in enumerate(people.ids):
        own = [answer for answer in rows if answer["person"] == person]
        assert [answer["position"] for answer in own] == list(range(1, measured.items[row] + 1))
        assert len({answer["item"] for answer in own}) == len(own) <= RULES.most_items


def test_status_follows_from_the_answers(simulated: tuple[Measured, pa.Table]) -> None:
    measured, _ = simulated
    has = measured.status >= PROVISIONAL
    assert set(measured.status) <= set(range(len(STATUS)))
    assert np.all(np.isnan(measured.mean[~has]))
    assert np.all(np.isfinite(measured.mean[has]))
    assert np.all(measured.items[has] >= RULES.provisional_items)
    assert np.all((measured.items == 0) == (measured.status == 0))


def test_a_person_answers_the_same_whoever_else_answers(simulated: tuple[Measured, pa.Table]) -> None:
    few = draw_people(load_content(FRAMEWORK.skills), FRAMEWORK.correlation, seed=2, chunk=0, rows=4)
    _, alone = simulate(few, BANK, FRAMEWORK, seed=2, chunk=0)
    assert alone.equals(simulated[1].slice(0, len(alone)))


def test_careless_people_take_any_option() -> None:
    people = draw_people(load_content(FRAMEWORK.skills), FRAMEWORK.correlation, seed=2, chunk=0, rows=40)
    people.careless[:] = True
    people.true[:] = 3.0
    _, answers = simulate(people, BANK, FRAMEWORK, seed=2, chunk=0)
    share = np.bincount(answers["option"].drop_null().to_numpy(), minlength=4) / len(answers)
    np.testing.assert_allclose(share, 0.245, atol=0.05)


def test_drawn_passports_are_as_sure_as_they_say() -> None:
    people = draw_people(load_content(FRAMEWORK.skills), FRAMEWORK.correlation, seed=9, chunk=0, rows=CHUNK)
    measured = draw_passports(people, FRAMEWORK.correlation, seed=9, chunk=0)
    has = (measured.status >= PROVISIONAL) & ~people.careless
    sd = np.sqrt(np.einsum("pss->ps", measured.covariance[has]))
    z = (people.true[has] - measured.mean[has]) / sd
    assert abs(z.mean()) < 0.05
    assert abs(z.std() - 1) < 0.03
    assert 0.93 < np.mean(np.abs(z) < 1.96) < 0.97
    assert np.all(measured.mean[has].std(axis=0) < 1)  # drawn towards the average, as real ones are
