from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from matching import PoolIndex, _layout, _machine_code
from matching._asks import asks
from matching._blocks import LANES, NEVER
from matching._shifts import Roster, Shift, shifts
from matching.fit import all_fits, level_table
from matching.index import compile_kernels
from tests.matching.markets import markets, some_people, some_vacancies

some = settings(max_examples=60, deadline=None, derandomize=True)


def bound(shares, jobs, job):
    """The bound of everybody for one vacancy, in whole numbers that cannot overflow."""
    entries = range(jobs.firsts[job], jobs.firsts[job + 1])
    products = [shares[jobs.heavy[entry]].astype(np.int64) * int(jobs.weights[entry]) >> 8 for entry in entries]
    return len(entries) + np.sum(products, axis=0)


@some
@given(markets(people=30, vacancies=20))
def test_a_bound_is_never_below_its_fit_nor_beyond_16_bits(market):
    pool, vacancies = market
    table = level_table(pool.mean, pool.sd)
    jobs, scale = asks(vacancies, vacancies.requirements, 3, np.arange(len(vacancies)))
    fits = all_fits(table, vacancies.band, vacancies.importance)
    for job, row in enumerate(jobs.rows):
        if jobs.firsts[job] < jobs.firsts[job + 1]:
            found = bound(_layout.in_255ths(table), jobs, job)
            assert np.all(found >= np.ceil(fits[row].astype(np.float64) * scale))
            assert np.all(found < NEVER)


def test_a_bound_is_close_to_its_fit():
    rng = np.random.default_rng(1)
    pool, vacancies = some_people(rng, 500, 24, gates=False), some_vacancies(rng, 50, 24, gates=False)
    table = level_table(pool.mean, pool.sd)
    jobs, scale = asks(vacancies, None, 0, np.arange(50))
    fits = all_fits(table, vacancies.band, vacancies.importance)
    asked = [job for job in range(50) if jobs.firsts[job] < jobs.firsts[job + 1]]
    slack = [bound(_layout.in_255ths(table), jobs, job) / scale - fits[jobs.rows[job]] for job in asked]
    assert np.mean(slack) < 0.003


@pytest.mark.parametrize("skills", [1, 2, 7, 24])
def test_64_bounds_at_once_are_what_they_are_one_at_a_time(skills):
    from numba import njit

    from matching._lanes import bounded

    @njit
    def at_once(*given):
        return bounded(*given)

    rng = np.random.default_rng(skills)
    pool, vacancies = some_people(rng, LANES, skills, gates=False), some_vacancies(rng, 30, skills, gates=False)
    shares = _layout.in_255ths(level_table(pool.mean, pool.sd))
    jobs, _ = asks(vacancies, None, 0, np.arange(30))
    for job in range(30):
        first, last = jobs.firsts[job], jobs.firsts[job + 1]
        if first == last:
            continue
        expected = bound(shares, jobs, job)
        limits = rng.integers(0, 65536, LANES).astype(np.uint16)
        limit, among = np.uint16(rng.choice(expected)), rng.random(LANES) < 0.5
        place = jobs.heavy, jobs.weights, first, jobs.middles[job], last, jobs.rests[job], limit, limits, 0
        bits = np.packbits(among, bitorder="little").view(np.uint64)[0]
        found = int(at_once(shares.ravel(), 0, LANES, *place, bits))
        reached = among & (expected >= np.minimum(limit, limits))
        assert [found >> lane & 1 for lane in range(LANES)] == reached.tolist()


@some
@given(markets(people=80, vacancies=10))
def test_bits_and_balls_let_everybody_through_whom_the_gates_let_through(market):
    from matching.gates import judge

    pool, vacancies = market
    if pool.attributes is None or not len(pool):
        return
    blocks = PoolIndex(pool, block=64)._layouts[0]
    jobs, _ = asks(vacancies, vacancies.requirements, 3, np.arange(len(vacancies)))
    passed = judge(pool.attributes, vacancies.requirements)[0]
    lanes = np.unpackbits(blocks.planes.view(np.uint8), axis=2, bitorder="little").astype(bool)
    for job, vacancy in enumerate(jobs.rows):
        rows = jobs.gates[jobs.gate_firsts[job] : jobs.gate_firsts[job + 1]]
        through = lanes[:, rows].all(axis=1) & lanes[:, _layout.EVERYBODY]
        far = ((jobs.places[job] - blocks.reach[:, :, :3]) ** 2).sum(axis=2) > blocks.reach[:, :, 3]
        far &= not jobs.everywhere[job]
        through &= ~far[:, :1] & ~np.repeat(far[:, 1:], LANES, axis=1)
        assert passed[blocks.rows[~through & (blocks.rows >= 0)], vacancy].sum() == 0


