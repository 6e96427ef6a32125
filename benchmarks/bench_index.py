"""The index itself: building, changing, both sides, memory, first answer: python -m benchmarks.bench_index --size L.

Checked on the way: one thread and several give the same; a sample of the vacancies gives what numpy gives, both sides;
after updates and removals the index ranks as a fresh one does.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import _figures as report
from benchmarks._markets import SIZES, market
from matching import PoolIndex, Vacancies, rank
from matching.gates import BLOCK
from matching.index import compile_kernels

WAYS = {"kernels, not compiled yet": "kernels", "kernels, compiled before": "kernels", "numpy": "-"}
SAMPLED = 500
PART = 100  # people in an update

FIRST_ANSWER = """
import json, sys, time
start = time.perf_counter()
import matching
imported = time.perf_counter()
from matching.index import compile_kernels
if sys.argv[1] == "kernels":
    compile_kernels()
kernels = time.perf_counter()
from benchmarks._markets import market
pool, vacancies = market("S", 1)
made = time.perf_counter()
if sys.argv[1] == "kernels":
    matching.PoolIndex(pool).rank(vacancies)
else:
    matching.rank(pool, vacancies)
answered = time.perf_counter()
seconds = {"import": imported - start, "kernels": kernels - imported, "answer": answered - made}
print(json.dumps(seconds | {"total": answered - start - (made - kernels)}))
"""


def seconds(work: Callable[[], Any], times: int = 1) -> tuple[list[float], Any]:
    """Return how long each of some runs took, and the last answer."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        answer = work()
        taken.append(time.perf_counter() - start)
    return taken, answer


def first_answers() -> dict[str, dict[str, float]]:
    """Return what a fresh process spends until its first answer at S: cache empty, cache warm, and by numpy."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, how in (
            ("kernels, not compiled yet", "kernels"),
            ("kernels, compiled before", "kernels"),
            ("numpy", "-"),
        ):
            command = [sys.executable, "-c", FIRST_ANSWER, how]
            environment = {"NUMBA_CACHE_DIR": folder, "PATH": "/usr/bin:/bin"}
            run = subprocess.run(
                command, env=environment, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True
            )
            found[name] = json.loads(run.stdout)
    return found


def changes(index: PoolIndex, size: str, seed: int, vacancies: Vacancies) -> dict[str, float]:
    """Return median seconds of updates and removals of 100 people; half of the updated ones are new."""
    others = market(SIZES[size]._replace(vacancies=1), seed + 1000)[0]
    rng, updates, removals = np.random.default_rng(seed), [], []
    for turn in range(5):
        known = others.take(rng.choice(len(others), PART // 2, replace=False))
        fresh = others.take(rng.choice(len(others), PART // 2, replace=False))
        fresh = type(fresh)(
            [f"new-{turn}-{row}" for row in range(PART // 2)], fresh.skills, fresh.mean, fresh.sd, fresh.attributes
        )
        part = known + fresh
        updates += seconds(lambda part=part: index.update(part))[0]
        gone = [index.people[row] for row in rng.choice(len(index), PART, replace=False)]
        removals += seconds(lambda gone=gone: index.remove(gone))[0]
    assert index.rank(vacancies) == PoolIndex(index.pool).rank(vacancies)
    return {"update": float(np.median(updates)), "remove": float(np.median(removals))}


def one(size: str, seed: int) -> dict[str, Any]:
    """Return everything measured for one seed."""
    pool, vacancies = market(size, seed)
    found: dict[str, Any] = {"load": report.load()}
    built, index = seconds(lambda: PoolIndex(pool), 3)
    found |= {"build": float(np.median(built)), "bytes a person": index.nbytes / len(pool)}
    index.rank(vacancies.take([0]))
    taken, ranking = seconds(lambda: index.rank(vacancies), 3)
    found["one side"] = float(np.median(taken))
    taken, both = seconds(lambda: index.rank_both(vacancies), 3)
    found |= {
        "both sides": float(np.median(taken)),
        "peak bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    assert both[0] == ranking == index.rank(vacancies, threads=1)
    some = vacancies.take(
        np.random.default_rng(seed).choice(len(vacancies), min(SAMPLED, len(vacancies)), replace=False)
    )
    assert index.rank_both(some) == tuple(rank(pool, some, side=side, block=BLOCK) for side in ("vacancies", "people"))
    return found | changes(index, size, seed, some)


def tell(results: dict[str, Any]) -> str:
    """Return the results as text."""
    runs, machine = results["runs"], results["machine"]
    it = SIZES[results["size"]]
    rows = [
        ["building, of one batch", _shown([each["build"] / each["one side"] for each in runs])],
        ["both sides, of one side", _shown([each["both sides"] / each["one side"] for each in runs])],
        ["bytes a person, beside the pool", _shown([each["bytes a person"] for each in runs], 4)],
        ["peak memory of the process, GB", _shown([each["peak bytes"] / 1e9 for each in runs])],
        [f"update of {PART} people, ms", _shown([each["update"] * 1e3 for each in runs])],
        [f"removal of {PART} people, ms", _shown([each["remove"] * 1e3 for each in runs])],
        ["building, s", _shown([each["build"] for each in runs])],
        ["batch, one side, s", _shown([each["one side"] for each in runs])],
    ]
    first = [
        [name, *(f"{each[part]:.2f}" for part in ("import", "kernels", "answer", "total"))]
        for name, each in results["first answers"].items()
    ]
    about = (
        f"{machine['processor']}, {machine['cores']} cores. Seeds {results['seeds']}; load before each: "
        f"{[each['load'] for each in runs]}. Median (range) over the seeds.\n"
    )
    title = f"# PoolIndex, size {results['size']}: {it.people:,} people, {it.vacancies:,} vacancies, k = 20\n"
    told = [title, about, report.table(["what", "median (range)"], rows)]
    told += ["Seconds of a fresh process until its first answer at size S:\n"]
    return "\n".join([*told, report.table(["way", "import", "kernels", "answer", "total"], first)])


def _shown(values: list[float], digits: int = 3) -> str:
    return report.shown(report.spread(values), digits=digits)


def main() -> None:
    """Measure, check and write results/index_<size>."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=list(SIZES), default="L")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    given = parser.parse_args()
    compile_kernels()
    results: dict[str, Any] = {"machine": report.machine(), "size": given.size, "seeds": given.seeds}
    results["first answers"] = first_answers()
    results["runs"] = [one(given.size, seed) for seed in given.seeds]
    text = tell(results)
    report.write(f"index_{given.size}", results, text)
    print(text)


if __name__ == "__main__":
    main()
