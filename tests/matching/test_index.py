from __future__ import annotations

import subprocess
import sys
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from benchmarks._markets import Size, market
from matching import Attributes, FrameworkMismatch, Pool, PoolIndex, Ranking, Requirements, Vacancies, merge, rank
from matching import index as index_module
from matching.index import compile_kernels
from matching.rank import BLOCK
from tests.matching import naive
from tests.matching.markets import markets, some_people, some_vacancies

SIDES = ("vacancies", "people")
everywhere = settings(max_examples=150, deadline=None, derandomize=True)
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


@pytest.mark.parametrize("side", SIDES)
def test_an_index_ranks_as_the_slow_twin_does(side):
    @everywhere
    @given(markets(), st.integers(1, 15), st.integers(0, 2**64), st.integers(1, 2))
    def check(market, k, seed, threads):
        ranking = PoolIndex(market[0]).rank(market[1], k=k, side=side, seed=seed, threads=threads)
        same(ranking, naive.rank(*market, k=k, side=side, seed=seed))

    check()


def test_both_sides_come_out_of_one_pass():
    @some
    @given(markets(people=90, vacancies=40), st.integers(1, 60), st.integers(1, 2))
    def check(market, k, threads):
        both = PoolIndex(market[0], block=64).rank_both(market[1], k=k, threads=threads)
        for side, ranking in zip(SIDES, both, strict=True):
            same(ranking, by_numpy(*market, k=k, side=side))

    check()


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("k", [1, 20, 1000])
def test_blocks_threads_and_seeds_do_not_change_a_bit(side, k):
    rng = np.random.default_rng(k)
    pool, vacancies = some_people(rng, 1500, 6), some_vacancies(rng, 300, 6)
    expected = by_numpy(pool, vacancies, k=k, side=side, seed=3)
    for block in (1, 700, 4096):
        for threads in (1, 2, 5):
            same(PoolIndex(pool, block=block).rank(vacancies, k=k, side=side, seed=3, threads=threads), expected)


@pytest.mark.slow
@pytest.mark.parametrize("size", ["S", "M"])
def test_a_pilot_and_a_city_are_ranked_as_numpy_ranks_them(size):
    pool, vacancies = market(size, seed=1)
    both = PoolIndex(pool).rank_both(vacancies, k=20, seed=1)
    for side, ranking in zip(SIDES, both, strict=True):
        same(ranking, by_numpy(pool, vacancies, side=side, seed=1))


def test_a_wide_land_is_ranked_as_numpy_ranks_it():
    pool, vacancies = market(Size(5000, 120, (300.0, 250.0), 40), seed=2)
    same(PoolIndex(pool, block=256).rank(vacancies, k=9), by_numpy(pool, vacancies, k=9))
    same(PoolIndex(pool, block=256).rank(vacancies, k=9, side="people"), by_numpy(pool, vacancies, k=9, side="people"))


@pytest.mark.parametrize("side", SIDES)
def test_who_is_not_meant_is_ranked_nowhere(side):
    @some
    @given(markets(people=30, vacancies=12), st.integers(0, 2**32 - 1), st.integers(1, 9))
    def check(market, seed, k):
        rng = np.random.default_rng(seed)
        masks = {"only_people": rng.random(len(market[0])) < 0.5, "only_vacancies": rng.random(len(market[1])) < 0.5}
        ranking = by_numpy(*market, k=k, side=side, **masks)
        for name in ({}, {"only_people"}, {"only_vacancies"}, set(masks)):
            given = {each: masks[each] for each in name}
            same(
                PoolIndex(market[0], block=64).rank(market[1], k=k, side=side, **given),
                by_numpy(*market, k=k, side=side, **given),
            )
        rows, ranked = (masks["only_vacancies"], masks["only_people"]) if side == "vacancies" else masks.values()
        assert (ranking.ids[~rows] == -1).all()
        assert ranked[ranking.ids[ranking.ids >= 0]].all()

    check()


