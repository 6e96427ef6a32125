from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.testing import assert_allclose, assert_array_equal

from matching import GATES, Attributes, FrameworkMismatch, Pool, Requirements, Vacancies, gates, refusals
from tests.matching import naive
from tests.matching.markets import markets, some_attributes, some_people, some_requirements, some_vacancies

WORDS = {"yes": gates.YES, "no": gates.NO, "unknown": gates.UNKNOWN}
often = settings(max_examples=200, deadline=None, derandomize=True)


def answer(gate, attributes, requirements):
    """One gate, one pair."""
    found = dict(gates.answers(Attributes(**attributes), Requirements(**requirements)))[gate]
    assert found.shape == (1, 1)
    return {code: word for word, code in WORDS.items()}[int(found[0, 0])]


@often
@given(markets())
def test_every_gate_answers_as_the_slow_twin(market):
    pool, vacancies = market
    if pool.attributes is None:
        return
    found = dict(gates.answers(pool.attributes, vacancies.requirements))
    assert tuple(found) == GATES
    for person in range(len(pool)):
        for vacancy in range(len(vacancies)):
            expected = naive.gates(pool.attributes, vacancies.requirements, person, vacancy)
            assert {name: int(one[person, vacancy]) for name, one in found.items()} == {
                name: WORDS[word] for name, word in expected.items()
            }


@pytest.mark.parametrize(
    ("held", "known", "needed", "expected"),
    [
        (0b011, True, 0b001, "yes"),
        (0b011, True, 0b100, "no"),
        (0b011, False, 0b100, "unknown"),
        (0b011, False, 0b011, "yes"),
        (0, False, 0, "yes"),
        (2**63, True, 2**63, "yes"),
        (2**63 - 1, True, 2**63, "no"),
    ],
)
def test_certificates_are_held_missing_or_not_known(held, known, needed, expected):
    attributes = {"certificates": np.array([held], np.uint64), "certificates_known": [known]}
    assert answer("certificates", attributes, {"certificates": np.array([needed], np.uint64)}) == expected


@pytest.mark.parametrize(
    ("limits", "demands", "expected"), [(0, 7, "yes"), (1, 2, "yes"), (3, 2, "no"), (2**63, 2**63, "no")]
)
def test_a_demand_that_touches_a_limit_refuses(limits, demands, expected):
    attributes, requirements = np.array([limits], np.uint64), np.array([demands], np.uint64)
    assert answer("limits", {"limits": attributes}, {"demands": requirements}) == expected


@pytest.mark.parametrize(
    ("held", "asked", "expected"),
    [
        ([4, 3, 2], [4, 3, 2], "yes"),
        ([4, 3, 2], [5, 0, 0], "no"),
        ([-1, 3, 2], [4, 0, 0], "unknown"),
        ([-1, 3, 2], [0, 0, 0], "yes"),
        ([-1, 2, 2], [4, 3, 0], "no"),
        ([0, 0, 0], [0, 0, 1], "no"),
    ],
)
def test_levels_must_reach_what_is_asked(held, asked, expected):
    assert answer("levels", {"levels": [held]}, {"levels": [asked]}) == expected


def test_levels_of_people_that_were_left_out_are_unknown_and_of_vacancies_not_asked():
    assert answer("levels", {"size": 1}, {"levels": [[0, 3]]}) == "unknown"
    assert answer("levels", {"size": 1}, {"levels": [[0, 0]]}) == "yes"
    assert answer("levels", {"levels": [[-1, 2]]}, {"size": 1}) == "yes"


