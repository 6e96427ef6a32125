"""What people would use instead, each tuned: given float32 scores to sum as a table, and who is eligible.

A peer is a function `prepare(problem) -> ask`, where `ask(vacancies)` returns for each of those row numbers the ids of
the k best eligible people, best first, -1 for none. What can be done once, before any question, belongs in `prepare`,
which is not timed. `problem.eligible(vacancy)` gives row numbers. All are exact but for the rounding of float32;
scikit-learn, which has distances only, rounds ten times as much as the others.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from matching import Pool, Vacancies
from matching.fit import level_table

Ask = Callable[[np.ndarray], np.ndarray]
CORES = len(os.sched_getaffinity(0))
AT_ONCE = 256  # vacancies whose scores of everybody are in memory together


@dataclass
class Problem:
    """Hold a market as peers need it."""

    pool: Pool
    vacancies: Vacancies
    eligible: Callable[[int], np.ndarray]
    k: int = 20

    @cached_property
    def table(self) -> np.ndarray:
        """Return the score of every skill at every band, float32 (people, 120)."""
        return np.ascontiguousarray(level_table(self.pool.mean, self.pool.sd).T)

    @cached_property
    def weights(self) -> np.ndarray:
        """Return what each vacancy gives those scores, float32 (vacancies, 120): a fit is an inner product."""
        band, weights = self.vacancies.band, np.zeros((len(self.vacancies), self.table.shape[1]), np.float32)
        rows, skills = np.nonzero(band)
        weights[rows, skills * 5 + band[rows, skills] - 1] = self.vacancies.importance[rows, skills]
        return weights


def best(ids: np.ndarray, scores: np.ndarray, k: int) -> np.ndarray:
    """Return the ids of the k highest scores, padded."""
    if len(ids) > k:
        some = np.argpartition(scores, len(ids) - k)[len(ids) - k :]
        ids, scores = ids[some], scores[some]
    found = np.full(k, -1, np.int64)
    found[: len(ids)] = ids[np.argsort(-scores)]
    return found


def numpy_blocked(it: Problem) -> Ask:
    """One matrix product for many vacancies, then the best of each row's eligible people."""
    turned = np.ascontiguousarray(it.table.T)

    def ask(vacancies: np.ndarray) -> np.ndarray:
        found = np.empty((len(vacancies), it.k), np.int64)
        with ThreadPoolExecutor(CORES) as pool:
            for first in range(0, len(vacancies), AT_ONCE):
                some = vacancies[first : first + AT_ONCE]
                scores = it.weights[some] @ turned

                def one(at: int, some: np.ndarray = some, scores: np.ndarray = scores, first: int = first) -> None:
                    ids = it.eligible(int(some[at]))
                    found[first + at] = best(ids, scores[at, ids], it.k)

                list(pool.map(one, range(len(some))))
        return found

    return ask


def numpy_gathered(it: Problem) -> Ask:
    """Only the eligible people, only the asked skills: the least numpy can do for one vacancy."""
    turned = np.ascontiguousarray(it.table.T)

    def one(vacancy: int) -> np.ndarray:
        ids, asked = it.eligible(vacancy), np.flatnonzero(it.weights[vacancy])
        if 4 * len(ids) > len(it.table):
            scores = (it.weights[vacancy, asked] @ turned[asked])[ids]
        else:
            scores = it.weights[vacancy, asked] @ turned[asked[:, None], ids]
        return best(ids, scores, it.k)

    return _each(one)


def scikit_learn(it: Problem) -> Ask:
    """Brute force distances in chunks; one more column makes their order that of the inner products."""
    from sklearn import config_context
    from sklearn.metrics import pairwise_distances_chunked

    squares = (it.table.astype(np.float64) ** 2).sum(axis=1)
    people = np.hstack([it.table, np.sqrt(squares.max() - squares)[:, None]]).astype(np.float32)
    weights = np.hstack([it.weights, np.zeros((len(it.weights), 1), np.float32)])

    def ask(vacancies: np.ndarray) -> np.ndarray:
        def reduce(distances: np.ndarray, start: int) -> list[np.ndarray]:
            found = []
            for row, distance in enumerate(distances):
                ids = it.eligible(int(vacancies[start + row]))
                found.append(best(ids, -distance[ids], it.k))
            return found

        with config_context(working_memory=64):
            chunks = pairwise_distances_chunked(
                weights[vacancies], people, reduce_func=reduce, metric="sqeuclidean", n_jobs=CORES
            )
            return np.array([row for chunk in chunks for row in chunk])

    return ask


def faiss_flat(it: Problem) -> Ask:
    """Flat inner products with a bitmap of who is eligible, a thread for each query."""
    import faiss

    faiss.omp_set_num_threads(1)
    index = faiss.IndexFlatIP(it.table.shape[1])
    index.add(it.table)

    def one(vacancy: int) -> np.ndarray:
        mask = np.zeros(len(it.table), np.bool_)
        mask[it.eligible(vacancy)] = True
        selector = faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little"))
        return index.search(it.weights[[vacancy]], it.k, params=faiss.SearchParameters(sel=selector))[1][0]

    return _each(one)


