"""The assessment's promises, measured: `python -m benchmarks.bench_assessment [--quick]`.

Peers run in the same process on the same data: catsim for a one-skill adaptive test, girth for calibration. People are
simulated from the model itself, so this shows arithmetic and design, not validity. Correctness is asserted, time is
not. Writes benchmarks/results/assessment.md and .json. Needs the extra `bench`.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # two cores: more threads make the small products slower

import argparse
import time
import warnings
from dataclasses import replace

import numpy as np

from benchmarks._results import write
from passport import RULES, GradedCalibration, ItemBank, begin, choose, load_framework, load_items, observe
from passport.adaptive import select
from passport.framework import cluster_correlation
from passport.model import probabilities
from passport.one_skill import OneSkillTest, Tables, run
from passport.posterior import Posterior, absorb, settle

SEED = 20_261
TARGET = RULES.target


def people(count, correlation, seed=SEED):
    return np.random.default_rng(seed).multivariate_normal(np.zeros(len(correlation)), correlation, size=count)


def grade(rng, bank, rows, true):
    chance = probabilities(np.einsum("ps,ps->p", true, bank.slopes[rows]), bank.offset[rows])
    return np.sum(rng.random((len(rows), 1)) >= chance.cumsum(axis=1)[:, :-1], axis=1)


def joint(bank, framework, true, correlation, most=90, best=RULES.best, seed=SEED):
    """The engine on everybody at once; returns items needed until every skill is sure, and means and sds then."""
    rng, count = np.random.default_rng(seed), len(true)
    rules = replace(RULES, most_items=most, best=best)
    mean, covariance = np.zeros_like(true), np.repeat(correlation[None], count, axis=0)
    asked, owned = np.zeros((count, len(bank.items)), bool), np.zeros(true.shape, bool)
    rows, grades, needed = np.full((count, most), -1), np.full((count, most), -1), np.full(count, most)
    running = np.ones(count, bool)
    for position in range(most):
        at = np.flatnonzero(running)
        if not len(at):
            break
        item = select(mean[at], covariance[at], bank, framework, asked[at], owned[at], rng.random(len(at)), rules=rules)
        given = grade(rng, bank, item, true[at])
        mean[at], covariance[at] = absorb(mean[at], covariance[at], bank.slopes[item], bank.offset[item], given)
        asked[at, item], owned[at, bank.main_skill[item]] = True, True
        rows[at, position], grades[at, position] = item, given
        sure = np.sqrt(np.einsum("pss->ps", covariance[at])).max(axis=1) <= TARGET
        done = at[sure & owned[at].all(axis=1)]
        needed[done], running[done] = position + 1, False
    start = Posterior(np.zeros(true.shape[1]), correlation)
    mean, covariance, _ = settle(start, bank.slopes[rows], bank.offset[rows], grades)
    return needed, mean, np.sqrt(np.einsum("pss->ps", covariance))


def _tables(bank, skills):
    """The items of every skill and their tables, as if nothing else were measured."""
    own = [np.flatnonzero(bank.main_skill == skill) for skill in range(skills)]
    return own, [Tables(bank.slopes[rows, skill], bank.steps[rows]) for skill, rows in enumerate(own)]


def fixed(bank, true, seed=SEED):
    """One form for everybody: skill by skill in turn, the most informative items first, every skill scored by itself.

    Returns after how many items of the form all skills of a person are sure.
    """
    rng, (own, tables) = np.random.default_rng(seed), _tables(bank, true.shape[1])
    best = [np.argsort(-(table.information @ table.prior)) for table in tables]
    needed = []
    for person in true:
        tests, asked = [OneSkillTest(table) for table in tables], 0
        for turn in range(min(map(len, own))):
            for skill, test in enumerate(tests):
                if max(test.sd for test in tests) > TARGET:
                    test.item, asked = int(best[skill][turn]), asked + 1
                    test.answer(int(grade(rng, bank, own[skill][[test.item]], person[None])[0]))
        needed.append(asked)
    return np.array(needed)


def separate(bank, true, seed=SEED):
    """24 adaptive tests of one skill each; the least sure skill goes on. Returns items needed until all are sure."""
    rng, (own, tables) = np.random.default_rng(seed), _tables(bank, true.shape[1])
    needed = []
    for person in true:
        tests = [OneSkillTest(table) for table in tables]
        while (skill := max(range(len(tests)), key=lambda s: tests[s].sd)) is not None:
            test = tests[skill]
            if test.sd <= TARGET or test.items == len(own[skill]):
                break
            test.answer(int(grade(rng, bank, own[skill][[test.item]], person[None])[0]))
        needed.append(sum(test.items for test in tests))
    return np.array(needed)


def spread(bank, sd=0.3, seed=SEED):
    """The bank with slopes that vary around the expert's as calibrated slopes do (log-normal; medians stay)."""
    slopes = bank.slopes * np.exp(np.random.default_rng(seed).normal(0, sd, bank.slopes.shape))
    main = slopes[np.arange(len(slopes)), bank.main_skill]
    return replace(bank, version=f"{bank.version}-spread", slopes=np.minimum(slopes, main[:, None]))