@pytest.mark.parametrize(
    ("offered", "asked", "expected"),
    [
        ([16, 24], [24, 32], "yes"),
        ([16, 23], [24, 32], "no"),
        ([33, 40], [24, 32], "no"),
        ([np.nan, np.nan], [24, 32], "unknown"),
        ([np.nan, np.nan], [np.nan, np.nan], "yes"),
        ([16, 24], [np.nan, np.nan], "yes"),
        ([np.nan, 23], [24, 32], "no"),
        ([np.nan, 24], [24, 32], "unknown"),
        ([np.nan, 24], [24, np.nan], "yes"),
        ([20, np.nan], [np.nan, 32], "yes"),
        ([20, np.nan], [24, 32], "unknown"),
        ([36, np.nan], [24, 32], "no"),
    ],
)
def test_weekly_hours_must_overlap(offered, asked, expected):
    assert answer("hours", {"hours": [offered]}, {"hours": [asked]}) == expected


@pytest.mark.parametrize(("wishes", "sector", "expected"), [(0, 4, "yes"), (3, 0, "yes"), (3, 2, "yes"), (3, 4, "no")])
def test_a_sector_must_be_wished_for(wishes, sector, expected):
    assert answer("sector", {"sectors": [wishes]}, {"sector": [sector]}) == expected


HOME, NEAR, NOWHERE = [51.44, 5.48], [51.48, 5.66], [np.nan, np.nan]  # 13.3 km apart


@pytest.mark.parametrize(
    ("home", "reach_km", "place", "remote", "expected"),
    [
        (HOME, 14.0, NEAR, False, "yes"),
        (HOME, 13.0, NEAR, False, "no"),
        (HOME, 0.0, HOME, False, "yes"),
        (HOME, 13.0, NEAR, True, "yes"),
        (HOME, np.nan, NEAR, False, "unknown"),
        (NOWHERE, 14.0, NEAR, False, "unknown"),
        (HOME, 14.0, NOWHERE, False, "unknown"),
        (NOWHERE, np.nan, NOWHERE, True, "yes"),
        ([0.0, 0.0], 20_010.0, [0.0, 180.0], False, "no"),
        ([0.0, 0.0], 20_020.0, [0.0, 180.0], False, "yes"),
    ],
)
def test_the_place_must_be_within_reach(home, reach_km, place, remote, expected):
    attributes = {"location": [home], "reach_km": np.array([reach_km], np.float32)}
    assert answer("reach", attributes, {"location": [place], "remote": [remote]}) == expected


def test_distances_are_those_of_the_haversine_formula_with_the_same_bits_in_any_block():
    rng = np.random.default_rng(1)
    here, there = (np.c_[rng.uniform(-90, 90, n), rng.uniform(-180, 180, n)].astype(np.float32) for n in (61, 47))
    chords = gates.chord_squared(here, there)
    km = gates.kilometres(chords)
    for person in range(61):
        for vacancy in range(0, 47, 5):
            expected = naive.great_circle_km(here[person], there[vacancy])
            assert_allclose(km[vacancy, person], expected, rtol=1e-7, atol=1e-6)
            one = gates.chord_squared(here[[person]], there[[vacancy]])
            assert one[0, 0] == chords[vacancy, person]
    assert_array_equal(gates.chord_squared(here[3:50], there[1:40]), chords[1:40, 3:50])


def relaxed(attributes, requirements):
    """Every single way in which a person or a vacancy may ask less, or bring more."""
    has, asks = attributes.columns(), requirements.columns()
    wider = np.stack([asks["hours"][:, 0] - 4, asks["hours"][:, 1] + 4], axis=1).clip(0, 168)
    return [
        ({**has, "certificates": has["certificates"] | np.uint64(2)}, asks),
        ({**has, "limits": has["limits"] & ~np.uint64(1)}, asks),
        ({**has, "levels": np.where(has["levels"] >= 0, has["levels"] + 1, -1)}, asks),
        ({**has, "sectors": np.zeros_like(has["sectors"])}, asks),
        ({**has, "reach_km": has["reach_km"] * 2}, asks),
        (has, {**asks, "certificates": asks["certificates"] & ~np.uint64(1)}),
        (has, {**asks, "demands": np.zeros_like(asks["demands"])}),
        (has, {**asks, "levels": np.maximum(asks["levels"] - 1, 0)}),
        (has, {**asks, "hours": wider}),
        (has, {**asks, "sector": np.zeros_like(asks["sector"])}),
        (has, {**asks, "remote": np.ones_like(asks["remote"])}),
    ]


