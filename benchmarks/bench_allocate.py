"""Placing many people: the seat auction beside min-cost flow, stability, and lists that do not crowd.

    python -m benchmarks.bench_allocate --size L

Both contestants are given the same options (everybody's 20 best of a simulated market) and answer which are used.
Asserted: no seat twice, the certified bound above both totals, the gap, no blocking pair. Writes results/allocate.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

from benchmarks import _figures as report
from benchmarks._caseload import ARMS, FIGURES, PEOPLE, VACANCIES, K, caseload
from benchmarks._markets import SIZES, market
from matching import Pool, PoolIndex, Ranking, Vacancies, allocate
from matching._market import best_total, market_of, turns, worth
from matching.allocate import GAP

OPTIONS = 20
SEATS, SHARES = (1, 2, 3, 4, 6, 10), (0.58, 0.20, 0.10, 0.06, 0.04, 0.02)
GRID = 1e6  # min-cost flow counts in whole numbers
CERTIFIED = 1e-3
PLACED = """One place a person at most. Times longer than the seat auction, both from the options to the edges used,
including what each needs to lay them out. The gap is certified by prices: no placement is better by more.
"""
CROWDED = f"""{PEOPLE} people, {VACANCIES} vacancies, {K} options each. Everybody applies to her whole list; vacancies
take who fits best of those it would work out with.
"""


def problem(size: str, seed: int) -> tuple[Pool, Vacancies, Ranking]:
    """Return a market with several seats a vacancy, and everybody's best options."""
    pool, jobs = market(size, seed)
    seats = np.random.default_rng([seed, 6]).choice(SEATS, len(jobs), p=SHARES)
    jobs = Vacancies(jobs.vacancies, jobs.skills, jobs.band, jobs.importance, seats, jobs.requirements)
    return pool, jobs, PoolIndex(pool).rank(jobs, k=OPTIONS, side="people")


def by_auction(pool: Pool, vacancies: Vacancies, options: Ranking) -> tuple[float, float]:
    """Return the total of the seat auction and the bound it certifies."""
    edges = market_of(options, worth(options), vacancies.seats.astype(np.int64), turns(pool, 0))
    best = best_total(edges, 1, GAP)
    taken = np.bincount(edges.vacancy[best.holds], minlength=len(vacancies))
    assert (taken <= vacancies.seats).all()
    assert np.bincount(edges.person[best.holds]).max() == 1
    return float(edges.value[best.holds].sum()), best.bound


def by_flow(pool: Pool, vacancies: Vacancies, options: Ranking) -> tuple[float, float]:
    """Return the total of OR-Tools' min-cost flow, and the seconds of its solver alone."""
    from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

    used = options.ids >= 0
    person, vacancy, value = np.nonzero(used)[0], options.ids[used], worth(options)[used]
    people, jobs, edges = len(pool), len(vacancies), len(value)
    source, sink = people + jobs, people + jobs + 1
    tail = np.concatenate([np.full(people, source), person, people + np.arange(jobs), [source]])
    head = np.concatenate([np.arange(people), people + vacancy, np.full(jobs, sink), [sink]])
    room = np.concatenate([np.ones(people + edges), vacancies.seats, [people]])
    cost = np.concatenate([np.zeros(people), -np.round(value * GRID), np.zeros(jobs + 1)])
    flow = SimpleMinCostFlow()
    kinds = np.int32, np.int32, np.int64, np.int64
    arcs = flow.add_arcs_with_capacity_and_unit_cost(
        *(part.astype(kind) for part, kind in zip((tail, head, room, cost), kinds, strict=True))
    )
    flow.set_nodes_supplies(np.array([source, sink], np.int32), np.array([people, -people], np.int64))
    start = time.perf_counter()
    assert flow.solve() == flow.OPTIMAL
    seconds = time.perf_counter() - start
    return float(value[flow.flows(arcs)[people : people + edges] > 0].sum()), seconds


