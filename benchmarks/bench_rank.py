"""Exact top-k with gates against what people would use instead: python -m benchmarks.bench_rank --size M.

Every contestant gets all cores and the same table of scores; the time of a peer is what it takes to find who is
eligible, by our bits and an exact distance, and to rank them. "mask free" is that time without the first half. Answers
are checked against ours: the same ids wherever two fits differ by more than that peer's own rounding.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Any

import numpy as np

from benchmarks import _figures as report
from benchmarks._markets import SIZES, market
from benchmarks._masks import Masks
from benchmarks._peers import CORES, PEERS, Problem
from matching import PoolIndex
from matching.index import compile_kernels

OURS = "PoolIndex"
RUNS = 3  # of which the median counts
ONE_SUM = 3e-7  # what float32 sums of 12 products differ by in another order
ROUNDING = {"scikit-learn": 1e-5}  # its float32 distances lose digits that inner products keep
SAMPLE = {"S": 200, "M": 2_000, "L": 200}  # vacancies the peers are asked about
SLOW_ALONE = {"scikit-learn", "DuckDB"}  # one vacancy at a time is not what they are for
HOW = """How many times longer than PoolIndex takes: median (range) over the seeds. Peers are given the table of scores
and the bits of the gates; *mask free* leaves out the time in which they find who is eligible.
"""
SHARES = {"at most 1 % eligible": (0.0, 0.01), "5 to 25 % eligible": (0.05, 0.25)}


def timed(work: Callable[[], Any], times: int = RUNS) -> tuple[float, Any]:
    """Return the median seconds of some runs, as many for every contestant, and the answer."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        answer = work()
        taken.append(time.perf_counter() - start)
    return median(taken), answer


def agree(it: Problem, name: str, vacancies: np.ndarray, ours: np.ndarray, theirs: np.ndarray) -> int:
    """Return how many lists name other people; raise AssertionError where that is not the rounding of their fits."""
    others = 0
    for vacancy, one, other in zip(vacancies, ours, theirs, strict=True):
        assert (one >= 0).sum() == (other >= 0).sum(), (name, vacancy)
        differ = one != other
        if differ.any():
            others += 1
            fits = [it.table[part[differ]].astype(np.float64) @ it.weights[vacancy] for part in (one, other)]
            np.testing.assert_allclose(*fits, rtol=0, atol=ROUNDING.get(name, ONE_SUM), err_msg=name)
    return others


def batch(it: Problem, index: PoolIndex, vacancies: np.ndarray, masks: Masks) -> dict[str, float]:
    """Return seconds a vacancy of everybody, and of the mask alone."""
    whole, some = len(vacancies), it.vacancies.take(vacancies)
    index.rank(some, k=it.k)
    seconds, ranking = timed(lambda: index.rank(some, k=it.k))
    found = {OURS: seconds / whole}
    ids = ranking.ids.astype(np.int64)
    rows: dict[int, np.ndarray] = {}

    def fill() -> None:
        with ThreadPoolExecutor(CORES) as pool:
            rows.update(zip(map(int, vacancies), pool.map(masks.rows, map(int, vacancies)), strict=True))

    mask_seconds, _ = timed(fill)
    found["mask"] = mask_seconds / whole
    it.eligible = rows.__getitem__
    for name, prepare in PEERS.items():
        ask = prepare(it)
        ask(vacancies[:4])
        seconds, answer = timed(lambda ask=ask: ask(vacancies))
        found[f"{name}, other lists"] = agree(it, name, vacancies, ids, answer) / whole
        found[name] = seconds / whole
    return found


def alone(it: Problem, index: PoolIndex, masks: Masks, some: np.ndarray) -> dict[str, float]:
    """Return median seconds of one vacancy at a time."""
    ones = [it.vacancies.take([vacancy]) for vacancy in some]
    for one in ones[:3]:
        index.rank(one, k=it.k)
    runs = [timed(lambda one=one: index.rank(one, k=it.k)) for one in ones]
    found = {OURS: float(np.median([seconds for seconds, _ in runs]))}
    masked = [timed(lambda vacancy=vacancy: masks.rows(int(vacancy))) for vacancy in some]
    found["mask"] = float(np.median([seconds for seconds, _ in masked]))
    rows = {int(vacancy): ids for vacancy, (_, ids) in zip(some, masked, strict=True)}
    it.eligible = rows.__getitem__
    for name, prepare in PEERS.items():
        if name in SLOW_ALONE:
            continue
        ask = prepare(it)
        ask(some[:1])
        answers = [timed(lambda vacancy=vacancy, ask=ask: ask(np.array([vacancy]))) for vacancy in some]
        ids = np.concatenate([ranking.ids for _, ranking in runs]).astype(np.int64)
        agree(it, name, some, ids, np.concatenate([answer for _, answer in answers]))
        found[name] = float(np.median([seconds for seconds, _ in answers]))
    return found