def several_skills(count, bank):
    framework = load_framework()
    true = people(count, framework.correlation)
    needed, mean, sd = joint(bank, framework, true, framework.correlation)
    inside = np.abs(mean - true) <= 1.959964 * sd
    covered = {}
    for name, within, between in (("lower", 0.4, 0.1), ("higher", 0.8, 0.5)):  # the engine goes on assuming .6 and .3
        other = people(count, cluster_correlation(framework.clusters, within, between))
        _, other_mean, other_sd = joint(bank, framework, other, framework.correlation)
        share = float((np.abs(other_mean - other) <= 1.959964 * other_sd).mean())
        covered[f"95 % intervals cover people whose skills correlate .2 {name} than assumed"] = share
    for name, within, between in (("high", 0.8, 0.5), ("low", 0.4, 0.1)):  # the same people, an engine that is wrong
        wrong = cluster_correlation(framework.clusters, within, between)
        _, wrong_mean, wrong_sd = joint(bank, framework, true, wrong)
        share = float((np.abs(wrong_mean - true) <= 1.959964 * wrong_sd).mean())
        covered[f"95 % intervals cover the same people when the engine assumes .2 too {name}"] = share
    together, form, alone = np.median(needed), np.median(fixed(bank, true)), np.median(separate(bank, true))
    assert np.all(needed >= 24)
    assert 0.9 < inside.mean() < 0.99
    return {
        "people": count,
        "items in the bank": len(bank.items),
        "items needed, all skills together: median": float(together),
        "the same: mean": float(needed.mean()),
        "items needed, fixed form, each skill alone: median": float(form),
        "items needed, 24 one-skill adaptive tests: median": float(alone),
        "fixed / together": float(form / together),
        "24 tests / together": float(alone / together),
        "95 % intervals cover": float(inside.mean()),
        **covered,
    }


def next_item(repeats):
    framework, rng, items = load_framework(), np.random.default_rng(SEED), 400
    slopes = np.zeros((items, 24))
    slopes[np.arange(items), np.arange(items) % 24] = rng.lognormal(-0.1, 0.3, items)
    for i in range(0, items, 3):
        slopes[i, (i + 5) % 24] = 0.4
    steps = np.sort(rng.normal(size=(items, 3)), axis=1)
    names = tuple(f"item{i}" for i in range(items))
    bank = ItemBank(framework.version, "made", names, slopes, steps, np.full(items, 18.0), np.zeros(items, bool))
    took = []
    for seed in range(repeats):
        progress = begin(bank)
        for _ in range(40):
            start = time.perf_counter()
            item = choose(progress, seed=seed)
            progress = observe(progress, item, int(rng.integers(4)), 10.0)
            took.append((time.perf_counter() - start) * 1e3)
    return {"median ms": float(np.median(took)), "p99 ms": float(np.quantile(took, 0.99)), "items": items, "skills": 24}


def one_skill(count, peers):
    rng, items, target = np.random.default_rng(SEED), 300, 0.4
    slopes, places, tables = _bank_of_one_skill(rng, items)
    levels, draws = rng.normal(size=count), rng.random((count, items))
    start = time.perf_counter()
    tests = [run(tables, draws[p], levels[p], target) for p in range(count)]
    ours = time.perf_counter() - start
    lengths = np.array([test.items for test in tests])
    error = np.array([test.mean for test in tests]) - levels
    assert np.sqrt(np.mean(error**2)) < 0.45
    theirs, their_lengths = _catsim(slopes, places, levels[:peers], draws, target)
    ratios = [_length_over_bound(seed, count, items, target) for seed in range(5)]
    return {
        "ours: microseconds an item": ours / lengths.sum() * 1e6,
        "catsim: microseconds an item": theirs / their_lengths.sum() * 1e6,
        "catsim / ours": (theirs / their_lengths.sum()) / (ours / lengths.sum()),
        "ours: mean length": float(lengths.mean()),
        "catsim: mean length": float(their_lengths.mean()),
        "root mean square error": float(np.sqrt(np.mean(error**2))),
        "length / bound in whole items, five banks": _range([whole for whole, _ in ratios]),
        "length / bound in parts of items, five banks": _range([part for _, part in ratios]),
    }


def _range(values):
    return f"{np.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def _bank_of_one_skill(rng, items):
    slopes, places = rng.lognormal(0.2, 0.3, items), rng.normal(size=items)
    steps = np.full((items, 3), np.nan)
    steps[:, 0] = places
    return slopes, places, Tables(slopes, steps)


