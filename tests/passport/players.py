"""Simulated players: people of known ability who play the games as screens would report it.

Every function answers one round: (what the screen shows, ability, generator) -> response. They see what a person sees
and never the truth. Their constants were set so that scores are about as reliable as games.toml assumes.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from passport import games
from passport._games.changing_rules import SIGNS
from passport._games.fault_finding import behind, left_after
from passport._games.route_planning import streets
from passport._games.weigh_evidence import MACHINES, chance_of_a, worth_of_opening


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def find_error(shown, ability, rng):
    lines = len(shown["left"])
    wrong = [i for i in range(lines) if shown["left"][i] != shown["right"][i]]
    seen = rng.random() < sigmoid(1.6 * ability + 2.2 - 0.45 * shown["level"])
    if wrong and seen:
        return wrong[0] + 1
    return 0 if seen or rng.random() < 0.55 else 1 + int(rng.integers(lines))


def steady_watch(shown, ability, rng):
    paced = shown["paced"]
    apart, ready = (2.4 + 0.95 * ability, 1.2) if paced else (2.6 + 1.0 * ability, 1.2)
    tap = rng.normal() < ready if shown["shape"] == "round" else rng.normal() < ready - apart
    return "tap" if tap else None if paced else "pass"


def spot_hazard(shown, ability, rng):
    hazard = {
        pair["key"]: pair["hazard"]
        for pair in games.load_games()["spot_hazard"].timed.levels[shown["level"] - 1]["pairs"]
    }
    apart = 2.5 + 0.6 * ability - 0.3 * shown["level"]
    signs = []
    for place, thing in enumerate(shown["things"]):
        key, side = thing["picture"].rsplit("-", 1)
        if rng.normal() + apart * (side == hazard[key]) > 0.8:
            signs.append(place)
    return signs


def route_planning(shown, ability, rng):
    """Go on along a shortest way to the rest of the task, but take a random open street now and then."""
    open_to, here, left, route = streets(shown["size"], shown["blocked"]), shown["start"], {*shown["stops"]}, []
    slip = 0.45 * sigmoid(-1.1 * ability - 1.6 + 0.12 * shown["level"])
    distance = {corner: distances(open_to, corner) for corner in open_to}

    @cache
    def rest(corner, stops):
        to = distance[corner]
        return min((to[s] + rest(s, stops - {s}) for s in stops), default=to[shown["gate"]])

    while here != shown["gate"] or left:
        nexts = sorted(open_to[here])
        costs = [rest(n, frozenset(left - {n})) for n in nexts]
        here = nexts[int(rng.integers(len(nexts)))] if rng.random() < slip else nexts[int(np.argmin(costs))]
        left = left - {here}
        route.append(here)
    return route


def distances(open_to, start):
    """Return the number of moves from `start` to every corner."""
    found, edge = {start: 0}, [start]
    for corner in edge:
        for near in open_to[corner]:
            if near not in found:
                found[near] = found[corner] + 1
                edge.append(near)
    return found


def fault_finding(shown, ability, rng):
    """Choose taps by how evenly they split, the more sharply the abler."""
    dry = behind(shown["parents"])
    suspects, taps = set(range(len(dry))), []
    while len(suspects) > 1:
        after = np.array([len(left_after(suspects, pipes)) for pipes in dry])
        useful = np.flatnonzero(after < len(suspects))
        pull = -np.exp(1.0 + 0.6 * ability) * after[useful] / len(suspects) * 2
        chance = np.exp(pull - pull.max())
        tap = int(rng.choice(useful, p=chance / chance.sum()))
        suspects = left_after(suspects, dry[tap])
        taps.append(tap)
    return taps


def changing_rules(shown, ability, rng, memory):
    memory["rule"] = shown["rule"] or memory["rule"]
    known = rng.random() < sigmoid(0.8 * ability + 2.3 - 0.35 * shown["level"])
    return SIGNS[memory["rule"]].index(shown["part"][memory["rule"]]) if known else int(rng.integers(4))


def weigh_evidence(shown, ability, rng):
    """Weigh opening against stopping with noise that is smaller the abler somebody is."""
    rule = (len(shown["reports"]), shown["right"], shown["cost"], shown["prize"])
    noise, lead, opened = shown["prize"] * 0.12 * np.exp(-0.6 * ability), 0, 0
    while True:
        sure = chance_of_a(shown["right"], lead)
        stop = shown["prize"] * np.array([sure, 1 - sure]) + rng.normal(0, noise, 2)
        more = opened < rule[0] and worth_of_opening(*rule, opened, lead) + rng.normal(0, noise) > stop.max()
        if not more:
            return {"opened": opened, "choice": MACHINES[int(np.argmax(stop))]}
        lead += 1 if shown["reports"][opened] == "a" else -1
        opened += 1


PLAYERS = {
    f.__name__: f for f in (find_error, steady_watch, spot_hazard, route_planning, fault_finding, weigh_evidence)
}

DAY = {"route_planning": 0.39, "fault_finding": 0.54, "weigh_evidence": 0.41}  # sd of how good one's day is


def play(game, seed, form, ability, rng):
    """Return the raw trials of one person."""
    memory, ability = {}, ability + DAY.get(game, 0.0) * rng.normal()
    player = PLAYERS.get(game) or (lambda shown, a, r: changing_rules(shown, a, r, memory))
    shown = games.stimuli(game, seed, form)
    return trials(shown, [player(one, ability, rng) for one in shown], rng)


def trials(shown, responses, rng):
    """Return trials as a screen would report them, with times of a person."""
    rows, elapsed = [], 0.0
    for one, response in zip(shown, responses, strict=True):
        rt = min(300 + 900 * rng.lognormal(0, 0.35), (one["limit"] or 9e5) - 1)
        elapsed += rt + 250
        rows.append(
            {
                "trial_type": "game",
                "trial_index": one["trial_index"],
                "time_elapsed": elapsed,
                "rt": None if response is None else rt,
                "response": response,
            }
        )
    return rows


def randomly(one, rng):
    """Return what somebody answers who does not look."""
    if "left" in one:
        return int(rng.integers(len(one["left"]) + 1))
    if "shape" in one:
        return "tap" if rng.random() < 0.5 else None if one["paced"] else "pass"
    if "things" in one:
        return [place for place in range(len(one["things"])) if rng.random() < 0.4]
    if "size" in one:
        open_to, route = streets(one["size"], one["blocked"]), [one["start"]]
        while route[-1] != one["gate"] and len(route) < 30:
            route.append(int(rng.choice(sorted(open_to[route[-1]]))))
        return route[1:]
    if "parents" in one:
        suspects, taps, dry = set(range(len(one["parents"]))), [], behind(one["parents"])
        while len(suspects) > 1 and len(taps) < 3 * len(dry):
            taps.append(int(rng.integers(len(dry))))
            suspects = left_after(suspects, dry[taps[-1]])
        return taps
    if "part" in one:
        return int(rng.integers(4))
    return {"opened": int(rng.integers(len(one["reports"]) + 1)), "choice": MACHINES[int(rng.integers(2))]}
