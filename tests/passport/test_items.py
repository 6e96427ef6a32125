import csv
import shutil

import numpy as np
import pytest

from passport import ContentError, ItemBank, load_framework, load_items
from passport._content import PARAMETER_COLUMNS
from passport.framework import CONTENT


@pytest.fixture
def folder(tmp_path):
    """A copy of the shipped content that a test may break."""
    shutil.copytree(CONTENT / "items", tmp_path / "items")
    return tmp_path


def spoil(folder, before, after, file="teamwork.toml", count=1):
    path = folder / "items" / file
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, count), encoding="utf-8")


def test_the_shipped_bank_has_three_own_items_for_every_skill():
    bank, framework = load_items(), load_framework()
    assert bank.framework == framework.version
    assert np.bincount(bank.main_skill, minlength=24).min() >= 3
    assert bank.slopes.shape == (len(bank.items), 24)


def test_every_item_is_complete_in_both_languages_and_has_an_expert_key():
    for content in load_items().contents:
        assert set(content.texts) == {"en", "nl"}
        assert sorted(content.key) == [0, 1, 2, 3]
        for text in content.texts.values():
            assert len(set(text.options)) == 4


def test_no_item_claims_to_be_calibrated_and_all_four_settings_occur():
    bank = load_items()
    assert not bank.calibrated.any()
    assert {content.setting for content in bank.contents} == {"energy", "healthcare", "industry", "way-to-work"}


def test_sentences_have_at_most_twelve_words_and_an_item_at_most_66():
    for content in load_items().contents:
        for language, text in content.texts.items():
            whole = " ".join([text.scene, text.question, *text.options])
            assert len(whole.split()) <= 66, (content.id, language)
            for mark in "!?":
                whole = whole.replace(mark, ".")
            for sentence in whole.split("."):
                assert len(sentence.split()) <= 12, (content.id, language, sentence)


def test_the_best_option_is_never_the_longest_and_its_place_varies():
    places = set()
    for content in load_items().contents:
        best = content.key.index(3)
        places.add(best)
        for language, text in content.texts.items():
            lengths = [len(option) for option in text.options]
            assert lengths[best] < max(lengths), (content.id, language)
            assert max(lengths) <= 2 * min(lengths), (content.id, language)
    assert places == {0, 1, 2, 3}


def test_the_version_follows_the_content(folder):
    same = load_items(folder)
    assert same.version == load_items().version
    spoil(folder, 'setting = "healthcare"', 'setting = "energy"')
    changed = load_items.__wrapped__(folder)
    assert changed.version != same.version


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('skill = "teamwork"', 'skill = "charm"', r"teamwork\.toml: field skill"),
        ('id = "teamwork-01"', 'id = "other-01"', r"teamwork\.toml: item other-01: field id"),
        ('id = "teamwork-02"', 'id = "teamwork-01"', r"item teamwork-01: field id: the same id is used twice"),
        ("seconds = ", "minutes = ", r"item teamwork-01: field minutes: unknown"),
        ("seconds = ", "seconds = -", r"item teamwork-01: field seconds: expected a number from 1 to 120"),
        ("steps = [", "steps = [nan, ", r"item teamwork-01: field steps: expected 3 numbers"),
        ("key = [", "key = [0, ", r"item teamwork-01: field key: expected 0, 1, 2 and 3"),
        ("[item.nl]", "[item.de]", r"item teamwork-01: field de: unknown"),
        ('question = "', 'question = "" # "', r"item teamwork-01: field en.question: expected a text"),
        ('setting = "', 'setting = "space', r"item teamwork-01: field setting: expected one of energy"),
        ("slopes = { teamwork", "slopes = { charm", r"item teamwork-01: field slopes: expected known skills"),
    ],
)
def test_a_broken_file_is_refused_naming_file_item_and_field(folder, before, after, message):
    spoil(folder, before, after)
    with pytest.raises(ContentError, match=message):
        load_items(folder)


def test_a_skill_without_items_is_named(folder):
    (folder / "items" / "safety.toml").unlink()
    with pytest.raises(ContentError, match="found none for safety"):
        load_items(folder)


def test_a_file_that_is_not_toml_is_named(folder):
    (folder / "items" / "rules.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ContentError, match=r"rules\.toml: not a TOML file in UTF-8"):
        load_items(folder)


def parameters(folder, **changes):
    row = dict.fromkeys(PARAMETER_COLUMNS, "") | {"item": "safety-01", "skill": "safety", "slope": "1.7"}
    row |= {"step_1": "-1", "step_2": "0", "step_3": "1", "seconds": "11", "calibrated": "true", "answers": "900"}
    with (folder / "parameters.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, PARAMETER_COLUMNS)
        writer.writeheader()
        writer.writerow(row | changes)


def test_calibrated_numbers_replace_the_experts(folder):
    parameters(folder)
    bank = load_items(folder)
    row = bank.row("safety-01")
    assert bank.calibrated.sum() == 1
    assert bank.calibrated[row]
    assert bank.slopes[row].max() == 1.7
    assert bank.steps[row].tolist() == [-1, 0, 1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"item": "safety-99"}, "item safety-99: field item"),
        ({"slope": "nan"}, "item safety-01: field slope: expected 0.05 to 5, got 'nan'"),
        ({"skill": "charm"}, "unknown skill 'charm'"),
        ({"calibrated": "maybe"}, "expected true or false"),
    ],
)
def test_broken_parameters_are_refused(folder, changes, message):
    parameters(folder, **changes)
    with pytest.raises(ContentError, match=message):
        load_items(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"slopes": [[0.0, 0.0]]}, "one or two above 0"),
        ({"slopes": [[-1.0, 0.0]]}, "finite numbers >= 0"),
        ({"steps": [[np.nan, 0, 1]]}, "NaN only as padding"),
        ({"seconds": [0.0]}, "above 0"),
        ({"seconds": [1.0, 2.0]}, "expected shape"),
    ],
)
def test_an_impossible_bank_is_refused(changes, message):
    values = {"slopes": [[1.0, 0.0]], "steps": [[-1.0, 0.0, 1.0]], "seconds": [10.0], "calibrated": [False]}
    with pytest.raises(ValueError, match=message):
        ItemBank("test", "1", ("item",), **(values | changes))


def test_an_item_is_found_by_name():
    bank = load_items()
    assert bank.items[bank.row("safety-01")] == "safety-01"
    with pytest.raises(KeyError, match="unknown item"):
        bank.row("nothing")
