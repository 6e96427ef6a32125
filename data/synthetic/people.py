"""People: true levels, what the gates may know of them, and how far they came in the assessment. All of it invented."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.synthetic.content import SECTORS, Content, joined, scatter
from data.synthetic.streams import CHUNK, stream

EDUCATION = (0.10, 0.31, 0.26, 0.22, 0.03, 0.06, 0.02)  # EQF 1 to 7
DUTCH = (0.06, 0.14, 0.20, 0.20, 0.17, 0.23)  # CEFR A1 to C2
ENGLISH = (0.18, 0.25, 0.26, 0.18, 0.09, 0.04)
WORKED_BEFORE = 0.7  # share with a past occupation, which leaves certificates and a wish behind
KEPT = 0.6  # chance to hold a certificate of one's past occupation
COMMON = {"driving_b": 0.45, "vca": 0.12, "bhv": 0.10, "first_aid": 0.08}  # chance to hold a certificate anyhow
RARE = 0.01  # the same for every other certificate
LIMITED = 0.30  # share with one physical or personal limit or more
HOURS_MAX, HOURS_MAX_SHARE = (16, 20, 24, 28, 32, 36, 40), (0.05, 0.08, 0.14, 0.10, 0.22, 0.16, 0.25)
HOURS_SLACK, HOURS_SLACK_SHARE = (0, 4, 8, 12, 16), (0.15, 0.25, 0.3, 0.18, 0.12)
WISHES = (0.16, 0.50, 0.27, 0.07)  # share wishing any sector, one, two, all three by name
TRAVEL = ((5, 15), (10, 25), (20, 60))  # km by bicycle, by public transport or electric bicycle, by car
TRAVEL_SHARE = (0.42, 0.36, 0.22)
UNKNOWN = {"education": 0.10, "languages": 0.05, "certificates": 0.15, "hours": 0.10, "reach": 0.08}

INVITED, STARTED, PROVISIONAL, FINISHED = range(4)
STATUS = ("invited", "started", "provisional", "finished")
STATUS_SHARE = (0.15, 0.15, 0.14, 0.56)
VISIBLE = 0.80
CARELESS = 0.02
FIRST_DAY, DAYS = np.datetime64("2026-08-24"), 60  # issue dates


@dataclass(frozen=True, slots=True)
class People:
    """One chunk of people; rows are people. `true`, `careless` and `pace` are truth and never leave the truth file."""

    ids: list[str]
    true: np.ndarray  # f8 (people, skills)
    careless: np.ndarray  # bool
    pace: np.ndarray  # f8: log of the time taken relative to the item's median
    goal: np.ndarray  # i8: the status aimed at; a person who meets the stopping rule sooner has finished
    visible: np.ndarray  # bool: would show a passport in the pool
    issued: np.ndarray  # datetime64[D]
    place: np.ndarray  # i8, row of Places
    columns: dict[str, np.ndarray]  # the exchange columns of the gates; None or NaN is unknown


def _hidden(values: np.ndarray, unknown: np.ndarray) -> np.ndarray:
    """Return whole numbers with the unknown ones as None."""
    return np.where(unknown, None, values.astype(object))


def draw_levels(correlation: np.ndarray, seed: int, chunk: int) -> np.ndarray:
    """Return true levels of shape (CHUNK, skills), drawn from N(0, correlation).

    Rounded to four decimals, so that the order in which a library adds up does not show.
    """
    normal = stream(seed, "levels", chunk).standard_normal((CHUNK, len(correlation)))
    return np.round(normal @ np.linalg.cholesky(correlation).T, 4)


def _certificates(rng: np.random.Generator, content: Content, past: np.ndarray) -> np.ndarray:
    held = rng.random((CHUNK, len(content.certificates))) < [COMMON.get(key, RARE) for key in content.certificates]
    kept = rng.random(held.shape) < KEPT
    return held | (kept & content.needs[past] & (past >= 0)[:, None])


def _limits(rng: np.random.Generator, content: Content) -> np.ndarray:
    number = 1 + (rng.random(CHUNK) < 0.35) + (rng.random(CHUNK) < 0.1)
    order = rng.random((CHUNK, len(content.limits))).argsort(axis=1).argsort(axis=1)
    return (order < number[:, None]) & (rng.random(CHUNK) < LIMITED)[:, None]


def _wishes(rng: np.random.Generator, content: Content, past: np.ndarray) -> np.ndarray:
    number = rng.choice(len(WISHES), size=CHUNK, p=WISHES)
    taste = rng.random((CHUNK, len(SECTORS)))
    taste[past >= 0, content.sector[past[past >= 0]]] += 0.5  # more often what one has done before
    return (-taste).argsort(axis=1).argsort(axis=1) < number[:, None]


def _attributes(content: Content, seed: int, chunk: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    rng = stream(seed, "attributes", chunk)
    past = np.where(rng.random(CHUNK) < WORKED_BEFORE, rng.integers(len(content.occupations), size=CHUNK), -1)
    place = rng.choice(len(content.places.names), size=CHUNK, p=content.places.areas / content.places.areas.sum())
    location = scatter(content.places, place, rng.standard_normal((CHUNK, 2)))
    unknown = {name: rng.random(CHUNK) < share for name, share in UNKNOWN.items()}
    hours_max = rng.choice(HOURS_MAX, size=CHUNK, p=HOURS_MAX_SHARE)
    hours_min = np.maximum(8, hours_max - rng.choice(HOURS_SLACK, size=CHUNK, p=HOURS_SLACK_SHARE))
    low, high = np.array(TRAVEL)[rng.choice(len(TRAVEL), size=CHUNK, p=TRAVEL_SHARE)].T
    reach = np.round(low + (high - low) * rng.random(CHUNK))
    certificates = joined(_certificates(rng, content, past), content.certificates)
    return place, {
        "certificates": np.where(unknown["certificates"], None, certificates),
        "limits": joined(_limits(rng, content), content.limits),
        "education": _hidden(1 + rng.choice(len(EDUCATION), size=CHUNK, p=EDUCATION), unknown["education"]),
        "dutch": _hidden(1 + rng.choice(len(DUTCH), size=CHUNK, p=DUTCH), unknown["languages"]),
        "english": _hidden(1 + rng.choice(len(ENGLISH), size=CHUNK, p=ENGLISH), unknown["languages"]),
        "hours_min": np.where(unknown["hours"], np.nan, hours_min),
        "hours_max": np.where(unknown["hours"], np.nan, hours_max),
        "sectors": joined(_wishes(rng, content, past), SECTORS),
        "latitude": location[:, 0],
        "longitude": location[:, 1],
        "reach_km": np.where(unknown["reach"], np.nan, reach),
    }


def draw_people(content: Content, correlation: np.ndarray, seed: int, chunk: int, rows: int) -> People:
    """Draw the first `rows` people of a chunk. A smaller population is always the beginning of a larger one."""
    true = draw_levels(correlation, seed, chunk)
    place, columns = _attributes(content, seed, chunk)
    rng = stream(seed, "passports", chunk)
    careless = rng.random(CHUNK) < CARELESS
    pace = rng.normal(0, 0.25, CHUNK) + np.where(careless, -1.0, 0.0)
    goal = rng.choice(len(STATUS), size=CHUNK, p=STATUS_SHARE)
    visible = rng.random(CHUNK) < VISIBLE
    issued = FIRST_DAY + rng.integers(DAYS, size=CHUNK)
    return People(
        ids=[f"person-{chunk * CHUNK + row + 1:06d}" for row in range(rows)],
        true=true[:rows],
        careless=careless[:rows],
        pace=np.round(pace, 4)[:rows],
        goal=goal[:rows],
        visible=visible[:rows],
        issued=issued[:rows],
        place=place[:rows],
        columns={name: column[:rows] for name, column in columns.items()},
    )