def dense(it: Problem, vacancies: int = 512) -> float:
    """Return seconds a vacancy of the single-precision product alone, scores of everybody, on all cores."""
    turned = np.ascontiguousarray(it.table.T)
    out = np.empty((vacancies, len(it.table)), np.float32)
    weights = it.weights[:vacancies]
    seconds, _ = timed(lambda: np.matmul(weights, turned, out=out))
    return seconds / vacancies


def run(size: str, seeds: list[int]) -> dict[str, Any]:
    """Return everything that was measured, by seed."""
    compile_kernels()
    results: dict[str, Any] = {"machine": report.machine(), "size": size, "seeds": seeds, "load": [], "runs": []}
    for seed in seeds:
        results["load"].append(report.load())
        pool, vacancies = market(size, seed)
        index, masks = PoolIndex(pool), Masks(pool, vacancies)
        it = Problem(pool, vacancies, masks.rows)
        rng = np.random.default_rng(seed)
        some = np.arange(len(vacancies))
        if SAMPLE[size] < len(vacancies):
            some = np.sort(rng.choice(len(vacancies), SAMPLE[size], replace=False))
        one: dict[str, Any] = {"batch": batch(it, index, some, masks)}
        one["dense product"] = dense(it) if size != "S" else dense(it, 200)
        if size == "L":
            one["whole"], _ = timed(lambda index=index, vacancies=vacancies: index.rank(vacancies))
            one["alone"] = _alone_by_share(it, index, masks, rng)
        results["runs"].append(one)
    return results


def _alone_by_share(it: Problem, index: PoolIndex, masks: Masks, rng: np.random.Generator) -> dict[str, Any]:
    looked_at = rng.choice(len(it.vacancies), 400, replace=False)
    share = np.array([len(masks.rows(int(vacancy))) for vacancy in looked_at]) / len(it.pool)
    groups = {name: looked_at[(share > low) & (share <= high)][:15] for name, (low, high) in SHARES.items()}
    return {name: alone(it, index, masks, some) for name, some in groups.items() if len(some)}


def tell(results: dict[str, Any]) -> tuple[str, dict[str, dict[str, float]]]:
    """Return the results as text, and the ratios of the batch for the picture."""
    machine, runs, size = results["machine"], results["runs"], results["size"]
    it = SIZES[size]
    text = [
        f"# Exact top-20 with gates, size {size}: {it.people:,} people, {it.vacancies:,} vacancies\n",
        f"{machine['processor']}, {machine['cores']} cores, all of them for every contestant. Seeds "
        f"{results['seeds']}; load before each: {results['load']}. "
        + ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
        + ".\n",
        HOW,
    ]
    part, ratios = _ratios([each["batch"] for each in runs])
    whole = f" ({SAMPLE[size]} sampled vacancies)" if SAMPLE[size] < it.vacancies else ""
    text.append(f"## All vacancies in one call{whole}\n\n{part}")
    if "whole" in runs[0]:
        product = [each["dense product"] * it.vacancies / each["whole"] for each in runs]
        seconds = report.spread([each["whole"] for each in runs])
        ratio = report.shown(report.spread(product))
        text.append(
            f"All {it.vacancies:,} vacancies: {report.shown(seconds)} s. The dense product alone, scaled up from 512, "
            f"takes {ratio} times as long.\n"
        )
    for name in runs[0].get("alone", {}):
        some = [each["alone"][name] for each in runs if name in each["alone"]]
        text.append(f"## One vacancy, {name}\n\n{_ratios(some)[0]}")
    return "\n".join(text), ratios


def _ratios(runs: list[dict[str, float]]) -> tuple[str, dict[str, dict[str, float]]]:
    rows, ratios = [], {}
    for name in runs[0]:
        if name not in PEERS:
            continue
        ratios[name] = report.spread([(each[name] + each["mask"]) / each[OURS] for each in runs])
        free = report.spread([each[name] / each[OURS] for each in runs])
        other = [each.get(f"{name}, other lists") for each in runs]
        share = "" if None in other else f"{np.median(other):.1%}"
        rows.append([name, report.shown(ratios[name]), report.shown(free), share])
    ours = report.spread([each[OURS] for each in runs])
    rows.append([f"{OURS} itself", f"{report.shown(ours, 1e6)} µs a vacancy", "", ""])
    return report.table(["contestant", "times ours", "mask free", "lists that differ by rounding"], rows), ratios


def main() -> None:
    """Measure, check and write results/rank_<size>."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=list(SIZES), default="M")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    given = parser.parse_args()
    results = run(given.size, given.seeds)
    text, ratios = tell(results)
    report.write(
        f"rank_{given.size}", results, text, report.bars(f"Times longer than PoolIndex, {given.size}", ratios, "x")
    )
    print(text)


if __name__ == "__main__":
    main()