def test_kernels_are_compiled_once_and_kept(tmp_path, caplog):
    code = (
        "import logging, sys; from pathlib import Path\n"
        "logging.basicConfig(level=logging.INFO, format='%(message)s', stream=sys.stdout)\n"
        "from matching.index import compile_kernels, machine_code\n"
        "print(machine_code.ready(Path(sys.argv[1])))\n"
        "compile_kernels(Path(sys.argv[1]))\n"
        "print(machine_code.ready(), len(machine_code.kernels().scan.signatures))\n"
    )
    first, second = (
        subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    )
    assert first.startswith("False\ncompiling the matching kernels, once")
    assert second == "True\nTrue 1\n"


def test_kernels_have_one_signature_whatever_they_are_asked():
    compile_kernels()
    rng = np.random.default_rng(2)
    for people, skills, gates in (0, 1, True), (70, 3, False), (70, 24, True):
        PoolIndex(some_people(rng, people, skills, gates=gates)).rank_both(some_vacancies(rng, 9, skills, gates=gates))
    assert len(_machine_code.kernels().scan.signatures) == 1


def test_a_folder_that_cannot_be_written_to_is_passed_over(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "named"))
    _machine_code.kept_in.cache_clear()
    try:
        assert _machine_code.kept_in(blocked).parent == tmp_path / "named"
        assert _machine_code.kept_in(tmp_path / "given").parent == tmp_path / "given"
    finally:
        _machine_code.kept_in.cache_clear()


def test_shifts_cover_every_pair_once():
    for layouts, jobs, k, threads in ([(3, 128), (1, 64)], 700, 20, 2), ([(98, 4096)], 1, 20, 2), ([(0, 64)], 9, 1, 1):
        plan = shifts(layouts, jobs, k, threads)
        seen = [np.zeros((blocks, jobs), int) for blocks, _ in layouts]
        for shift in plan:
            seen[shift.layout][slice(*shift.blocks), slice(*shift.jobs)] += 1
        assert all((each == 1).all() for each in seen)
        assert sum(shift.pairs for shift in plan) == sum(blocks * lanes * jobs for blocks, lanes in layouts)


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_in_one_thread_stops_all_and_comes_out(threads):
    plan = [Shift(0, (block, block + 1), (0, 1), 1) for block in range(50)]
    done = []

    def work(shift):
        if shift.blocks[0] == 5:
            raise ZeroDivisionError
        done.append(shift)

    with pytest.raises(ZeroDivisionError):
        Roster(plan, work, jobs=True, people=True).run(threads, None)
    assert len(done) < 50


def test_whoever_stays_within_the_ball_of_a_word_is_welcome_and_nobody_else():
    rng = np.random.default_rng(3)
    pool = some_people(rng, 128, 2)
    blocks = PoolIndex(pool)._layouts[0]
    slots = np.flatnonzero(blocks.rows.ravel() >= 0)
    places = blocks.places.reshape(-1, 4)[slots]
    known = ~np.isnan(places).any(axis=1)
    nearer = places * [1.0, 1.0, 1.0, 0.81]
    assert _layout.welcome(blocks, slots, nearer)[known & (places[:, 3] > 0)].all()
    finite = np.isfinite(blocks.reach[0, 1 + slots // LANES, 3])
    assert not _layout.welcome(blocks, slots, places * [-1.0, -1.0, -1.0, 1.0])[known & finite].any()


def test_the_messages_of_the_package_go_to_its_own_logger():
    assert _machine_code.log is logging.getLogger("matching")
    assert Path(_machine_code.__file__).parent == _machine_code.HERE
