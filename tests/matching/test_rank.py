from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from matching import FrameworkMismatch, Pool, Ranking, Vacancies, merge, rank
from tests.matching import naive
from tests.matching.markets import markets, some_people, some_vacancies

SIDES = ("vacancies", "people")
everywhere = settings(max_examples=200, deadline=None, derandomize=True)
some = settings(max_examples=60, deadline=None, derandomize=True)


def same(one: Ranking, other: Ranking) -> None:
    for name in ("ids", "fit", "unknown", "tie"):
        assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    assert one == other


@pytest.mark.parametrize("side", SIDES)
def test_a_ranking_equals_that_of_the_slow_twin(side):
    @everywhere
    @given(markets(), st.integers(1, 15), st.integers(0, 2**64))
    def check(market, k, seed):
        same(rank(*market, k=k, side=side, seed=seed), naive.rank(*market, k=k, side=side, seed=seed))

    check()


@pytest.mark.parametrize("side", SIDES)
def test_the_size_of_the_blocks_does_not_matter(side):
    @some
    @given(markets(), st.integers(1, 8), st.integers(1, 60))
    def check(market, k, block):
        same(rank(*market, k=k, side=side, block=block), rank(*market, k=k, side=side))

    check()


def test_a_long_pool_is_worked_on_in_several_blocks_with_the_same_result():
    rng = np.random.default_rng(1)
    pool, vacancies = some_people(rng, 9000, 4), some_vacancies(rng, 5, 4)
    same(rank(pool, vacancies, k=30), rank(pool, vacancies, k=30, block=700))
    same(rank(vacancies=vacancies, pool=pool, side="people", k=3), rank(pool, vacancies, side="people", k=3, block=700))


@pytest.mark.parametrize("side", SIDES)
def test_merging_shards_of_the_candidates_gives_the_ranking_of_all(side):
    @some
    @given(markets(), st.lists(st.integers(0, 12), max_size=3), st.integers(1, 6))
    def check(market, cuts, k):
        pool, vacancies = market
        ranked = pool if side == "vacancies" else vacancies
        edges = [0, *sorted(min(cut, len(ranked)) for cut in cuts), len(ranked)]
        parts = [ranked.take(slice(a, b)) for a, b in pairwise(edges)]
        shards = [
            rank(part, vacancies, k=k, side=side) if side == "vacancies" else rank(pool, part, k=k, side=side)
            for part in parts
        ]
        whole = rank(pool, vacancies, k=k, side=side)
        same(merge(*shards), whole)
        same(merge(*shards, k=1), rank(pool, vacancies, k=1, side=side))
        same(naive.merge(*shards, k=k), whole)

    check()


def test_merging_is_associative():
    rng = np.random.default_rng(2)
    vacancies = some_vacancies(rng, 6, 3)
    a, b, c = (some_people(rng, 9, 3, prefix=prefix) for prefix in "abc")
    x, y, z = (rank(part, vacancies, k=5) for part in (a, b, c))
    same(merge(merge(x, y), z), merge(x, merge(y, z)))
    same(merge(x, y, z), rank(a + b + c, vacancies, k=5))
    assert merge(x, y, k=4) == rank(a + b, vacancies, k=4)
    same(merge(x), x)


@pytest.mark.parametrize("side", SIDES)
def test_permuting_people_permutes_the_ranking(side):
    @some
    @given(markets(), st.randoms(use_true_random=False))
    def check(market, random):
        pool, vacancies = market
        order = list(range(len(pool)))
        random.shuffle(order)
        before, after = rank(pool, vacancies, k=7, side=side), rank(pool.take(order), vacancies, k=7, side=side)
        if side == "people":
            assert_array_equal(after.ids, before.ids[order])
            assert_array_equal(after.fit, before.fit[order])
        else:
            moved = np.array([*order, -1])
            assert_array_equal(moved[after.ids], before.ids)
            assert_array_equal(after.fit, before.fit)

    check()


def test_the_seed_decides_between_equal_fits_and_the_row_never_does():
    twins = Pool([f"twin-{i}" for i in range(400)], ["planning"], np.zeros((400, 1)), np.ones((400, 1)))
    job = Vacancies(["job"], ["planning"], [[3]], [[1.0]])
    orders = np.array([rank(twins, job, k=400, seed=seed).ids[0] for seed in range(40)])
    assert len({tuple(order) for order in orders}) == 40
    first_rows = orders[:, :100].mean()
    assert 180 < first_rows < 219  # the mean row of those ranked first is that of everybody
    assert np.all(np.diff(rank(twins, job, k=400).tie[0].astype(object)) > 0)


def test_fits_fall_along_every_row_and_missing_fits_come_last_before_the_pads():
    rng = np.random.default_rng(3)
    pool, vacancies = some_people(rng, 30, 3), some_vacancies(rng, 40, 3)
    ranking = rank(pool, vacancies, side="people", k=40)
    for ids, fit in zip(ranking.ids, ranking.fit, strict=True):
        real, missing, pads = ~np.isnan(fit), np.isnan(fit) & (ids >= 0), ids < 0
        assert np.all(np.diff(fit[real]) <= 0)
        kinds = real * 1 + missing * 2 + pads * 3
        assert np.all(np.diff(kinds) >= 0)
        asks_nothing = ~(vacancies.band[ids[missing]] > 0).any(axis=1)
        assert asks_nothing.all()