def test_relaxing_a_demand_never_shuts_anybody_out():
    rng = np.random.default_rng(2)
    attributes, requirements = some_attributes(rng, 60), some_requirements(rng, 60)
    before, _ = gates.judge(attributes, requirements)
    opened = 0
    for has, asks in relaxed(attributes, requirements):
        after, _ = gates.judge(Attributes(**has), Requirements(**asks))
        assert not (before & ~after).any()
        opened += np.count_nonzero(after & ~before)
    assert opened > 0


def test_unknown_bits_stand_in_the_order_of_the_gates():
    assert GATES == ("certificates", "limits", "levels", "hours", "sector", "reach")
    asks = {"certificates": np.array([1]), "levels": [[1, 0]], "hours": [[8.0, 40.0]], "location": [HOME]}
    passed, unknown = gates.judge(Attributes(size=1), Requirements(**asks))
    assert passed.all()
    assert unknown[0, 0] == 1 + 4 + 8 + 32


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("side", ["vacancies", "people"])
def test_refusals_are_counted_as_by_the_slow_twin(side, alone):
    rng = np.random.default_rng(3)
    pool, vacancies = some_people(rng, 40, 2), some_vacancies(rng, 30, 2)
    expected = naive.refusals(pool, vacancies, side, alone)
    assert_array_equal(refusals(pool, vacancies, side, alone=alone), expected)
    assert_array_equal(refusals(pool, vacancies, side, alone=alone, block=5), expected)
    assert expected.any(axis=0).all()


def test_lifting_one_gate_opens_as_many_pairs_as_it_alone_refuses():
    rng = np.random.default_rng(7)
    pool, vacancies = some_people(rng, 50, 2), some_vacancies(rng, 40, 2)
    asks = vacancies.requirements.columns()
    lifted = {"demands": np.zeros(40, np.uint64)}, {"sector": np.zeros(40, np.uint32)}, {"remote": np.ones(40, bool)}
    before, _ = gates.judge(pool.attributes, vacancies.requirements)
    alone = refusals(pool, vacancies, alone=True)
    for gate, change in zip(("limits", "sector", "reach"), lifted, strict=True):
        after, _ = gates.judge(pool.attributes, Requirements(**{**asks, **change}))
        assert_array_equal((after & ~before).sum(axis=0), alone[:, GATES.index(gate)])


def test_refusals_of_both_sides_count_the_same_pairs():
    rng = np.random.default_rng(4)
    pool, vacancies = some_people(rng, 40, 2), some_vacancies(rng, 30, 2)
    assert_array_equal(refusals(pool, vacancies).sum(axis=0), refusals(pool, vacancies, "people").sum(axis=0))


def test_without_gates_nobody_is_refused():
    rng = np.random.default_rng(5)
    pool, vacancies = some_people(rng, 4, 2, gates=False), some_vacancies(rng, 3, 2)
    assert refusals(pool, vacancies).tolist() == [[0] * 6] * 3
    assert refusals(pool, vacancies, "people").tolist() == [[0] * 6] * 4


def test_refusals_need_the_same_skills_columns_and_a_side():
    rng = np.random.default_rng(6)
    pool, vacancies = some_people(rng, 4, 2), some_vacancies(rng, 3, 2)
    with pytest.raises(FrameworkMismatch):
        refusals(pool, some_vacancies(rng, 3, 3))
    with pytest.raises(ValueError, match="side"):
        refusals(pool, vacancies, "persons")
    two = Pool(pool.people, pool.skills, pool.mean, pool.sd, Attributes(levels=np.zeros((4, 2), int)))
    with pytest.raises(ValueError, match="2 columns of people and 3 of vacancies"):
        refusals(two, vacancies)
    none = Vacancies(
        vacancies.vacancies, vacancies.skills, vacancies.band, vacancies.importance, None, Requirements(size=3)
    )
    assert not refusals(two, none)[:, 2].any()