def usearch_exact(it: Problem) -> Ask:
    """Exact search among the eligible people, taken out of the table for each vacancy: it knows no filter."""
    from usearch.index import search

    def one(vacancy: int) -> np.ndarray:
        ids, found = it.eligible(vacancy), np.full(it.k, -1, np.int64)
        if len(ids):
            k = min(it.k, len(ids))
            keys = search(it.table[ids], it.weights[vacancy], k, "ip", exact=True, threads=1).keys
            found[:k] = ids[np.atleast_1d(keys).astype(np.int64)]
        return found

    return _each(one)


def pandas_frames(it: Problem) -> Ask:
    """A frame of columns, one per skill and band; rows and columns picked for each vacancy."""
    import pandas as pd

    frame = pd.DataFrame(it.table)

    def one(vacancy: int) -> np.ndarray:
        asked = np.flatnonzero(it.weights[vacancy])
        ids = it.eligible(vacancy)
        scores = frame.iloc[ids, asked].dot(it.weights[vacancy, asked])
        found = np.full(it.k, -1, np.int64)
        names = scores.nlargest(it.k).index.to_numpy()
        found[: len(names)] = names
        return found

    return _each(one)


def polars_frames(it: Problem) -> Ask:
    """A frame of columns; each vacancy a lazy query that filters, sums and keeps the best."""
    import polars as pl

    frame = pl.DataFrame(it.table, schema=[f"c{column}" for column in range(it.table.shape[1])])
    frame = frame.with_columns(row=pl.int_range(pl.len(), dtype=pl.Int64))

    def one(vacancy: int) -> np.ndarray:
        asked = np.flatnonzero(it.weights[vacancy])
        score = pl.sum_horizontal([pl.col(f"c{column}") * float(it.weights[vacancy, column]) for column in asked])
        some = frame.select(["row", *(f"c{column}" for column in asked)])[it.eligible(vacancy)]
        names = some.lazy().select("row", score=score).top_k(it.k, by="score").collect()
        names = names.sort("score", descending=True)["row"].to_numpy()
        found = np.full(it.k, -1, np.int64)
        found[: len(names)] = names
        return found

    return lambda vacancies: np.array([one(int(vacancy)) for vacancy in vacancies])


def duckdb_sql(it: Problem) -> Ask:
    """Inner products of fixed-size arrays over the eligible pairs, and the best k of each group."""
    import duckdb
    import pyarrow as pa

    base = duckdb.connect(config={"threads": CORES})
    width = it.table.shape[1]
    for name, rows in ("people", it.table), ("jobs", it.weights):
        column = pa.FixedSizeListArray.from_arrays(pa.array(rows.ravel()), width)
        base.register("given", pa.table({"id": np.arange(len(rows), dtype=np.int32), "v": column}))
        base.execute(f"CREATE TABLE {name} AS SELECT id, v::FLOAT[{width}] AS v FROM given")

    def ask(vacancies: np.ndarray) -> np.ndarray:
        found = np.full((len(vacancies), it.k), -1, np.int64)
        place = {int(vacancy): row for row, vacancy in enumerate(vacancies)}
        for first in range(0, len(vacancies), AT_ONCE):
            some = vacancies[first : first + AT_ONCE]
            rows = [it.eligible(int(vacancy)) for vacancy in some]
            job = np.repeat(some, [len(each) for each in rows]).astype(np.int32)
            base.register("pairs", pa.table({"job": job, "person": np.concatenate(rows).astype(np.int32)}))
            answer = base.execute(
                f"SELECT job, max_by(person, array_inner_product(people.v, jobs.v), {it.k}) FROM pairs "
                "JOIN people ON people.id = person JOIN jobs ON jobs.id = job GROUP BY job"
            ).fetchall()
            for vacancy, names in answer:
                found[place[vacancy], : len(names)] = names
        return found

    return ask


def _each(one: Callable[[int], np.ndarray]) -> Ask:
    def ask(vacancies: np.ndarray) -> np.ndarray:
        if len(vacancies) == 1:
            return one(int(vacancies[0]))[None]
        with ThreadPoolExecutor(CORES) as pool:
            return np.array(list(pool.map(one, map(int, vacancies))))

    return ask


PEERS: dict[str, Callable[[Problem], Ask]] = {
    "numpy, blocked product": numpy_blocked,
    "numpy, gathered": numpy_gathered,
    "scikit-learn": scikit_learn,
    "faiss": faiss_flat,
    "usearch": usearch_exact,
    "pandas": pandas_frames,
    "Polars": polars_frames,
    "DuckDB": duckdb_sql,
}