def test_nobody_who_is_refused_is_ranked_and_nobody_else_is_left_out():
    rng = np.random.default_rng(4)
    pool, vacancies = some_people(rng, 25, 3), some_vacancies(rng, 15, 3)
    ranking = rank(pool, vacancies, k=25)
    for vacancy in range(15):
        answers = [naive.gates(pool.attributes, vacancies.requirements, person, vacancy) for person in range(25)]
        passed = {person for person, answer in enumerate(answers) if "no" not in answer.values()}
        assert set(ranking.ids[vacancy].tolist()) - {-1} == passed


def test_without_attributes_or_requirements_everybody_is_ranked():
    rng = np.random.default_rng(5)
    pool, vacancies = some_people(rng, 10, 3), some_vacancies(rng, 10, 3)
    open_pool = Pool(pool.people, pool.skills, pool.mean, pool.sd)
    open_vacancies = Vacancies(vacancies.vacancies, vacancies.skills, vacancies.band, vacancies.importance)
    for pair in (open_pool, vacancies), (pool, open_vacancies):
        ranking = rank(*pair, k=10)
        assert (ranking.ids >= 0).all()
        assert not ranking.unknown.any()


def test_an_empty_pool_pads_every_row_and_no_vacancies_give_no_rows():
    rng = np.random.default_rng(6)
    pool, vacancies = some_people(rng, 5, 2), some_vacancies(rng, 4, 2)
    nobody = rank(pool.take([]), vacancies, k=3)
    assert nobody.ids.tolist() == [[-1] * 3] * 4
    assert np.isnan(nobody.fit).all()
    assert nobody.size == 0
    assert rank(pool, vacancies.take([]), k=3).ids.shape == (0, 3)
    assert (rank(pool, vacancies.take([]), k=3, side="people").ids == -1).all()


def test_progress_counts_every_pair_once():
    rng = np.random.default_rng(7)
    pool, vacancies = some_people(rng, 11, 2), some_vacancies(rng, 7, 2)
    seen = []
    rank(pool, vacancies, block=10, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (77, 77)
    assert seen == sorted(set(seen))


def test_a_ranking_cannot_be_written_to():
    rng = np.random.default_rng(8)
    ranking = rank(some_people(rng, 3, 2), some_vacancies(rng, 3, 2))
    for array in (ranking.ids, ranking.fit, ranking.unknown, ranking.tie):
        assert not array.flags.writeable
        assert array.flags.c_contiguous


def test_rankings_that_differ_anywhere_are_not_equal():
    rng = np.random.default_rng(9)
    ranking = rank(some_people(rng, 6, 2), some_vacancies(rng, 3, 2), k=4)
    parts = {name: getattr(ranking, name) for name in ("side", "ids", "fit", "unknown", "tie", "size")}
    assert Ranking(**parts) == ranking
    others = [("side", "people"), ("ids", ranking.ids + 1), ("fit", ranking.fit * 0), ("unknown", ranking.unknown + 1)]
    for name, other in [*others, ("tie", ranking.tie + 1), ("size", 7)]:
        assert Ranking(**{**parts, name: other}) != ranking
    assert ranking != "a ranking"


def test_wrong_arguments_of_rank_are_refused():
    rng = np.random.default_rng(10)
    pool, vacancies = some_people(rng, 3, 2), some_vacancies(rng, 3, 2)
    for wrong in ({"k": 0}, {"k": -1}, {"side": "persons"}, {"block": 0}, {"seed": -1}):
        with pytest.raises(ValueError, match="was expected"):
            rank(pool, vacancies, **wrong)
    for wrong in ({"k": 2.0}, {"k": True}, {"seed": "x"}):
        with pytest.raises(TypeError, match="was expected"):
            rank(pool, vacancies, **wrong)


def test_different_skills_cannot_be_ranked():
    rng = np.random.default_rng(11)
    with pytest.raises(FrameworkMismatch, match="differ from column 2 on"):
        rank(some_people(rng, 3, 3), some_vacancies(rng, 3, 2))


def test_rankings_that_do_not_belong_together_are_not_merged():
    rng = np.random.default_rng(12)
    pool, vacancies = some_people(rng, 4, 2), some_vacancies(rng, 3, 2)
    ranking = rank(pool, vacancies, k=3)
    with pytest.raises(ValueError, match="no ranking came"):
        merge()
    with pytest.raises(ValueError, match="one side and number of rows"):
        merge(ranking, rank(pool, vacancies.take([0]), k=3))
    with pytest.raises(ValueError, match="one side and number of rows"):
        merge(ranking, rank(pool.take([0, 1, 2]), vacancies, k=3, side="people"))
    with pytest.raises(ValueError, match="at most 3 was expected"):
        merge(ranking, ranking, k=4)


def test_a_ranking_of_wrong_arrays_is_refused():
    ids, fit = np.zeros((2, 3), np.int32), np.zeros((2, 3), np.float32)
    unknown, tie = np.zeros((2, 3), np.uint8), np.zeros((2, 3), np.uint64)
    with pytest.raises(ValueError, match="four times"):
        Ranking("people", ids, fit[:1], unknown, tie, 3)
    with pytest.raises(TypeError, match="float32 was expected"):
        Ranking("people", ids, fit.astype(float), unknown, tie, 3)
    with pytest.raises(ValueError, match="side"):
        Ranking("jobs", ids, fit, unknown, tie, 3)
