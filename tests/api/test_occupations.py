import csv
import hashlib
from importlib import resources

import numpy as np
import pytest
from scipy.stats import norm, spearmanr

from passport import load_framework

CONTENT = resources.files("api.content")
FULL_MISS = 2.0
PEOPLE = 600
PASSPORT_SD = 0.5


def shipped(name):
    return list(csv.DictReader(CONTENT.joinpath(name).read_text(encoding="utf-8").splitlines()))


def column(name, kind=str):
    """Return a column of occupations.csv of shape (occupations, skills)."""
    values = np.array([kind(row[name]) for row in shipped("occupations.csv")])
    return values.reshape(-1, len(load_framework().skills))


@pytest.fixture(scope="module")
def asks():
    return column("band", int), column("importance", float)


def expected_fits(mean, sd, band, importance):
    """Return fits of shape (people, occupations) for levels N(mean, sd**2), from the formula in the design."""
    required = (band - 3) * 0.75

    def shortfall(cut):
        z = (cut - mean[:, None, :]) / sd
        return sd * (z * norm.cdf(z) + norm.pdf(z))

    met = 1 - (shortfall(required) - shortfall(required - FULL_MISS)) / FULL_MISS
    return np.sum(importance * met, axis=2)


@pytest.fixture(scope="module")
def fits(asks):
    correlation = load_framework().correlation
    levels = np.random.default_rng(20261).multivariate_normal(np.zeros(len(correlation)), correlation, PEOPLE)
    return expected_fits(levels, PASSPORT_SD, *asks)


def row_of(occupation):
    return column("occupation")[:, 0].tolist().index(occupation)


# The shipped table


def test_every_occupation_has_one_row_per_skill_in_the_order_of_the_framework():
    assert (column("skill") == np.array(load_framework().skills)).all()
    occupation = column("occupation")
    assert (occupation == occupation[:, :1]).all()
    assert len(set(occupation[:, 0])) == len(occupation)


def test_each_sector_has_at_least_eleven_occupations():
    sectors, counts = np.unique(column("sector")[:, 0], return_counts=True)
    assert sectors.tolist() == ["energy", "healthcare", "industry"]
    assert counts.min() >= 11
    assert counts.sum() >= 36


def test_importances_of_an_occupation_sum_to_one_and_are_zero_exactly_where_nothing_is_asked(asks):
    band, importance = asks
    np.testing.assert_allclose(importance.sum(axis=1), 1, atol=1e-9)
    assert ((band == 0) == (importance == 0)).all()
    assert set(np.unique(band)) == {0, 1, 2, 3, 4, 5}
    assert importance.max() <= 0.2505


def test_ten_to_fourteen_skills_are_asked(asks):
    asked = (asks[0] > 0).sum(axis=1)
    assert asked.min() >= 10
    assert asked.max() <= 14


def test_every_value_names_its_source_its_uncertainty_and_that_it_is_a_prior():
    source = column("source")
    assert all(text.startswith("O*NET 29.3 ") or text == "expert, no O*NET source" for text in source.ravel())
    assert (column("se", float) > 0.2).all()
    assert (column("prior") == "true").all()


def test_the_shipped_table_is_the_one_the_attribution_page_vouches_for():
    table = CONTENT.joinpath("occupations.csv").read_bytes()
    assert hashlib.sha256(table).hexdigest() in CONTENT.joinpath("SOURCES.md").read_text(encoding="utf-8")


def test_the_shipped_table_agrees_with_our_choice_of_occupations():
    ours = [
        (r["occupation"], r["sector"], r["onet"], r["esco"], r["label_nl"]) for r in shipped("occupation_sources.csv")
    ]
    made = [(r["occupation"], r["sector"], r["onet"], r["esco"], r["label_nl"]) for r in shipped("occupations.csv")]
    assert list(dict.fromkeys(made)) == ours


def test_an_occupation_has_an_esco_concept_or_is_marked_as_having_none():
    for row in shipped("occupation_sources.csv"):
        assert (row["esco"] == "") == (row["pair"] == "none"), row["occupation"]
        assert row["esco"] == "" or row["esco"].startswith("http://data.europa.eu/esco/occupation/")
        assert row["isco08"].isdigit()
        assert len(row["isco08"]) == 4
        assert row["label_en"]
        assert row["label_nl"]


# What the table does to people


def test_no_skill_is_asked_at_the_same_band_everywhere(asks):
    band, _ = asks
    for skill in range(band.shape[1]):
        assert len(set(band[band[:, skill] > 0, skill])) >= 3


def test_fits_of_simulated_people_spread_over_the_whole_range(fits):
    low, high = np.percentile(fits, [1, 99])
    assert low <= 0.45
    assert high >= 0.98


def test_an_average_person_fits_every_occupation_somewhat_and_none_fully(asks):
    average = expected_fits(np.zeros((1, asks[0].shape[1])), PASSPORT_SD, *asks)
    assert average.min() > 0.4
    assert average.max() < 0.99
    assert asks[0][asks[0] > 0].mean() < 3


@pytest.mark.parametrize("care", ["nursing_assistant", "home_care_aide"])
def test_a_care_job_and_a_machine_job_rank_other_people_first(fits, care):
    machine, like_care = row_of("cnc_operator"), row_of("practical_nurse")
    across = spearmanr(fits[:, row_of(care)], fits[:, machine]).statistic
    assert across < spearmanr(fits[:, row_of(care)], fits[:, like_care]).statistic - 0.1
    assert across < spearmanr(fits[:, row_of("machine_assembler")], fits[:, machine]).statistic - 0.1
    best = np.argsort(-fits, axis=0)[:20]
    assert len(set(best[:, row_of(care)]) & set(best[:, machine])) < 10


def test_people_rank_more_alike_within_a_sector_than_between_care_and_industry(fits):
    sector, correlation = column("sector")[:, 0], spearmanr(fits).statistic
    care, industry = sector == "healthcare", sector == "industry"
    within = correlation[np.ix_(care, care)][~np.eye(care.sum(), dtype=bool)]
    assert np.median(correlation[np.ix_(care, industry)]) < np.median(within) - 0.08


# Certificates, limits, formal requirements


@pytest.mark.parametrize("name", ["certificates.csv", "limits.csv"])
def test_bits_count_up_from_zero_and_keys_are_unique(name):
    rows = shipped(name)
    assert [int(row["bit"]) for row in rows] == list(range(len(rows)))
    assert len({row["key"] for row in rows}) == len(rows) <= 64
    assert all(row["label_en"] and row["label_nl"] for row in rows)


def test_usual_requirements_name_known_keys_for_every_occupation():
    certificates, limits = ({row["key"] for row in shipped(name)} for name in ("certificates.csv", "limits.csv"))
    demands = shipped("occupation_demands.csv")
    assert [row["occupation"] for row in demands] == column("occupation")[:, 0].tolist()
    for row in demands:
        assert set(filter(None, row["certificates"].split(";"))) <= certificates
        assert set(filter(None, row["demands"].split(";"))) <= limits
        assert 0 <= int(row["education"]) <= 8
        assert 0 <= int(row["dutch"]) <= 6
        assert 0 <= int(row["english"]) <= 6
        assert 0 < float(row["hours_min"]) <= float(row["hours_max"]) <= 40


def test_a_jobseeker_with_little_schooling_passes_the_level_gate_of_most_occupations():
    demands = shipped("occupation_demands.csv")
    open_to = [int(row["education"]) <= 2 and int(row["dutch"]) <= 3 and int(row["english"]) <= 1 for row in demands]
    assert np.mean(open_to) > 0.5
