"""Scoring stored answers again after a calibration, and what the passport then says."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sqlalchemy import select, update

from api.access import Actor, Role
from api.services.passports import Rescored, own_share, rescore
from api.store import people
from api.store.tables import Answer, AuditEntry, PassportRow
from api.terminal import rescore as terminal
from passport import begin, issue, load_items, observe
from tests.api.helpers import SKILLS, answer_items, give_passport, rows, start

OLD = "bank-before-calibration"
BANK = load_items()


def measured(client, app, tenant, count=12, pick=lambda item: len(item["scene"]) % 4):
    """Let the tenant's person get a passport, and make it one of an older bank with other levels."""
    assessment, headers = start(client, tenant.bearer("seeker"))
    answer_items(client, assessment["assessmentId"], headers, count, pick)
    done = client.post(f"/v1/assessments/{assessment['assessmentId']}/completions", headers=headers)
    assert done.status_code == 201
    level = np.full(len(SKILLS), 0.123, "<f4").tobytes()
    with app.state.writers.begin() as session:
        session.execute(update(PassportRow).values(bank=OLD, mean=level))
    return assessment["assessmentId"]


def guide(tenant):
    return Actor(Role.CASEWORKER, organisation=tenant.organisation, token="t")


def passports_of(app, person):
    query = select(PassportRow).where(PassportRow.person_id == person)
    return rows(app, query.order_by(PassportRow.current, PassportRow.created_at))


def test_the_new_passport_is_what_the_answers_say_by_the_bank_of_today(client, app, tenant, session):
    measured(client, app, tenant)
    progress = begin(BANK)
    for given in rows(app, select(Answer).order_by(Answer.position)):
        item = BANK.row(given.item)
        progress = observe(progress, item, BANK.contents[item].key[given.option])
    expected = issue(progress, person=tenant.person)
    assert rescore(session, guide(tenant)) == Rescored(issued=1)
    session.commit()
    _, new = passports_of(app, tenant.person)
    assert new.bank == BANK.version
    assert new.mean == expected.mean.astype("<f4").tobytes()
    assert new.own_information == expected.own_information.astype("<f4").tobytes()
    assert new.covariance == people.pack_triangle(expected.covariance)
    assert new.provisional


def test_the_old_passport_is_kept_but_no_longer_current(client, app, tenant, session):
    assessment = measured(client, app, tenant)
    rescore(session, guide(tenant))
    session.commit()
    old, new = passports_of(app, tenant.person)
    assert (old.bank, old.current, new.current) == (OLD, False, True)
    assert old.assessment_id == new.assessment_id == assessment
    shown = client.get(f"/v1/people/{tenant.person}/passport", headers=tenant.bearer("seeker")).json()
    assert shown["bank"] == BANK.version


def test_it_is_written_down_without_any_personal_detail(client, app, tenant, session):
    measured(client, app, tenant)
    rescore(session, guide(tenant))
    session.commit()
    (entry,) = rows(app, select(AuditEntry).where(AuditEntry.deed == "passport-rescored"))
    assert (entry.subject, entry.actor, entry.organisation_id) == (tenant.person, "caseworker:t", tenant.organisation)
    assert json.loads(entry.detail) == {"bank": BANK.version, "before": OLD, "answers": 12}


def test_scoring_twice_changes_nothing(client, app, tenant, session):
    measured(client, app, tenant)
    assert rescore(session, guide(tenant)) == Rescored(issued=1)
    assert rescore(session, guide(tenant)) == Rescored(current=1)
    session.commit()
    assert len(passports_of(app, tenant.person)) == 2


def test_answers_given_after_the_passport_count_too(client, app, tenant, session):
    assessment = measured(client, app, tenant)
    answer_items(client, assessment, tenant.bearer("seeker"), 3)
    assert rescore(session, guide(tenant)) == Rescored(issued=1)
    entry = session.scalars(select(AuditEntry).where(AuditEntry.deed == "passport-rescored")).one()
    assert json.loads(entry.detail)["answers"] == 15


