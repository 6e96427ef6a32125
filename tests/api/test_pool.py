"""What is stored reaches the matching core unchanged, and unknown stays unknown."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sqlalchemy import select
from sqlalchemy import update as change

from api.access import Actor, Purpose, Role, visible_people
from api.services import content, shortlists
from api.store import people, pool, vacancies
from api.store.tables import PassportRow, Person
from tests.api.helpers import SKILLS, add_people, create_vacancy, give_passport, rows

SIZE = len(SKILLS)


def read_pool(app, tenant, **rest):
    with app.state.readers() as session:
        return shortlists.read_pool(
            session, Actor(Role.CASEWORKER, organisation=tenant.organisation), Purpose.GUIDANCE, **rest
        )


def read_vacancies(app, tenant):
    with app.state.readers() as session:
        return shortlists.read_vacancies(session, Actor(Role.CASEWORKER, organisation=tenant.organisation))


def test_skill_vectors_arrive_to_the_last_bit(app, tenant):
    passport = give_passport(app, tenant.person, seed=9)
    found = read_pool(app, tenant)
    assert found.people == (tenant.person,)
    assert found.skills == SKILLS
    np.testing.assert_array_equal(found.mean[0], passport.mean)
    np.testing.assert_array_equal(found.sd[0], passport.sd)


def test_only_skills_with_information_of_their_own_count_as_measured(app, tenant):
    give_passport(app, tenant.person, measured=False)
    assert not read_pool(app, tenant).measured.any()
    own = np.zeros(SIZE, "<f4")
    own[3] = 0.5
    with app.state.writers.begin() as session:
        session.execute(change(PassportRow).values(own_information=own.tobytes()))
    assert np.flatnonzero(read_pool(app, tenant).measured[0]).tolist() == [3]


def test_unknown_attributes_stay_unknown(app, tenant):
    add_people(app, tenant.organisation, 1)
    held = read_pool(app, tenant).attributes
    assert held.certificates_known.tolist() == [False]
    assert held.certificates.tolist() == held.limits.tolist() == held.sectors.tolist() == [0]
    assert held.levels.tolist() == [[-1, -1, -1]]
    assert np.isnan(held.hours).all()
    assert np.isnan(held.location).all()
    assert np.isnan(held.reach_km).all()


def test_known_attributes_arrive_as_bits_and_numbers(app, tenant):
    known = {"certificates": "forklift;vca", "limits": "heights;lifting", "sectors": "energy;industry"}
    numbers = {"education": 3, "dutch": 0, "hours_min": 16.0, "hours_max": 24.0, "reach_km": 15.0}
    add_people(app, tenant.organisation, 1, latitude=51.4, longitude=5.5, **known, **numbers)
    held, shipped = read_pool(app, tenant).attributes, content.load()
    bit = {key: 1 << term.bit for terms in (shipped.certificates, shipped.limits) for key, term in terms.items()}
    assert held.certificates_known.tolist() == [True]
    assert held.certificates.tolist() == [bit["forklift"] | bit["vca"]]
    assert held.limits.tolist() == [bit["heights"] | bit["lifting"]]
    assert held.sectors.tolist() == [1 | 4]
    assert held.levels.tolist() == [[3, 0, -1]]
    assert held.hours.tolist() == [[16.0, 24.0]]
    assert held.location.tolist() == [pytest.approx([51.4, 5.5])]
    assert held.reach_km.tolist() == [15.0]


def test_holding_no_certificate_is_known(app, tenant):
    add_people(app, tenant.organisation, 1, certificates="")
    held = read_pool(app, tenant).attributes
    assert (held.certificates_known.tolist(), held.certificates.tolist()) == ([True], [0])


def test_a_key_that_no_longer_exists_is_no_bit(app, tenant):
    add_people(app, tenant.organisation, 1, certificates="vca;abolished", limits="abolished")
    held = read_pool(app, tenant).attributes
    assert held.certificates.tolist() == [1 << content.load().certificates["vca"].bit]
    assert held.limits.tolist() == [0]


def test_half_a_place_is_no_place(app, tenant):
    add_people(app, tenant.organisation, 1, latitude=51.4)
    assert np.isnan(read_pool(app, tenant).attributes.location).all()


def test_passports_of_another_framework_are_not_compared(app, tenant):
    give_passport(app, tenant.person)
    with app.state.writers.begin() as session:
        session.execute(change(PassportRow).values(framework="framework-of-yesterday", mean=b"\0" * 12))
    assert len(read_pool(app, tenant)) == 0


def test_nobody_makes_an_empty_pool(app, tenant):
    assert len(read_pool(app, tenant)) == 0
    assert len(read_vacancies(app, tenant)) == 0


def test_some_of_the_people_are_the_same_rows_as_all(app, tenant):
    ids = add_people(app, tenant.organisation, 6, dutch=2)
    all_people, some = read_pool(app, tenant), read_pool(app, tenant, among=ids[2:5])
    assert set(some.people) == set(ids[2:5])
    rows_of = [all_people.people.index(person) for person in some.people]
    np.testing.assert_array_equal(all_people.mean[rows_of], some.mean)


def test_a_vacancy_arrives_as_it_was_described(client, app, tenant):
    formal = {"certificates": ["vca"], "demands": ["heights"], "education": 2, "dutch": 3, "english": 1}
    rest = {"hoursMin": 24, "hoursMax": 36, "sector": None, "latitude": 51.5, "longitude": 5.4, "remote": True}
    made = create_vacancy(client, tenant.bearer("employer"), seats=4, requirements=formal | rest)
    jobs, asked = read_vacancies(app, tenant), read_vacancies(app, tenant).requirements
    assert jobs.vacancies == (made["vacancyId"],)
    assert jobs.seats.tolist() == [4]
    assert {SKILLS[k]: int(jobs.band[0, k]) for k in np.flatnonzero(jobs.band[0])} == {
        ask["skill"]: ask["band"] for ask in made["profile"]
    }
    assert asked.certificates.tolist() == [1 << content.load().certificates["vca"].bit]
    assert asked.demands.tolist() == [1 << content.load().limits["heights"].bit]
    assert asked.levels.tolist() == [[2, 3, 1]]
    assert asked.hours.tolist() == [[24.0, 36.0]]
    assert asked.sector.tolist() == [0]
    assert asked.location.tolist() == [pytest.approx([51.5, 5.4])]
    assert asked.remote.tolist() == [True]


@settings(max_examples=50, deadline=None)
@given(arrays.arrays(np.float32, st.integers(1, 30).map(lambda n: (n, n)), elements=st.floats(-4, 4, width=32)))
def test_a_packed_covariance_unpacks_to_the_same(matrix):
    symmetric = np.tril(matrix) + np.tril(matrix, -1).T
    np.testing.assert_array_equal(people.unpack_triangle(people.pack_triangle(symmetric), len(symmetric)), symmetric)


@given(st.lists(st.one_of(st.none(), st.lists(st.sampled_from(["a", "b", "c", "gone"])).map(";".join))))
def test_masks_hold_exactly_the_known_keys(texts):
    keys = {"a": 1, "b": 2, "c": 1 << 63}
    found = pool.masks(texts, keys, np.uint64).tolist()
    for text, mask in zip(texts, found, strict=True):
        held = set((text or "").split(";"))
        assert {key for key, bit in keys.items() if mask & bit} == held & set(keys)


def test_a_vector_of_another_length_is_refused():
    with pytest.raises(ValueError, match=f"3 values came, {SIZE} were expected"):
        people.vector(b"\0" * 12, SIZE)


def test_a_profile_without_importance_is_refused():
    with pytest.raises(ValueError, match="no skill is asked"):
        vacancies.profile(np.zeros(SIZE), np.ones(SIZE))


def test_a_newer_passport_replaces_the_older_one_in_bulk_too(app, tenant):
    ids = add_people(app, tenant.organisation, 3)
    give_passport(app, ids[1], seed=77)
    assert len(read_pool(app, tenant)) == 3
    assert len(rows(app, select(PassportRow.id).where(PassportRow.current))) == 3
    assert len(rows(app, select(PassportRow.id))) == 4


def test_identifiers_keep_the_order_asked_and_leave_out_whom_one_may_not_see(app, tenant, stranger):
    mine, theirs = add_people(app, tenant.organisation, 3), add_people(app, stranger.organisation, 1)
    visible = visible_people(Actor(Role.CASEWORKER, organisation=tenant.organisation), Purpose.GUIDANCE)
    with app.state.readers() as session:
        asked = [mine[2], theirs[0], mine[0]]
        assert people.identifiers(session, visible, asked) == [mine[2], mine[0]]
        assert people.identifiers(session, visible) == sorted([*mine, tenant.person])
        assert set(people.known(session, [*mine, *theirs, "nobody"])) == {*mine, *theirs}


def test_a_change_that_comes_second_changes_nothing(app, tenant):
    with app.state.writers.begin() as session:
        person = session.get_one(Person, tenant.person)
        session.execute(change(Person).values(version=5), execution_options={"synchronize_session": False})
        assert people.change(session, person, visible=True) is False
        assert (person.version, person.visible) == (5, False)