def one(size: str, seed: int) -> dict[str, float]:
    """Return everything measured for one seed."""
    pool, vacancies, options = problem(size, seed)
    found: dict[str, float] = {"load": report.load(), "edges": float((options.ids >= 0).sum())}
    start = time.perf_counter()
    total, bound = by_auction(pool, vacancies, options)
    found["auction"] = time.perf_counter() - start
    start = time.perf_counter()
    optimum, found["flow, solver alone"] = by_flow(pool, vacancies, options)
    found["flow"] = time.perf_counter() - start
    assert total <= bound
    assert optimum <= bound + len(pool) / GRID
    found |= {"gap": 1.0 - total / bound, "below the optimum": 1.0 - total / optimum}
    assert found["gap"] <= CERTIFIED
    start = time.perf_counter()
    stable = allocate(pool, vacancies, options=options, method="stable")
    found["stable, with bound and report"] = time.perf_counter() - start
    assert stable.blocking_pairs == 0
    best = allocate(pool, vacancies, options=options)
    return found | {
        "price of stability": 1.0 - stable.total / optimum,
        "blocking pairs of the best total": float(best.blocking_pairs),
        "seats filled": best.seats_filled,
    }


def run(size: str, seeds: list[int]) -> dict[str, Any]:
    """Return everything that was measured, by seed."""
    small = problem("S", 1)
    for method in ("fit", "stable"):  # compiles what is not compiled yet
        allocate(*small[:2], options=small[2], method=method)
    results = {"machine": report.machine(), "size": size, "seeds": seeds}
    return results | {"runs": [one(size, seed) for seed in seeds], "caseloads": [caseload(seed) for seed in seeds]}


def tell(results: dict[str, Any]) -> str:
    """Return the results as text."""
    runs, loads, machine, size = results["runs"], results["caseloads"], results["machine"], SIZES[results["size"]]
    rows = [
        ["min-cost flow, times the auction", _shown([each["flow"] / each["auction"] for each in runs])],
        ["its solver alone", _shown([each["flow, solver alone"] / each["auction"] for each in runs])],
        ["certified gap, %", _shown([each["gap"] * 100 for each in runs])],
        ["below the optimum of min-cost flow, %", _shown([each["below the optimum"] * 100 for each in runs])],
        ["stable: total below the optimum, %", _shown([each["price of stability"] * 100 for each in runs])],
        ["stable: blocking pairs", "0"],
        ["best total: blocking pairs", _shown([each["blocking pairs of the best total"] for each in runs])],
        ["options, millions", _shown([each["edges"] / 1e6 for each in runs])],
        ["seats filled", _shown([each["seats filled"] for each in runs])],
        ["seat auction, s", _shown([each["auction"] for each in runs])],
    ]
    arms = [[arm, *(_shown([each[arm][figure] for each in loads]) for figure in FIGURES)] for arm in ARMS]
    ours = [each[ARMS[2]] for each in loads]
    given_up, gap, full = (_shown([each[what] for each in ours]) for what in ("fit given up", "gap", "full lists"))
    about = f"{machine['processor']}, {machine['cores']} cores. Seeds {results['seeds']}; load before each: "
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    parts = [
        f"# Placing {size.people:,} people over {OPTIONS} options each among {size.vacancies:,} vacancies\n",
        f"{about}{[each['load'] for each in runs]}. {versions}. Median (range) over the seeds.\n",
        PLACED,
        report.table(["what", "median (range)"], rows),
        "## Lists for a caseload\n",
        CROWDED,
        report.table(["lists", *FIGURES], arms),
        f"Capped lists give up {given_up} of mean fit; certified gap {gap}; share of full lists {full}.\n",
    ]
    return "\n".join(parts)


def _shown(values: list[float]) -> str:
    return report.shown(report.spread(values), digits=3)


def main() -> None:
    """Measure, check and write results/allocate_<size>."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=list(SIZES), default="L")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    given = parser.parse_args()
    results = run(given.size, given.seeds)
    text = tell(results)
    report.write(f"allocate_{given.size}", results, text)
    print(text)


if __name__ == "__main__":
    main()