def test_a_skipped_item_stays_missing_and_one_that_left_the_bank_says_nothing(client, app, tenant, session):
    measured(client, app, tenant, count=14, pick=lambda _item: 1)
    first, second = rows(app, select(Answer).order_by(Answer.position))[:2]
    with app.state.writers.begin() as other:
        other.execute(update(Answer).where(Answer.position == first.position).values(option=None))
        other.execute(update(Answer).where(Answer.position == second.position).values(item="gone-01"))
    assert rescore(session, guide(tenant)) == Rescored(issued=1)
    session.commit()
    progress = begin(BANK)
    for given in rows(app, select(Answer).order_by(Answer.position)):
        if given.item in BANK.items:
            item = BANK.row(given.item)
            progress = observe(progress, item, -1 if given.option is None else BANK.contents[item].key[given.option])
    assert passports_of(app, tenant.person)[1].mean == issue(progress, "p").mean.astype("<f4").tobytes()


def test_passports_without_answers_stay_as_they_are(app, tenant, session):
    give_passport(app, tenant.person)
    with app.state.writers.begin() as other:
        other.execute(update(PassportRow).values(bank=OLD))
    assert rescore(session, guide(tenant)) == Rescored(without_answers=1)
    (kept,) = passports_of(app, tenant.person)
    assert kept.current


def test_nobody_scores_people_of_another_organisation(client, app, tenant, stranger, session):
    measured(client, app, tenant)
    assert rescore(session, guide(stranger)) == Rescored()
    assert rescore(session, guide(stranger), [tenant.person]) == Rescored()
    assert rescore(session, Actor(Role.EMPLOYER, organisation=tenant.organisation), [tenant.person]) == Rescored()
    assert rescore(session, guide(tenant), ["nobody", tenant.person]) == Rescored(issued=1)


def test_the_command_does_the_whole_organisation_and_says_so(client, app, tenant, session, capsys):
    measured(client, app, tenant)
    assert terminal.run(session, "Municipality of Nowhere")
    first = capsys.readouterr()
    assert "1 passports issued by bank" in first.out
    assert json.loads(first.err.splitlines()[-1]) == {"step": "rescore", "done": 1, "total": 1}
    assert terminal.run(session, "Municipality of Nowhere")
    assert "1 were issued by it already" in capsys.readouterr().out
    (entry,) = rows(app, select(AuditEntry).where(AuditEntry.deed == "passport-rescored"))
    assert entry.actor == "admin:command-line"


def test_the_command_makes_no_organisation(session):
    assert not terminal.run(session, "Nobody's Town")
    assert not terminal.run(session, "Nobody's Town")


def test_the_passport_tells_the_chance_of_the_band_and_the_share_of_own_items(client, app, tenant):
    assessment, headers = start(client, tenant.bearer("seeker"))
    answer_items(client, assessment["assessmentId"], headers, 12)
    client.post(f"/v1/assessments/{assessment['assessmentId']}/completions", headers=headers)
    skills = client.get(f"/v1/people/{tenant.person}/passport", headers=headers).json()["skills"]
    assert {skill["measured"] for skill in skills} == {True, False}
    for skill in skills:
        assert 0 < skill["probability"] < 1
        assert (skill["ownShare"] > 0) == skill["measured"]
        assert skill["between"] is None or skill["probability"] < 0.8


@pytest.mark.parametrize(
    ("variance", "own", "share"),
    [
        (1.0, 0.0, 0.0),  # nothing is known
        (0.5, 0.0, 0.0),  # all of it from neighbours
        (0.5, 1.0, 1.0),  # precision 2 = 1 of the population + 1 of own items
        (0.25, 1.5, 0.5),  # precision 4 = 1 + 1.5 own + 1.5 of neighbours
        (0.8, 3.0, 1.0),  # an item on two skills tells less than it says; never more than all
    ],
)
def test_the_own_share_adds_up_in_precision(variance, own, share):
    assert own_share(np.sqrt([variance]), np.array([own])) == pytest.approx([share])


def test_own_answers_raise_the_own_share_and_those_about_neighbours_lower_it():
    alone = np.count_nonzero(BANK.slopes, axis=1) == 1
    own, near = (np.flatnonzero(alone & (BANK.main_skill == skill))[:3] for skill in (0, 1))
    progress, shares = begin(BANK), []
    for item in (near[0], *own, *near[1:]):
        progress = observe(progress, int(item), 2)
        passport = issue(progress, "p")
        shares.append(own_share(passport.sd, passport.own_information)[0])
    assert shares[0] == 0
    assert shares[0] < shares[1] < shares[2] < shares[3] < 1
    assert shares[3] > shares[4] > shares[5] > 0.5
