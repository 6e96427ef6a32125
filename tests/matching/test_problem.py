from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from matching import Attributes, FrameworkMismatch, Pool, Requirements, Vacancies
from tests.matching.markets import some_attributes, some_people, some_requirements, some_vacancies

SKILLS = ("planning", "listening")


def a_pool(**changes):
    return Pool(**{"people": ["a", "b"], "skills": SKILLS, "mean": np.zeros((2, 2)), "sd": np.ones((2, 2)), **changes})


def some_jobs(**changes):
    plain = {"vacancies": ["x", "y"], "skills": SKILLS, "band": [[3, 0], [1, 5]], "importance": [[1, 0], [0.25, 0.75]]}
    return Vacancies(**{**plain, **changes})


def arrays(table):
    return {each.name: value for each in fields(table) if isinstance(value := getattr(table, each.name), np.ndarray)}


def equal(one, other):
    assert arrays(one).keys() == arrays(other).keys()
    for name, array in arrays(one).items():
        assert_array_equal(array, getattr(other, name), err_msg=name)
        assert array.dtype == getattr(other, name).dtype


def test_arrays_are_read_only_c_ordered_and_of_the_pinned_types():
    rng = np.random.default_rng(1)
    pool, vacancies = some_people(rng, 4, 3), some_vacancies(rng, 3, 3)
    expected = {
        "mean": "f4", "sd": "f4", "measured": "?", "keys": "u8", "band": "i1", "importance": "f4", "seats": "i4",
        "certificates": "u8", "certificates_known": "?", "limits": "u8", "demands": "u8", "levels": "i1", "hours": "f4",
        "sectors": "u4", "sector": "u4", "location": "f4", "reach_km": "f4", "remote": "?",
    }  # fmt: skip
    for table in (
        pool,
        vacancies,
        pool.attributes,
        vacancies.requirements,
        pool.take([2, 1]),
        vacancies + vacancies.take([]),
    ):
        for name, array in arrays(table).items():
            assert array.dtype == np.dtype(expected[name]), name
            assert array.flags.c_contiguous
            assert not array.flags.writeable
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 0


def test_later_changes_of_the_callers_arrays_do_not_reach_the_pool():
    mean = np.zeros((2, 2), np.float32)
    window = mean[:]
    window.flags.writeable = False
    for given in (mean, window):
        pool = a_pool(mean=given)
        mean[0, 0] += 1
        assert pool.mean[0, 0] == mean[0, 0] - 1
    assert mean.flags.writeable


def test_nothing_can_be_assigned():
    for table, name in ((a_pool(), "mean"), (some_jobs(), "band"), (Attributes(size=1), "limits")):
        with pytest.raises(FrozenInstanceError):
            setattr(table, name, None)


def test_left_out_seats_are_one_each_and_left_out_measurement_is_complete():
    assert some_jobs().seats.tolist() == [1, 1]
    assert a_pool().measured.all()
    assert len(a_pool()) == len(some_jobs()) == 2


