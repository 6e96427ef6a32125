import csv
import dataclasses
from pathlib import Path

import pytest

from passport import ItemText, load_items
from passport.lint import lint, sentences

CONTENTS = load_items().contents


def spoiled(**texts):
    """The first item with some of its English replaced, beside the rest of the bank."""
    first = CONTENTS[0]
    english = dataclasses.replace(first.texts["en"], **texts)
    return [dataclasses.replace(first, texts={**first.texts, "en": english}), *CONTENTS[1:]]


def rules(findings, item=CONTENTS[0].id):
    return {finding.rule for finding in findings if finding.item == item}


def test_the_shipped_bank_is_clean():
    assert [str(finding) for finding in lint(CONTENTS)] == []


def test_the_bank_has_ten_items_a_skill_and_a_third_load_on_two_skills():
    bank = load_items()
    loads = (bank.slopes > 0).sum(axis=1)
    assert len(bank.items) >= 240
    assert min((bank.main_skill == skill).sum() for skill in range(24)) >= 10
    assert (loads == 2).mean() >= 1 / 3


@pytest.mark.parametrize(
    ("texts", "rule"),
    [
        ({"scene": "You walk " + "and walk " * 6 + "home."}, "sentence"),
        ({"scene": "You work. " * 40}, "length"),
        ({"scene": "You commence the work."}, "words"),
        ({"scene": "You handle electroencephalographically recorded things."}, "words"),
        ({"scene": "The work is a piece of cake."}, "words"),
        ({"options": ("A.", "You do a good thing.", "You do a bad thing now.", "You do one thing.")}, "options"),
        ({"options": ("You do one", "You do two.", "You do six.", "You do ten.")}, "options"),
    ],
)
def test_a_planted_fault_is_found(texts, rule):
    assert rule in rules(lint(spoiled(**texts)))


def test_two_items_with_one_scene_are_found():
    copied = spoiled(scene=CONTENTS[9].texts["en"].scene)
    assert [(f.item, f.detail) for f in lint(copied) if f.rule == "twins"] == [
        (CONTENTS[9].id, f"nearly the scene of {CONTENTS[0].id}")
    ]


def test_a_best_option_that_is_the_longest_is_found():
    best = CONTENTS[0].key.index(3)
    options = ["You do one thing.", "You do two jobs.", "You do six jobs.", "You do ten jobs."]
    options[best] = "You do every job that there is."
    assert "options" in rules(lint(spoiled(options=tuple(options))))


def test_a_missing_language_is_found():
    first = dataclasses.replace(CONTENTS[0], texts={"en": CONTENTS[0].texts["en"]})
    assert "language" in rules(lint([first, *CONTENTS[1:]]))


def test_a_bank_whose_best_option_always_stands_first_is_found():
    turned = []
    for content in CONTENTS:
        order = sorted(range(4), key=lambda i: -content.key[i])
        texts = {
            language: ItemText(text.scene, text.question, tuple(text.options[i] for i in order))
            for language, text in content.texts.items()
        }
        turned.append(dataclasses.replace(content, key=tuple(content.key[i] for i in order), texts=texts))
    assert any(finding.rule == "key" for finding in lint(turned))


def test_sentences_are_told_apart():
    assert sentences("You wait. Why? Because you must: now.") == ["You wait", "Why", "Because you must", "now"]


def test_the_agreement_of_the_second_read_is_kept_for_every_item_in_both_languages():
    path = Path(__file__).parents[2] / "docs" / "agreement.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["item"], row["language"]) for row in rows} == {
        (content.id, language) for content in CONTENTS for language in ("en", "nl")
    }
    assert all(row["best_agrees"] == "true" for row in rows)