def test_a_mask_ranks_as_if_only_those_were_there():
    rng = np.random.default_rng(4)
    pool, vacancies = some_people(rng, 200, 4), some_vacancies(rng, 30, 4)
    meant = rng.random(200) < 0.3
    whole, alone = (rank(pool, vacancies, only_people=meant), rank(pool.take(meant), vacancies))
    rows = np.append(np.flatnonzero(meant), -1)
    assert_array_equal(whole.ids, rows[alone.ids])
    assert_array_equal(whole.fit, alone.fit)


def test_shards_of_an_index_merge_into_the_whole():
    rng = np.random.default_rng(5)
    pool, vacancies = some_people(rng, 700, 4), some_vacancies(rng, 50, 4)
    parts = [PoolIndex(pool.take(slice(a, b))).rank(vacancies, k=9) for a, b in ((0, 100), (100, 650), (650, 700))]
    same(merge(*parts), PoolIndex(pool).rank(vacancies, k=9))


@pytest.mark.parametrize("skills", [1, 24, 300])
def test_bounds_hold_for_any_number_of_skills_and_extreme_importances(skills):
    rng = np.random.default_rng(skills)
    pool = some_people(rng, 400, skills, gates=False)
    band = rng.integers(1, 6, (40, skills))
    importance = rng.random((40, skills)) ** 20 + 1e-9
    vacancies = Vacancies(
        [f"job-{row}" for row in range(40)], pool.skills, band, importance / importance.sum(1)[:, None]
    )
    for side, ranking in zip(SIDES, PoolIndex(pool).rank_both(vacancies, k=5), strict=True):
        same(ranking, by_numpy(pool, vacancies, k=5, side=side))


def test_people_who_cover_everything_are_not_lost_to_rounding():
    sure = Pool([f"sure-{row}" for row in range(200)], ["a", "b", "c"], np.full((200, 3), 9.0), np.zeros((200, 3)))
    job = Vacancies(["job"], ["a", "b", "c"], [[5, 5, 5]], [[1 / 3, 1 / 3, 1 / 3]])
    same(PoolIndex(sure).rank(job, k=3), by_numpy(sure, job, k=3))


def test_levels_that_only_one_side_has_are_unknown_or_not_asked():
    rng = np.random.default_rng(10)
    pool, vacancies = some_people(rng, 50, 2), some_vacancies(rng, 20, 2)
    without = {name: column for name, column in pool.attributes.columns().items() if name != "levels"}
    plain = Pool(pool.people, pool.skills, pool.mean, pool.sd, Attributes(**without))
    asks = {name: column for name, column in vacancies.requirements.columns().items() if name != "levels"}
    silent = Vacancies(
        vacancies.vacancies, vacancies.skills, vacancies.band, vacancies.importance, requirements=Requirements(**asks)
    )
    for people in pool, plain:
        for jobs in vacancies, silent:
            same(PoolIndex(people).rank(jobs), by_numpy(people, jobs))
    index = PoolIndex(pool)
    index.update(plain.take(slice(0, 20)))
    same(index.rank(vacancies), by_numpy(index.pool, vacancies))


def test_poles_the_date_line_and_the_far_side_of_the_globe_are_in_reach_of_whoever_reaches_them():
    rng = np.random.default_rng(11)
    places = np.array([[90, 0], [-90, 0], [0, 180], [0, -180], [0, 0], [89.99, 170], [51.4, 5.4], [np.nan, np.nan]])
    attributes = Attributes(
        location=places[rng.integers(0, 8, 600)].astype(np.float32),
        reach_km=rng.choice([0, 1, 100, 10_000, 20_016, 40_000, np.nan], 600).astype(np.float32),
    )
    pool = some_people(rng, 600, 2, gates=False)
    pool = Pool(pool.people, pool.skills, pool.mean, pool.sd, attributes)
    jobs = some_vacancies(rng, 8, 2, gates=False)
    requirements = Requirements(location=places.astype(np.float32))
    jobs = Vacancies(jobs.vacancies, jobs.skills, jobs.band, jobs.importance, requirements=requirements)
    same(PoolIndex(pool, block=64).rank(jobs, k=600), by_numpy(pool, jobs, k=600))


