from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from benchmarks._markets import Size, market
from matching import Attributes, Pool, PoolIndex, Ranking, rank
from matching.index import compile_kernels
from matching.rank import BLOCK
from tests.matching.markets import markets, some_attributes, some_people, some_vacancies

SIDES = ("vacancies", "people")
some = settings(max_examples=60, deadline=None, derandomize=True)


@pytest.fixture(scope="module", autouse=True)
def _kernels():
    compile_kernels()


def same(one: Ranking, other: Ranking) -> None:
    for name in ("ids", "fit", "unknown", "tie"):
        assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    assert one == other


def by_numpy(pool, vacancies, **how) -> Ranking:
    return rank(pool, vacancies, block=BLOCK, **how)


@st.composite
def changes(draw):
    """People come, change and go, a few at a time."""
    return draw(st.lists(st.tuples(st.sampled_from(["update", "remove"]), st.integers(0, 2**32 - 1)), max_size=6))


def changed(people: Pool, part: Pool) -> Pool:
    """What a pool looks like after an update, one person at a time."""
    rows = {text: row for row, text in enumerate(people.people)}
    for row, text in enumerate(part.people):
        one = part.take([row])
        if text in rows:
            at = rows[text]
            after = people.take(slice(at + 1, None))
            people = people.take(slice(0, at)) + one + after
        else:
            rows[text] = len(people)
            people = people + one
    return people


def test_after_any_changes_an_index_ranks_as_a_fresh_one():
    @some
    @given(markets(people=30), changes(), st.integers(1, 9))
    def check(market, steps, k):
        pool, vacancies = market
        index, expected = PoolIndex(pool, block=64), pool
        for deed, seed in steps:
            rng = np.random.default_rng(seed)
            if deed == "update":
                few = rng.choice(40, rng.integers(0, 12), replace=False)
                part = some_people(rng, 40, len(pool.skills), gates=pool.attributes is not None).take(few)
                index.update(part)
                expected = changed(expected, part)
            elif len(expected):
                gone = rng.choice(len(expected), rng.integers(0, len(expected) + 1), replace=False)
                index.remove([expected.people[row] for row in gone])
                expected = expected.take(~np.isin(np.arange(len(expected)), gone))
            assert index.people == expected.people
            assert len(index) == len(expected)
            for side, ranking in zip(SIDES, index.rank_both(vacancies, k=k), strict=True):
                same(ranking, by_numpy(expected, vacancies, k=k, side=side))
        equal_pools(index.pool, expected)

    check()


def equal_pools(one: Pool, other: Pool) -> None:
    assert (one.people, one.skills) == (other.people, other.skills)
    for name in ("mean", "sd", "measured"):
        assert_array_equal(getattr(one, name), getattr(other, name))
    assert (one.attributes is None) == (other.attributes is None)
    if one.attributes is not None:
        for name, column in one.attributes.columns().items():
            assert_array_equal(column, getattr(other.attributes, name))


def test_many_changes_lay_the_index_out_anew_and_change_nothing_else():
    rng = np.random.default_rng(6)
    pool, vacancies = some_people(rng, 3000, 3), some_vacancies(rng, 20, 3)
    index, expected = PoolIndex(pool), pool
    for turn in range(4):
        index.update(some_people(rng, 2500, 3, prefix=f"turn-{turn}"))
        index.update(some_people(rng, 3000, 3).take(slice(0, None, 2)))
        index.remove(index.people[::3])
        expected = index.pool
        same(index.rank(vacancies), by_numpy(expected, vacancies))
        same(index.rank(vacancies), PoolIndex(expected).rank(vacancies))


def test_a_move_of_house_is_seen():
    rng = np.random.default_rng(7)
    pool, vacancies = market(Size(3000, 60, (300.0, 250.0), 30), seed=7)
    index = PoolIndex(pool, block=128)
    columns = pool.attributes.columns()
    columns["location"] = columns["location"][rng.permutation(3000)]
    columns["reach_km"] = columns["reach_km"][rng.permutation(3000)]
    moved = Pool(pool.people, pool.skills, pool.mean, pool.sd, Attributes(**columns)).take(rng.random(3000) < 0.2)
    index.update(moved)
    same(index.rank(vacancies), by_numpy(index.pool, vacancies))
    same(index.rank(vacancies), by_numpy(changed(pool, moved), vacancies))


def test_people_who_share_a_hash_are_told_apart():
    rng = np.random.default_rng(8)
    index = PoolIndex(some_people(rng, 9, 2))
    index._people._keys = np.zeros_like(index._people._keys)
    assert index._people._find(index.people, np.zeros(9, np.uint64)).tolist() == list(range(9))
    assert index._people._find(["stranger"], np.zeros(1, np.uint64)).tolist() == [-1]


def test_an_index_that_was_empty_takes_people_in():
    rng = np.random.default_rng(9)
    pool, vacancies = some_people(rng, 20, 2), some_vacancies(rng, 9, 2)
    index = PoolIndex(pool.take([]))
    same(index.rank(vacancies), by_numpy(pool.take([]), vacancies))
    index.update(pool)
    same(index.rank(vacancies), by_numpy(pool, vacancies))
    index.remove(pool.people)
    same(index.rank(vacancies), by_numpy(pool.take([]), vacancies))
    assert index.people == ()


def test_changes_that_cannot_be_are_refused_and_change_nothing():
    rng = np.random.default_rng(17)
    pool, vacancies = some_people(rng, 5, 2), some_vacancies(rng, 3, 2)
    index = PoolIndex(pool)
    with pytest.raises(ValueError, match="somebody in the index"):
        index.remove(["person-1", "stranger"])
    with pytest.raises(ValueError, match="distinct"):
        index.remove(["person-1", "person-1"])
    with pytest.raises(ValueError, match="both or neither"):
        index.update(some_people(rng, 3, 2, gates=False))
    columns = some_attributes(rng, 5).columns()
    wide = Attributes(**{**columns, "levels": np.ones((5, 2), np.int8)})
    with pytest.raises(ValueError, match="the same columns"):
        index.update(Pool(pool.people, pool.skills, pool.mean, pool.sd, wide))
    assert index.people == pool.people
    same(index.rank(vacancies), by_numpy(pool, vacancies))


def test_levels_that_nobody_had_come_with_whoever_has_them():
    rng = np.random.default_rng(18)
    pool, vacancies = some_people(rng, 30, 2), some_vacancies(rng, 9, 2)
    columns = {name: column for name, column in pool.attributes.columns().items() if name != "levels"}
    plain = Pool(pool.people, pool.skills, pool.mean, pool.sd, Attributes(**columns), pool.measured)
    index = PoolIndex(plain)
    index.update(pool.take(slice(10, 20)))
    same(index.rank(vacancies), by_numpy(index.pool, vacancies))
    equal_pools(index.pool.take(slice(10, 20)), pool.take(slice(10, 20)))
    index.update(plain)
    assert (index.pool.attributes.levels == -1).all()


def test_one_person_after_another_is_kept_up_with():
    rng = np.random.default_rng(19)
    pool, vacancies = some_people(rng, 40, 2), some_vacancies(rng, 9, 2)
    index = PoolIndex(pool.take([]))
    for row in range(40):
        index.update(pool.take([row]))
    for row in range(0, 40, 2):
        index.update(pool.take([row]))
        index.remove([pool.people[row]])
    same(index.rank(vacancies), by_numpy(pool.take(slice(1, None, 2)), vacancies))