@pytest.mark.parametrize("kind", [np.int8, np.int64, np.uint16, np.uint64])
def test_integers_of_any_width_are_taken_exactly(kind):
    assert Attributes(certificates=np.array([5, 127], kind)).certificates.tolist() == [5, 127]
    assert some_jobs(band=np.array([[3, 0], [1, 5]], kind)).band.tolist() == [[3, 0], [1, 5]]


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({"mean": np.zeros((2, 3))}, ValueError, r"mean: shape \(2, 3\) came, \(2, 2\) was expected"),
        ({"mean": np.zeros(2)}, ValueError, r"mean: shape \(2,\) came"),
        ({"mean": [[0, 1], [0]]}, ValueError, "mean: rows of unequal length"),
        ({"mean": [["a", "b"], ["c", "d"]]}, TypeError, "mean: <U1 came, floating point numbers were expected"),
        ({"mean": np.zeros((2, 2), complex)}, TypeError, "mean: complex128 came"),
        ({"mean": np.zeros((2, 2), bool)}, TypeError, "mean: bool came"),
        ({"mean": np.ma.masked_less(np.zeros((2, 2)), 1)}, TypeError, "mean: a masked array came"),
        ({"mean": [[0, 0], [0, np.nan]]}, ValueError, "mean: NaN came in row 1"),
        ({"mean": [[0, 0], [0, np.inf]]}, ValueError, "mean: inf came in row 1"),
        ({"mean": [[0, 0], [0, 1e300]]}, ValueError, r"mean: 1e\+300 came in row 1"),
        ({"sd": [[1, 1], [1, -0.1]]}, ValueError, "sd: -0.1 came in row 1"),
        ({"sd": [[1, 1], [np.nan, 1]]}, ValueError, "sd: NaN came in row 1"),
        ({"sd": [[1, np.inf], [1, 1]]}, ValueError, "sd: inf came in row 0"),
        ({"people": ["a", "a"]}, ValueError, "people: 'a' came 2 times"),
        ({"people": ["a", 7]}, TypeError, "people: int came in row 1"),
        ({"people": "ab"}, TypeError, "people: one str came"),
        ({"people": ["a", ""]}, ValueError, "people: an empty text came in row 1"),
        ({"people": ["a", "\ud800"]}, ValueError, "people: a lone surrogate came"),
        ({"people": ["a"]}, ValueError, "mean: shape"),
        ({"skills": ("planning", "planning")}, ValueError, "skills: 'planning' came 2 times"),
        ({"measured": np.ones((2, 2))}, TypeError, "measured: float64 came, true or false was expected"),
        ({"measured": [True, False]}, ValueError, "measured: shape"),
        ({"attributes": Attributes(size=3)}, ValueError, "attributes: 3 rows came, 2 were expected"),
        ({"attributes": Requirements(size=2)}, TypeError, "attributes: Requirements came, Attributes or None"),
    ],
)
def test_a_faulty_pool_is_refused(changes, kind, message):
    with pytest.raises(kind, match=message):
        a_pool(**changes)


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({"band": [[6, 0], [1, 5]]}, ValueError, "band: 6 came in row 0, 0 to 5 was expected"),
        ({"band": [[0, 256], [1, 5]]}, ValueError, "band: 256 came in row 0"),
        ({"band": [[-1, 0], [1, 5]]}, ValueError, "band: -1 came in row 0"),
        ({"band": [[3.0, 0], [1, 5]]}, TypeError, "band: float64 came, integers between 0 and 5"),
        ({"importance": [[-1, 2], [0.5, 0.5]]}, ValueError, "importance: -1.0 came in row 0"),
        (
            {"importance": [[0.9, 0.1], [0.5, 0.5]]},
            ValueError,
            "importance: importance came in row 0 for a skill that is",
        ),
        ({"importance": [[1, 0], [0.5, 0.6]]}, ValueError, "importance: row 1 sums to 1.1, 1 over its asked skills"),
        ({"importance": [[0, 0], [0.5, 0.5]]}, ValueError, "importance: row 0 sums to 0"),
        ({"importance": [[np.nan, 0], [0.5, 0.5]]}, ValueError, "importance: NaN came in row 0"),
        ({"seats": [1, -1]}, ValueError, "seats: -1 came in row 1"),
        ({"seats": [1, 2**31]}, ValueError, "seats: 2147483648 came in row 1"),
        ({"seats": [1.5, 1]}, TypeError, "seats: float64 came"),
        ({"vacancies": ["x", "x"]}, ValueError, "vacancies: 'x' came 2 times"),
        ({"requirements": Requirements(size=1)}, ValueError, "requirements: 1 rows came, 2 were expected"),
        ({"requirements": {"size": 2}}, TypeError, "requirements: dict came"),
    ],
)
def test_faulty_vacancies_are_refused(changes, kind, message):
    with pytest.raises(kind, match=message):
        some_jobs(**changes)


def test_importances_are_scaled_to_one():
    stored = some_jobs(importance=[[0.9995, 0], [0.2502, 0.7502]]).importance
    assert stored[0].tolist() == [1.0, 0.0]
    assert abs(stored[1].sum(dtype=float) - 1) < 1e-7