def test_hours_are_compared_as_they_are_and_not_as_their_bits_have_them():
    rng = np.random.default_rng(12)
    base, jobs = some_people(rng, 300, 2, gates=False), some_vacancies(rng, 60, 2, gates=False)
    edges = np.array([0, 7.5, 8, 8.1, 11.9, 12, 12.000001, 36, 38, 40, 40.5, 168, np.nan], np.float32)
    ranges = [np.sort(rng.choice(edges, (rows, 2)), axis=1).astype(np.float32) for rows in (300, 60)]
    pool = Pool(base.people, base.skills, base.mean, base.sd, Attributes(hours=ranges[0]))
    asked = Requirements(hours=ranges[1], remote=np.ones(60, bool))
    jobs = Vacancies(jobs.vacancies, jobs.skills, jobs.band, jobs.importance, requirements=asked)
    same(PoolIndex(pool).rank(jobs, k=300), by_numpy(pool, jobs, k=300))


def test_progress_rises_to_all_pairs_and_stopping_stops_every_thread():
    rng = np.random.default_rng(13)
    pool, vacancies = some_people(rng, 900, 3), some_vacancies(rng, 700, 3)
    index, seen = PoolIndex(pool, block=64), []
    index.rank(vacancies, threads=2, progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(set(seen))
    assert seen[-1][0] == seen[-1][1]

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index.rank(vacancies, threads=2, progress=stop)
    assert threading.active_count() == 1
    same(index.rank(vacancies), by_numpy(pool, vacancies))


def test_an_index_may_be_asked_by_several_threads_at_once():
    rng = np.random.default_rng(14)
    pool, vacancies = some_people(rng, 500, 3), some_vacancies(rng, 300, 3)
    index, found = PoolIndex(pool), []
    threads = [threading.Thread(target=lambda: found.append(index.rank(vacancies))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(each == by_numpy(pool, vacancies) for each in found)


def test_an_index_takes_at_most_800_bytes_a_person():
    pool, _ = market("M", seed=1)
    index = PoolIndex(pool)
    assert index.nbytes / len(pool) <= 800
    index.update(market(Size(100, 0, (60.0, 50.0), 30), seed=5)[0])
    assert len(index) == 6000


def test_without_kernels_numpy_answers_the_same(monkeypatch):
    rng = np.random.default_rng(15)
    pool, vacancies = some_people(rng, 60, 3), some_vacancies(rng, 20, 3)
    index = PoolIndex(pool)
    both, one = index.rank_both(vacancies), index.rank(vacancies, only_people=np.arange(60) < 9)
    monkeypatch.setattr(index_module.machine_code, "has_numba", lambda: False)
    assert index.rank_both(vacancies) == both
    assert index.rank(vacancies, only_people=np.arange(60) < 9) == one


def test_rank_picks_its_way_by_size_with_the_same_result():
    pool, vacancies = market(Size(2500, 900, (60.0, 50.0), 9), seed=3)
    for side in SIDES:
        same(rank(pool, vacancies, side=side, seed=2), by_numpy(pool, vacancies, side=side, seed=2))
    mask = np.arange(2500) % 3 == 0
    same(rank(pool, vacancies, only_people=mask), by_numpy(pool, vacancies, only_people=mask))


def test_importing_matching_does_not_load_numba():
    code = "import sys, matching; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_wrong_arguments_are_refused():
    rng = np.random.default_rng(16)
    pool, vacancies = some_people(rng, 5, 2), some_vacancies(rng, 3, 2)
    index = PoolIndex(pool)
    for wrong in ({"k": 0}, {"side": "persons"}, {"seed": -1}, {"threads": 0}, {"only_people": [True]}):
        for call in index.rank, lambda *a, **b: rank(pool, *a, **b):
            with pytest.raises(ValueError, match="was expected"):
                call(vacancies, **wrong)
    with pytest.raises(TypeError, match="true or false"):
        index.rank(vacancies, only_vacancies=[0, 1, 2])
    with pytest.raises(ValueError, match="block"):
        PoolIndex(pool, block=0)
    with pytest.raises(FrameworkMismatch):
        index.rank(some_vacancies(rng, 3, 3))
    with pytest.raises(FrameworkMismatch):
        index.update(some_people(rng, 3, 3))
