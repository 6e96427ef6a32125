"""People: known correlations, invented attributes, nothing protected."""

from __future__ import annotations

import numpy as np
import pytest

from data.synthetic.content import Content, load_content
from data.synthetic.people import UNKNOWN, People, draw_levels, draw_people
from data.synthetic.streams import CHUNK, chunks
from passport import load_framework

FRAMEWORK = load_framework()


@pytest.fixture(scope="module")
def content() -> Content:
    return load_content(FRAMEWORK.skills)


@pytest.fixture(scope="module")
def people(content: Content) -> People:
    return draw_people(content, FRAMEWORK.correlation, seed=5, chunk=0, rows=CHUNK)


def test_true_levels_follow_the_correlation_of_the_framework() -> None:
    levels = np.concatenate([draw_levels(FRAMEWORK.correlation, 7, chunk) for chunk in range(10)])
    np.testing.assert_allclose(levels.mean(axis=0), 0, atol=0.04)
    np.testing.assert_allclose(np.cov(levels.T), FRAMEWORK.correlation, atol=0.05)


def test_a_smaller_population_is_the_beginning_of_a_larger_one(content: Content, people: People) -> None:
    few = draw_people(content, FRAMEWORK.correlation, seed=5, chunk=0, rows=30)
    assert few.ids == people.ids[:30]
    np.testing.assert_array_equal(few.true, people.true[:30])
    for name, column in few.columns.items():
        np.testing.assert_array_equal(column, people.columns[name][:30])


def test_ids_run_on_from_chunk_to_chunk(content: Content, people: People) -> None:
    later = draw_people(content, FRAMEWORK.correlation, seed=5, chunk=1, rows=2)
    assert (people.ids[0], people.ids[-1]) == ("person-000001", f"person-{CHUNK:06d}")
    assert later.ids == [f"person-{CHUNK + 1:06d}", f"person-{CHUNK + 2:06d}"]
    assert not np.array_equal(later.true, people.true[:2])


def test_every_row_is_in_one_chunk() -> None:
    assert chunks(0) == []
    assert chunks(CHUNK) == [(0, CHUNK)]
    assert chunks(2 * CHUNK + 1) == [(0, CHUNK), (1, CHUNK), (2, 1)]


def test_some_fields_are_unknown_as_often_as_the_datasheet_says(people: People) -> None:
    columns = {"education": "education", "languages": "dutch", "certificates": "certificates"}
    shares = {name: np.mean([value is None for value in people.columns[column]]) for name, column in columns.items()}
    shares |= {
        "hours": np.isnan(people.columns["hours_min"]).mean(),
        "reach": np.isnan(people.columns["reach_km"]).mean(),
    }
    for name, share in UNKNOWN.items():
        assert abs(shares[name] - share) < 0.025, name


def test_people_live_in_the_region_and_travel_5_to_60_km(content: Content, people: People) -> None:
    centre = content.places.location[people.place]
    north, east = people.columns["latitude"] - centre[:, 0], people.columns["longitude"] - centre[:, 1]
    assert np.abs(north).max() < 0.05
    assert np.abs(east).max() < 0.08
    assert np.nanmin(people.columns["reach_km"]) >= 5
    assert np.nanmax(people.columns["reach_km"]) <= 60


def test_hours_are_a_range_within_a_working_week(people: People) -> None:
    low, high = people.columns["hours_min"], people.columns["hours_max"]
    known = ~np.isnan(low)
    assert np.all(low[known] <= high[known])
    assert low[known].min() >= 8
    assert high[known].max() <= 40


def test_what_the_gates_know_says_nothing_about_skills(people: People) -> None:
    known = np.array([value is not None for value in people.columns["education"]])
    education = np.array([value for value in people.columns["education"] if value is not None], dtype=float)
    correlations = [np.corrcoef(education, people.true[known, column])[0, 1] for column in range(24)]
    assert np.abs(correlations).max() < 0.09


def test_joined_keys_are_keys_of_the_content(content: Content, people: People) -> None:
    held = {key for text in people.columns["certificates"] if text for key in text.split(";")}
    limits = {key for text in people.columns["limits"] if text for key in text.split(";")}
    assert held <= set(content.certificates)
    assert limits == set(content.limits)