def test_stored_importances_keep_their_bits_when_they_are_used_again():
    rng = np.random.default_rng(2)
    importance = rng.random((500, 24))
    importance = (importance / importance.sum(axis=1, keepdims=True) * rng.uniform(0.9991, 1.0009, (500, 1))).astype(
        "f4"
    )
    ids, skills = [str(i) for i in range(500)], [str(i) for i in range(24)]
    once = Vacancies(ids, skills, np.full((500, 24), 3), importance)
    assert_array_equal(Vacancies(ids, skills, once.band, once.importance).importance, once.importance)


def test_a_vacancy_may_ask_nothing_and_a_pool_may_be_empty():
    assert not some_jobs(band=np.zeros((2, 2), int), importance=np.zeros((2, 2))).importance.any()
    empty = Pool([], SKILLS, np.zeros((0, 2)), np.zeros((0, 2)), Attributes(size=0))
    assert len(empty) == 0
    equal(empty + a_pool(attributes=Attributes(size=2)), a_pool(attributes=Attributes(size=2)))


def test_taking_rows_takes_them_of_every_column():
    rng = np.random.default_rng(3)
    for table, ids in ((some_people(rng, 6, 3), "people"), (some_vacancies(rng, 6, 3), "vacancies")):
        part = table.take([4, 0])
        assert getattr(part, ids) == (getattr(table, ids)[4], getattr(table, ids)[0])
        for name, array in arrays(table).items():
            assert_array_equal(getattr(part, name), array[[4, 0]], err_msg=name)
    attributes = some_attributes(rng, 6)
    equal(attributes.take(np.array([True, False] * 3)), attributes.take(slice(0, 6, 2)))
    assert len(attributes.take([])) == 0


def test_parts_that_are_joined_give_the_whole():
    rng = np.random.default_rng(4)
    for table in (
        some_people(rng, 7, 3),
        some_vacancies(rng, 7, 3),
        some_attributes(rng, 7),
        some_requirements(rng, 7),
    ):
        equal(table.take(slice(0, 3)) + table.take(slice(3, None)), table)
    pool = some_people(rng, 7, 3)
    joined = pool.take([0]) + pool.take([1])
    assert joined.people == pool.people[:2]
    equal(joined.attributes, pool.attributes.take([0, 1]))


def test_parts_that_do_not_belong_together_are_not_joined():
    pool, jobs = a_pool(), some_jobs()
    with pytest.raises(ValueError, match="'a' came 2 times"):
        pool + a_pool(people=["a", "c"])
    with pytest.raises(FrameworkMismatch, match="column 1"):
        pool + a_pool(people=["c", "d"], skills=("planning", "empathy"))
    with pytest.raises(FrameworkMismatch, match="column 0"):
        jobs + some_jobs(vacancies=["z", "w"], skills=SKILLS[::-1])
    with pytest.raises(ValueError, match="attributes: only one of two parts has them"):
        pool + a_pool(people=["c", "d"], attributes=Attributes(size=2))


@pytest.mark.parametrize("rows", [[2], [-1], [0, 5]])
def test_rows_that_do_not_exist_cannot_be_taken(rows):
    with pytest.raises(IndexError, match="row numbers below 2 were expected"):
        a_pool().take(rows)


def test_rows_are_numbers_or_one_answer_for_each():
    with pytest.raises(TypeError, match="a list of row numbers was expected"):
        a_pool().take([0.5])
    with pytest.raises(TypeError, match="a list of row numbers was expected"):
        a_pool().take(1)
    with pytest.raises(ValueError, match="rows: shape"):
        a_pool().take([True])
    with pytest.raises(ValueError, match="came 2 times"):
        a_pool().take([1, 1])


def test_ids_in_an_array_of_texts_become_plain_texts():
    people = a_pool(people=np.array(["a", "é"])).people
    assert people == ("a", "é")
    assert {type(text) for text in people} == {str}
