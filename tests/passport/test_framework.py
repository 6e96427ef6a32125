import numpy as np
import pytest

from passport import ContentError, load_framework
from passport.framework import cluster_correlation

from . import banks


def test_the_framework_has_24_skills_in_both_languages_with_texts_of_at_most_12_words():
    framework = load_framework()
    assert len(framework.skills) == len(set(framework.skills)) == 24
    for language in ("en", "nl"):
        assert len(set(framework.names[language])) == 24
        assert all(0 < len(text.split()) <= 12 for text in framework.descriptions[language])


def test_esco_links_are_uris_or_openly_empty_and_every_skill_has_an_onet_id():
    framework = load_framework()
    assert all(uri == "" or uri.startswith("http://data.europa.eu/esco/skill/") for uri in framework.esco)
    assert [s for s, uri in zip(framework.skills, framework.esco, strict=True) if not uri] == [
        "listening",
        "client_focus",
    ]
    assert all(framework.onet)


def test_the_assumed_correlation_is_positive_definite_and_read_only():
    correlation = load_framework().correlation
    assert np.linalg.eigvalsh(correlation)[0] > 0.1
    assert sorted(set(np.round(correlation.ravel(), 6))) == [0.3, 0.6, 1.0]
    with pytest.raises(ValueError, match="read-only"):
        correlation[0, 0] = 2


def test_a_row_is_found_by_name_and_an_unknown_skill_is_named():
    framework = load_framework()
    assert framework.row("teamwork") == 0
    with pytest.raises(KeyError, match="unknown skill 'charm'"):
        framework.row("charm")


@pytest.mark.parametrize(
    ("correlation", "message"),
    [
        ([[1, 2], [2, 1]], "positive definite"),
        ([[1, 0.5], [0.4, 1]], "symmetric"),
        ([[1, np.nan], [np.nan, 1]], "finite"),
        ([[1.0]], "expected shape"),
    ],
)
def test_a_wrong_correlation_is_refused(correlation, message):
    with pytest.raises(ValueError, match=message):
        banks.framework(("one", "two"), np.array(correlation, dtype=float))


def test_a_broken_framework_file_is_refused_by_name(tmp_path):
    path = tmp_path / "framework.toml"
    path.write_text('version = "1"\n', encoding="utf-8")
    with pytest.raises(ContentError, match=r"framework\.toml: the field 'skill' is missing"):
        load_framework(path)
    path.write_text("version = ", encoding="utf-8")
    with pytest.raises(ContentError, match=r"framework\.toml"):
        load_framework(path)


def test_cluster_correlation_has_one_number_within_and_one_between():
    expected = [[1, 0.6, 0.3], [0.6, 1, 0.3], [0.3, 0.3, 1]]
    assert np.array_equal(cluster_correlation(("a", "a", "b"), 0.6, 0.3), expected)