def _length_over_bound(seed, count, items, target):
    """Our mean length over the mean number of best items, chosen by who knows the level, with the same information."""
    rng = np.random.default_rng(seed)
    _, _, tables = _bank_of_one_skill(rng, items)
    levels, draws = rng.normal(size=count), rng.random((count, items))
    lengths = [run(tables, draws[p], levels[p], target).items for p in range(count)]
    at = np.abs(tables.levels[None] - levels[:, None]).argmin(axis=1)
    total = np.cumsum(-np.sort(-tables.information[:, at], axis=0), axis=0)
    wanted = 1 / target**2 - 1
    within = total[-1] >= wanted  # far out, not even all items hold it
    total, lengths = total[:, within], np.array(lengths)[within]
    whole, column = (total < wanted).sum(axis=0), np.arange(total.shape[1])
    before = np.where(whole > 0, total[np.maximum(whole - 1, 0), column], 0.0)
    parts = whole + (wanted - before) / (total[whole, column] - before)
    return float(lengths.mean() / (whole + 1).mean()), float(lengths.mean() / parts.mean())


def _catsim(slopes, places, levels, draws, target):
    from catsim.estimation import NumericalSearchEstimator
    from catsim.item_bank import ItemBank as Bank
    from catsim.selection import MaxInfoSelector

    bank = Bank(np.column_stack([slopes, places, np.zeros(len(slopes)), np.ones(len(slopes))]))
    selector, estimator = MaxInfoSelector(), NumericalSearchEstimator()
    lengths, start = [], time.perf_counter()
    for person, level in enumerate(levels):
        estimate, asked, answers, error = 0.0, [], [], np.inf
        while error > target and len(asked) < 60:
            item = selector.select(item_bank=bank, administered_items=asked, est_theta=estimate)
            chance = 1 / (1 + np.exp(-slopes[item] * (level - places[item])))
            asked.append(item)
            answers.append(bool(draws[person, len(asked) - 1] < chance))
            estimate = estimator.estimate(
                item_bank=bank, administered_items=asked, response_vector=answers, est_theta=estimate
            )
            p = 1 / (1 + np.exp(-slopes[asked] * (estimate - places[asked])))
            error = (np.sum(slopes[asked] ** 2 * p * (1 - p))) ** -0.5
        lengths.append(len(asked))
    return time.perf_counter() - start, np.array(lengths)


def calibration(sizes):
    import girth

    found = {}
    for count in sizes:
        answers, slopes, steps = _answers(count, 60, 2)
        ours, mine = _timed(lambda a=answers: GradedCalibration("2pl").fit(a))
        theirs, other = _timed(lambda a=answers: girth.twopl_mml(a.T))
        own = np.sqrt(np.mean((mine.slopes_ - slopes) ** 2)), np.sqrt(np.mean((mine.steps_ - steps) ** 2))
        their = (
            np.sqrt(np.mean((other["Discrimination"] - slopes) ** 2)),
            np.sqrt(np.mean((other["Difficulty"] - steps[:, 0]) ** 2)),
        )
        assert mine.converged_
        found[f"2PL {count} x 60: girth / ours, time"] = theirs / ours
        found[f"2PL {count} x 60: ours / girth, error of slopes"] = own[0] / their[0]
        found[f"2PL {count} x 60: ours / girth, error of steps"] = own[1] / their[1]
    graded, slopes, _ = _answers(sizes[-1], 60, 4)
    four, fitted = _timed(lambda: GradedCalibration("gpcm").fit(graded))
    assert np.sqrt(np.mean((fitted.slopes_ - slopes) ** 2)) < 0.1
    found[f"{sizes[-1]} x 60: four grades / two grades, our time"] = four / ours
    return found


def _timed(work, repeats=3):
    took = []
    for _ in range(repeats):
        start = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # girth warns about numpy's own changes
            result = work()
        took.append(time.perf_counter() - start)
        if took[-1] > 20:
            break
    return float(np.median(took)), result


def _answers(count, items, grades):
    rng = np.random.default_rng(SEED)
    slopes, steps = np.exp(rng.normal(0, 0.3, items)), np.sort(rng.normal(size=(items, grades - 1)), axis=1)
    intercepts = np.concatenate([np.zeros((items, 1)), -np.cumsum(steps, axis=1) * slopes[:, None]], axis=1)
    logits = rng.normal(size=count)[:, None, None] * slopes[:, None] * np.arange(grades) + intercepts
    chance = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    return np.sum(rng.random((count, items, 1)) > chance.cumsum(axis=2), axis=2), slopes, steps


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer people; for trying, not for quoting")
    quick = parser.parse_args().quick
    sections = {
        "All skills together, the bank's expert values": several_skills(40 if quick else 200, load_items()),
        "All skills together, slopes spread as calibrated ones are": several_skills(
            40 if quick else 200, spread(load_items())
        ),
        "Next item and update": next_item(3 if quick else 25),
        "One skill, 300 items with two grades": one_skill(100 if quick else 1000, 20 if quick else 200),
        "Calibration": calibration([1000] if quick else [1000, 10_000]),
    }
    write("assessment", sections, seeds=[SEED], quick=quick)


if __name__ == "__main__":
    main()
