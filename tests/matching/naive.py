"""The slow twins: one pair at a time, plain Python numbers, obviously right."""

from __future__ import annotations

import math
from functools import cache
from hashlib import blake2b

import numpy as np

import matching
from matching import GATES, Pool, Ranking, Vacancies

MASK = 2**64 - 1


def expected_ramp(mean, sd, required, full_miss=2.0):
    """The formula as the textbook has it."""
    sd = max(sd, 1e-9)

    def expected_shortfall(cut):
        z = (cut - mean) / sd
        below = 0.5 * math.erfc(-z / math.sqrt(2))
        return (cut - mean) * below + sd * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)

    share = 1 - (expected_shortfall(required) - expected_shortfall(required - full_miss)) / full_miss
    return min(max(share, 0.0), 1.0)


@cache
def share(mean, sd, band) -> np.float32:
    """One entry of the table. The formula itself is held against `expected_ramp` above and against quadrature."""
    return np.float32(matching.expected_ramp(mean, sd, (band - 3) * 0.75))


def fit(pool: Pool, vacancies: Vacancies, person: int, vacancy: int) -> np.float32:
    total, asked = np.float32(0), False
    for skill in range(len(pool.skills)):
        band = int(vacancies.band[vacancy, skill])
        if band > 0:
            asked = True
            covered = share(float(pool.mean[person, skill]), float(pool.sd[person, skill]), band)
            total = np.float32(total + np.float32(vacancies.importance[vacancy, skill] * covered))
    return min(total, np.float32(1)) if asked else np.float32("nan")


def great_circle_km(here, there):
    """Haversine."""
    (lat1, lon1), (lat2, lon2) = ([math.radians(float(degrees)) for degrees in place] for place in (here, there))
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * 6371.0088 * math.asin(min(1.0, math.sqrt(half)))


def gates(attributes, requirements, person, vacancy) -> dict[str, str]:
    """yes, no or unknown by gate."""
    has = {name: column[person] for name, column in attributes.columns().items()}
    asks = {name: column[vacancy] for name, column in requirements.columns().items()}
    return {
        "certificates": _certificates(has, asks),
        "limits": "no" if int(asks["demands"]) & int(has["limits"]) else "yes",
        "levels": _levels(has, asks),
        "hours": _hours(has, asks),
        "sector": _sector(has, asks),
        "reach": _reach(has, asks),
    }


def _certificates(has, asks):
    for bit in range(64):
        if int(asks["certificates"]) >> bit & 1 and not int(has["certificates"]) >> bit & 1:
            return "no" if has["certificates_known"] else "unknown"
    return "yes"


def _levels(has, asks):
    held = list(has["levels"]) or [-1] * len(asks["levels"])
    found = "yes"
    for level, asked in zip(held, asks["levels"], strict=False):
        if asked > 0 and level == -1:
            found = "unknown"
    for level, asked in zip(held, asks["levels"], strict=False):
        if asked > 0 and 0 <= level < asked:
            found = "no"
    return found


def _hours(has, asks):
    (least, most), (lowest, highest) = map(float, has["hours"]), map(float, asks["hours"])
    found = "yes"
    if not math.isnan(highest) and math.isnan(least):
        found = "unknown"
    if not math.isnan(lowest) and math.isnan(most):
        found = "unknown"
    if least > highest or most < lowest:
        found = "no"
    return found


def _sector(has, asks):
    if has["sectors"] == 0 or asks["sector"] == 0:
        return "yes"
    return "yes" if int(has["sectors"]) & int(asks["sector"]) else "no"


def _reach(has, asks):
    if asks["remote"]:
        return "yes"
    if any(math.isnan(value) for value in (*has["location"], *asks["location"], has["reach_km"])):
        return "unknown"
    return "yes" if great_circle_km(has["location"], asks["location"]) <= has["reach_km"] else "no"


def tie(text: str, seed: int) -> int:
    """BLAKE2b of the id, then SplitMix64 from there."""
    mixed = int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")
    mixed = (mixed + (seed + 1) * 0x9E3779B97F4A7C15) & MASK
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & MASK
    return mixed ^ (mixed >> 31)


def rank(pool: Pool, vacancies: Vacancies, *, k=20, side="vacancies", seed=0) -> Ranking:
    people_are_ranked = side == "vacancies"
    rows, ranked = (vacancies, pool) if people_are_ranked else (pool, vacancies)
    ids = ranked.people if people_are_ranked else ranked.vacancies
    lists = []
    for row in range(len(rows)):
        found = []
        for candidate in range(len(ranked)):
            person, vacancy = (candidate, row) if people_are_ranked else (row, candidate)
            answers = {}
            if pool.attributes is not None and vacancies.requirements is not None:
                answers = gates(pool.attributes, vacancies.requirements, person, vacancy)
            if "no" not in answers.values():
                unknown = sum(2**bit for bit, gate in enumerate(GATES) if answers.get(gate) == "unknown")
                found.append((candidate, fit(pool, vacancies, person, vacancy), unknown, tie(ids[candidate], seed)))
        lists.append(found)
    return _ranking(side, lists, k, len(ranked))


def merge(*rankings: Ranking, k: int) -> Ranking:
    lists = [[] for _ in range(len(rankings[0]))]
    start = 0
    for ranking in rankings:
        for row, found in enumerate(lists):
            for place in range(ranking.ids.shape[1]):
                if ranking.ids[row, place] >= 0:
                    candidate = int(ranking.ids[row, place]) + start
                    unknown, key = int(ranking.unknown[row, place]), int(ranking.tie[row, place])
                    found.append((candidate, ranking.fit[row, place], unknown, key))
        start += ranking.size
    return _ranking(rankings[0].side, lists, k, start)


def refusals(pool: Pool, vacancies: Vacancies, side="vacancies", alone=False) -> np.ndarray:
    counts = np.zeros((len(vacancies if side == "vacancies" else pool), len(GATES)), np.int64)
    for person in range(len(pool)):
        for vacancy in range(len(vacancies)):
            answers = list(gates(pool.attributes, vacancies.requirements, person, vacancy).values())
            if alone and answers.count("no") > 1:
                continue
            for gate, answer in enumerate(answers):
                counts[vacancy if side == "vacancies" else person, gate] += answer == "no"
    return counts


def _ranking(side, lists, k, size) -> Ranking:
    shape = len(lists), k
    ids, fits = np.full(shape, -1, np.int32), np.full(shape, np.nan, np.float32)
    unknown, ties = np.zeros(shape, np.uint8), np.zeros(shape, np.uint64)
    for row, found in enumerate(lists):
        found.sort(key=lambda each: (2.0 if math.isnan(each[1]) else -float(each[1]), each[3]))
        for place, each in enumerate(found[:k]):
            ids[row, place], fits[row, place], unknown[row, place], ties[row, place] = each
    return Ranking(side, ids, fits, unknown, ties, size)
