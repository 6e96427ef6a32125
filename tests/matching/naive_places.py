"""The slow twins of placing people: every pair looked at, textbook algorithms, obviously right."""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import linear_sum_assignment


def values(options):
    """What every option is worth, by person and vacancy; a fit that does not exist is worth nothing."""
    found = []
    for ids, fits in zip(options.ids, options.fit, strict=True):
        found.append({int(v): 0.0 if math.isnan(f) else float(f) for v, f in zip(ids, fits, strict=True) if v >= 0})
    return found


def best_total(options, places, units=1):
    """Every seat and every unit of a person a row or column of a dense table; unused ones cost nothing.

    With more units the same vacancy must not be taken twice, so that is for scipy's linear programming: see best_lists.
    """
    assert units == 1
    columns = [vacancy for vacancy, seats in enumerate(places) for _ in range(seats)]
    table = np.zeros((len(options), len(columns) + len(options)))
    for person, worth in enumerate(values(options)):
        for column, vacancy in enumerate(columns):
            table[person, column] = worth.get(vacancy, 0.0)
    return table[linear_sum_assignment(table, maximize=True)].sum()


def best_lists(options, places, units, lift):
    """The transport problem with at most one unit of each option, as a linear program: its vertices are whole."""
    from scipy.optimize import linprog
    from scipy.sparse import csr_matrix

    edges = [(person, vacancy, worth) for person, some in enumerate(values(options)) for vacancy, worth in some.items()]
    if not edges:
        return 0.0, 0
    rows = [row for person, vacancy, _ in edges for row in (person, len(options) + vacancy)]
    columns = np.repeat(np.arange(len(edges)), 2)
    matrix = csr_matrix((np.ones(len(rows)), (rows, columns)), (len(options) + len(places), len(edges)))
    worth = np.array([worth for *_, worth in edges])
    room = np.concatenate([np.full(len(options), units), places])
    used = linprog(-(worth + lift), matrix, room, bounds=(0, 1), method="highs-ds").x
    return float(worth @ used), round(used.sum())


def stable(options, places, ties, wishes, proposing):
    """Gale and Shapley with lists of dictionaries: vacancy by person, -1 for none."""
    worth = values(options)
    people = [[int(v) for v in ids if v >= 0] for ids in options.ids]
    wish = [dict(zip(own, row, strict=False)) for own, row in zip(people, wishes, strict=True)]
    for person, own in enumerate(people):
        own.sort(key=lambda vacancy: -wish[person][vacancy])  # stable: equal ones stay in the order of the ranking
    vacancies = [[person for person, own in enumerate(people) if vacancy in own] for vacancy in range(len(places))]
    for vacancy, own in enumerate(vacancies):
        own.sort(key=lambda person: (-worth[person][vacancy], ties[person]))
    held = [[] for _ in places]
    place = [-1] * len(people)
    changed = True
    while changed:
        changed = False
        for person, vacancy in _proposals(people, vacancies, place, held, places, proposing):
            if place[person] >= 0:
                held[place[person]].remove(person)
            place[person] = vacancy
            held[vacancy].append(person)
            if len(held[vacancy]) > places[vacancy]:
                last = max(held[vacancy], key=vacancies[vacancy].index)
                held[vacancy].remove(last)
                place[last] = -1
            changed = True
            break
    return place


def _proposals(people, vacancies, place, held, places, proposing):
    """Pairs that would both rather have each other, the best for who proposes first."""
    rows = enumerate(people) if proposing == "people" else enumerate(vacancies)
    for row, own in rows:
        for other in own:
            person, vacancy = (row, other) if proposing == "people" else (other, row)
            if _blocks(people, vacancies, place, held, places, person, vacancy):
                yield person, vacancy
                break


def _blocks(people, vacancies, place, held, places, person, vacancy):
    if place[person] == vacancy or not places[vacancy]:
        return False
    order = people[person]
    if place[person] >= 0 and order.index(place[person]) < order.index(vacancy):
        return False
    if len(held[vacancy]) < places[vacancy]:
        return True
    order = vacancies[vacancy]
    return any(order.index(person) < order.index(other) for other in held[vacancy])


def blocking_pairs(options, places, vacancy_of, wishes):
    """Options whose person and vacancy would both gain by each other."""
    worth, found = values(options), 0
    for person, ids in enumerate(options.ids):
        wish = {int(v): w for v, w in zip(ids, wishes[person], strict=True) if v >= 0}
        for vacancy in wish:
            has = int(vacancy_of[person])
            if has == vacancy or (has >= 0 and wish[has] >= wish[vacancy]):
                continue
            others = [worth[other][vacancy] for other in range(len(worth)) if vacancy_of[other] == vacancy]
            room = len(others) < places[vacancy]
            found += room or any(value < worth[person][vacancy] for value in others)
    return found


def gini(exposure, seats):
    """Half the mean difference between two seats drawn at random, over the mean."""
    each = [shown / n for shown, n in zip(exposure, seats, strict=True) for _ in range(n)]
    differences = [abs(a - b) for a in each for b in each]
    return sum(differences) / len(differences) / 2 / (sum(each) / len(each))
