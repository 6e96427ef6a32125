"""An assessment through HTTP, from a first click without an account to a passport."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import select

from api.services import assess
from api.store.tables import Answer, Assessment, PassportRow
from passport import begin, finished, issue, load_items, observe
from tests.api.helpers import answer_items, rows, seeker_headers, start


def best_option(item):
    """Return the position of the option with the highest grade."""
    return picked(item, 3)


def picked(item, grade):
    content = load_items().contents[load_items().row(item["item"])]
    texts = content.texts["en"].options
    return next(i for i, text in enumerate(item["options"]) if content.key[texts.index(text)] == grade)


def test_anybody_can_walk_from_the_first_click_to_a_passport(client):
    assessment, headers = start(client)
    asked = answer_items(client, assessment["assessmentId"], headers, 60, best_option)
    assert 12 <= len(asked) <= 45
    path = f"/v1/assessments/{assessment['assessmentId']}"
    assert client.get(path + "/next-item", headers=headers).json() == {"finished": True, "item": None}
    completed = client.post(path + "/completions", headers=headers)
    assert completed.status_code == 201
    assert completed.headers["Location"] == f"/v1/people/{assessment['personId']}/passport"
    passport = client.get(completed.headers["Location"], headers=headers).json()
    assert passport == completed.json()
    assert passport["provisional"] is False
    assert passport["calibrated"] is False
    assert passport["note"] == "expert-set, uncalibrated"
    assert all(skill["level"] > 0 for skill in passport["skills"] if skill["measured"])
    assert client.get(path, headers=headers).json()["completed"] is True


def test_the_passport_is_the_one_the_core_issues_for_the_same_answers(client, app):
    assessment, headers = start(client)
    asked = answer_items(
        client, assessment["assessmentId"], headers, 20, lambda item: picked(item, len(item["item"]) % 4)
    )
    client.post(f"/v1/assessments/{assessment['assessmentId']}/completions", headers=headers)
    progress = begin(load_items())
    for item in asked:
        progress = observe(progress, load_items().row(item["item"]), len(item["item"]) % 4, 9.5)
    expected = issue(progress, person=assessment["personId"])
    row = rows(app, select(PassportRow))[0]
    np.testing.assert_array_equal(np.frombuffer(row.mean, "<f4"), expected.mean)
    np.testing.assert_array_equal(np.frombuffer(row.own_information, "<f4"), expected.own_information)
    assert row.provisional is not finished(progress)


def test_the_next_item_stays_the_same_until_it_is_answered(client):
    assessment, headers = start(client)
    path = f"/v1/assessments/{assessment['assessmentId']}/next-item"
    first = client.get(path, headers=headers).json()
    assert first == client.get(path, headers=headers).json()
    answer_items(client, assessment["assessmentId"], headers, 1)
    assert client.get(path, headers=headers).json()["item"]["item"] != first["item"]["item"]


def test_an_assessment_is_left_and_taken_up_again(client, app):
    assessment, headers = start(client)
    answer_items(client, assessment["assessmentId"], headers, 3)
    again = client.post("/v1/assessments", json={"language": "nl"}, headers=headers)
    assert again.status_code == 200
    assert again.json()["assessmentId"] == assessment["assessmentId"]
    assert again.json()["answered"] == 3
    assert again.json()["token"] is None
    item = client.get(f"/v1/assessments/{assessment['assessmentId']}/next-item", headers=headers).json()["item"]
    content = load_items().contents[load_items().row(item["item"])]
    assert item["scene"] == content.texts["nl"].scene
    assert sorted(item["options"]) == sorted(content.texts["nl"].options)
    other = seeker_headers(app, assessment["personId"])  # another phone
    assert client.get(f"/v1/assessments/{assessment['assessmentId']}", headers=other).json()["answered"] == 3


def test_replaying_stored_answers_gives_the_same_state_to_the_last_bit(client, app):
    assessment, headers = start(client)
    answer_items(client, assessment["assessmentId"], headers, 8)
    row = rows(app, select(Assessment))[0]
    answers = rows(app, select(Answer).order_by(Answer.position))
    warm = assess._progress(row, answers)
    assess._replay.cache_clear()
    cold = assess._progress(row, answers)
    np.testing.assert_array_equal(warm.posterior.covariance, cold.posterior.covariance)
    np.testing.assert_array_equal(warm.asked, cold.asked)


def test_the_same_answer_sent_twice_counts_once_and_gives_the_same_result(client):
    assessment, headers = start(client)
    path = f"/v1/assessments/{assessment['assessmentId']}"
    item = client.get(path + "/next-item", headers=headers).json()["item"]["item"]
    body = {"item": item, "option": 1}
    first = client.post(path + "/answers", json=body, headers=headers)
    answer_items(client, assessment["assessmentId"], headers, 2)
    second = client.post(path + "/answers", json=body, headers=headers)
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert first.json() == {"item": item, "position": 0, "enough": False, "finished": False}
    assert client.get(path, headers=headers).json()["answered"] == 3
    changed = client.post(path + "/answers", json=body | {"option": 2}, headers=headers)
    assert (changed.status_code, changed.json()["code"]) == (409, "already-answered")


def test_only_the_item_that_is_asked_can_be_answered(client):
    assessment, headers = start(client)
    path = f"/v1/assessments/{assessment['assessmentId']}"
    current = client.get(path + "/next-item", headers=headers).json()["item"]["item"]
    other = next(item for item in load_items().items if item != current)
    for item in (other, "no-such-item"):
        refused = client.post(path + "/answers", json={"item": item, "option": 0}, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (409, "not-the-current-item")
    assert client.get(path, headers=headers).json()["answered"] == 0


def test_twelve_answers_make_a_provisional_passport_and_fewer_none(client):
    assessment, headers = start(client)
    path = f"/v1/assessments/{assessment['assessmentId']}"
    answer_items(client, assessment["assessmentId"], headers, 11)
    early = client.post(path + "/completions", headers=headers)
    assert (early.status_code, early.json()["code"]) == (409, "too-few-answers")
    answer_items(client, assessment["assessmentId"], headers, 1)
    assert client.get(path, headers=headers).json()["enough"] is True
    provisional = client.post(path + "/completions", headers=headers)
    assert provisional.status_code == 201
    assert provisional.json()["provisional"] is True
    assert any(not skill["measured"] for skill in provisional.json()["skills"])
    assert len(answer_items(client, assessment["assessmentId"], headers, 1)) == 1  # and on it goes


def test_skipped_items_are_missing_and_do_not_count_towards_a_passport(client, app):
    assessment, headers = start(client)
    answer_items(client, assessment["assessmentId"], headers, 12, lambda _item: None)
    assert rows(app, select(Answer.option)) == [None] * 12
    refused = client.post(f"/v1/assessments/{assessment['assessmentId']}/completions", headers=headers)
    assert refused.status_code == 409


def test_completing_twice_without_new_answers_issues_one_passport(client, app):
    assessment, headers = start(client)
    path = f"/v1/assessments/{assessment['assessmentId']}/completions"
    answer_items(client, assessment["assessmentId"], headers, 13)
    first, second = (client.post(path, headers=headers).json() for _ in range(2))
    assert first == second
    assert len(rows(app, select(PassportRow))) == 1
    answer_items(client, assessment["assessmentId"], headers, 1)
    client.post(path, headers=headers)
    assert sorted(rows(app, select(PassportRow.current))) == [False, True]


def test_nothing_can_be_answered_after_the_end(client):
    assessment, headers = start(client)
    answer_items(client, assessment["assessmentId"], headers, 60)
    path = f"/v1/assessments/{assessment['assessmentId']}"
    client.post(path + "/completions", headers=headers)
    asked = {"item": load_items().items[0], "option": 0}
    refused = client.post(path + "/answers", json=asked, headers=headers)
    assert refused.status_code in (201, 409)  # 201 only when it repeats the answer that was given
    late = client.post(path + "/answers", json={"item": "no-such-item", "option": 0}, headers=headers)
    assert (late.status_code, late.json()["code"]) == (409, "assessment-finished")


def test_options_are_shuffled_by_assessment_and_item_and_stay_so():
    orders = {(seed, item): assess.shuffled(seed, item, 4) for seed in range(40) for item in ("a-01", "b-02")}
    assert orders == {key: assess.shuffled(*key, 4) for key in orders}
    assert all(sorted(order) == [0, 1, 2, 3] for order in orders.values())
    assert len(set(orders.values())) > 15  # of 24 possible ones


def test_an_answer_is_stored_as_written_in_the_content_file(client, app):
    assessment, headers = start(client)
    asked = answer_items(client, assessment["assessmentId"], headers, 6, lambda _item: 2)
    options = rows(app, select(Answer.option).order_by(Answer.position))
    for item, option in zip(asked, options, strict=True):
        written = load_items().contents[load_items().row(item["item"])].texts["en"].options
        assert written[option] == item["options"][2]


def test_no_key_grade_or_level_leaves_the_server_during_an_assessment(client):
    assessment, headers = start(client)
    path = f"/v1/assessments/{assessment['assessmentId']}"
    item = client.get(path + "/next-item", headers=headers).json()["item"]
    assert set(item) == {"item", "position", "scene", "question", "options"}
    content = load_items().contents[load_items().row(item["item"])]
    sent = client.get(path + "/next-item", headers=headers).text
    assert not any(reason in sent for reason in content.reasons)
    assert not any(text in sent for text in content.texts["nl"].options)
    answered = client.post(path + "/answers", json={"item": item["item"], "option": 0}, headers=headers).json()
    assert set(answered) == {"item", "position", "enough", "finished"}
    stands = {"assessmentId", "personId", "language", "answered", "enough", "finished", "completed", "startedAt"}
    assert set(client.get(path, headers=headers).json()) == stands


def test_nobody_else_can_read_or_answer_an_assessment(client, tenant, stranger):
    assessment, headers = start(client, tenant.bearer("seeker"))
    path = f"/v1/assessments/{assessment['assessmentId']}"
    unknown = client.get("/v1/assessments/nowhere", headers=stranger.bearer("seeker"))
    for role in ("seeker", "caseworker", "admin"):
        refused = client.get(path, headers=stranger.bearer(role))
        assert (refused.status_code, refused.json()) == (404, unknown.json())
        for step in ("/next-item",):
            assert client.get(path + step, headers=stranger.bearer(role)).status_code == 404
        body = {"item": "x", "option": 0}
        assert client.post(path + "/answers", json=body, headers=stranger.bearer(role)).status_code == 404
        assert client.post(path + "/completions", headers=stranger.bearer(role)).status_code == 404
    assert client.get(path).status_code == 401
    assert client.get(path, headers=tenant.bearer("employer")).status_code == 403
    assert client.get(path, headers=headers).status_code == 200


def test_a_caseworker_starts_one_for_a_person_of_the_own_organisation(client, tenant, stranger):
    assessment, _ = start(client, tenant.bearer("caseworker"), person=tenant.person)
    assert assessment["personId"] == tenant.person
    assert assessment["token"] is None
    fresh, _ = start(client, tenant.bearer("caseworker"))
    assert client.get(f"/v1/people/{fresh['personId']}", headers=tenant.bearer("caseworker")).status_code == 200
    for headers in (stranger.bearer("caseworker"), stranger.bearer("seeker"), {}):
        refused = client.post("/v1/assessments", json={"person": tenant.person}, headers=headers)
        assert refused.status_code == 404


def test_two_people_who_come_by_themselves_are_two_people_with_a_token_each(client):
    (first, own), (second, other) = start(client), start(client)
    assert first["personId"] != second["personId"]
    assert client.get(f"/v1/people/{first['personId']}", headers=own).status_code == 200
    assert client.get(f"/v1/people/{first['personId']}", headers=other).status_code == 404


def test_an_assessment_of_an_older_bank_can_be_read_but_not_gone_on_with(client, app):
    assessment, headers = start(client)
    with app.state.writers.begin() as session:
        session.get_one(Assessment, assessment["assessmentId"]).bank = "bank-of-yesterday"
    path = f"/v1/assessments/{assessment['assessmentId']}"
    assert client.get(path, headers=headers).status_code == 200
    refused = client.get(path + "/next-item", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (409, "bank-changed")
    again = client.post("/v1/assessments", json={"language": "en"}, headers=headers)
    assert again.status_code == 201
    assert again.json()["assessmentId"] != assessment["assessmentId"]


@pytest.mark.parametrize("option", [-1, 4, 1.0, "1", True])
def test_an_option_that_was_not_shown_is_invalid(client, option):
    assessment, headers = start(client)
    path = f"/v1/assessments/{assessment['assessmentId']}/answers"
    refused = client.post(path, json={"item": "teamwork-01", "option": option}, headers=headers)
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["pointer"] == "/option"
