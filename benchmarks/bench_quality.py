"""How good the ranking is when the truth is known, for both sides, beside what people would use instead.

    python -m benchmarks.bench_quality

Gain = (nDCG@10 - random) / (feasible oracle - random): 0 is a random order, 1 the best that the scores allow. Writes
results/quality.md and .json. Sums, monotonicity and the formula are asserted.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from benchmarks import _figures as report
from benchmarks._quality_checks import DRAWS, RAISES, lowered, worst_draw, worst_sum
from benchmarks._quality_peers import PEERS
from benchmarks._top_ups import ARMS, top_ups
from benchmarks._world import PEOPLE, TRUTHS, VACANCIES, World, chances, draw_world, feasible
from matching import rank

TOP = 10
DISCOUNT = 1.0 / np.log2(np.arange(2, TOP + 2))
SIDES = ("employer", "person")
OURS = "expected ramp (ours)"
MISSTATED = 0.5
SETTING = f"""{PEOPLE} people, {VACANCIES} vacancies, 24 skills; every second person had a short test (reliability .5),
the others a long one (.8). All methods are given the same passports. Gain 0 is a random order, 1 the best order that
the scores allow (the expected chance given all of them). The four truths are ours: this is simulation, not outcomes.
"""
STATED = f"""Here importances and levels are off what the work needs: the log of an importance, and a level, by a
standard deviation of {MISSTATED}. The oracle knows what is needed; no method does.
"""
TWINS = """Everybody with a short test has an equally able twin with a long one, so an impact ratio of 1 is what is due.
"""


def orders(world: World) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return by method the best people of every vacancy and the best vacancies of every person, as rows."""
    found = {OURS: tuple(rank(world.pool, world.vacancies, k=TOP, side=side).ids for side in ("vacancies", "people"))}
    for name, score in PEERS.items():
        scores = score(world.pool, world.vacancies)
        scores = scores + 1e-9 * np.random.default_rng(0).random(scores.shape)  # ties in no order
        found[name] = tuple(np.argsort(-each, axis=1)[:, :TOP] for each in (scores.T, scores))
    return found


def gains(world: World, seed: int) -> dict[str, dict[str, list[float]]]:
    """Return the gain by method and truth, on the employer's and the person's side."""
    truth, oracle, ranked = chances(world, world.level), feasible(world, seed), orders(world)
    found: dict[str, dict[str, list[float]]] = {name: {} for name in ranked}
    for kind in TRUTHS:
        for side, turn in enumerate((True, False)):
            chance, best = (each[kind].T if turn else each[kind] for each in (truth, oracle))
            ideal = (np.sort(chance, axis=1)[:, ::-1][:, :TOP] @ DISCOUNT)[:, None]
            floor = float((chance.mean(axis=1, keepdims=True) * DISCOUNT.sum() / ideal).mean())
            top = _ndcg(chance / ideal, np.argsort(-best, axis=1)[:, :TOP])
            for name, lists in ranked.items():
                gain = (_ndcg(chance / ideal, lists[side]) - floor) / (top - floor)
                found[name].setdefault(kind, []).append(gain)
    return found


def _ndcg(worth: np.ndarray, ids: np.ndarray) -> float:
    return float((np.take_along_axis(worth, ids.astype(int), axis=1) @ DISCOUNT).mean())


def run(seeds: list[int]) -> dict[str, Any]:
    """Return everything that was measured, by seed."""
    runs = []
    for seed in seeds:
        world, rng = draw_world(seed), np.random.default_rng([seed, 9])
        exact = {
            "sums": worst_sum(world, rng),
            "fits that fell": lowered(world, rng),
            "formula": worst_draw(world, rng),
        }
        run = {"gains": gains(world, seed), "top-ups": top_ups(draw_world(seed, twins=True), seed), "exact": exact}
        runs.append(run | {"gains, misstated": gains(draw_world(seed, MISSTATED), seed)})
    return {"machine": report.machine(), "seeds": seeds, "runs": runs}


def gain_table(runs: list[dict[str, Any]], which: str) -> str:
    """Return the gains of all methods: medians by truth, and means over the truths with their ranges."""
    rows = []
    for name in runs[0][which]:
        found = np.array([[each[which][name][kind] for kind in TRUTHS] for each in runs])  # (seeds, truths, sides)
        cells = [" / ".join(f"{value:.2f}" for value in pair) for pair in np.median(found, axis=0)]
        rows.append([name, *cells, *(_shown(list(means)) for means in found.mean(axis=1).T)])
    return report.table(["method", *TRUTHS, "mean, employer", "mean, person"], rows)


def tell(results: dict[str, Any]) -> str:
    """Return the results as text."""
    runs = results["runs"]
    arms = [
        [arm, *(_shown([each["top-ups"][arm][what] for each in runs]) for what in ("impact ratio", "mean chance"))]
        for arm in ARMS
    ]
    exact = {what: max(each["exact"][what] for each in runs) for what in runs[0]["exact"]}
    checked = (
        f"Largest difference of contributions and fit: {exact['sums']:.1e}. Fits that fell in {RAISES:,} raises of a "
        f"level: {exact['fits that fell']}. Formula against {DRAWS:,} draws: {exact['formula']:.1e}.\n"
    )
    parts = [
        "# Quality of the ranking against known truth\n",
        f"Seeds {results['seeds']}; medians, ranges in brackets.\n",
        SETTING,
        "## Normalised gain, employer's side / person's side\n",
        gain_table(runs, "gains"),
        "## The same where vacancies state badly what they need\n",
        STATED,
        gain_table(runs, "gains, misstated"),
        "## Short tests: selection of the best 10 % of each vacancy, equal true levels\n",
        TWINS,
        report.table(["passports", "impact ratio, short to long", "mean chance of the selected"], arms),
        "## Exactness\n",
        checked,
    ]
    return "\n".join(parts)


def _shown(values: list[float]) -> str:
    return report.shown(report.spread(values), digits=3)


def main() -> None:
    """Measure, check and write results/quality."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    results = run(parser.parse_args().seeds)
    text = tell(results)
    report.write("quality", results, text)
    print(text)


if __name__ == "__main__":
    main()
