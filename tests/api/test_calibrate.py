"""From a file of answers to parameters that the loader takes, and a page about them."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from api.errors import FileFault
from api.services import calibrate, calibration_report, item_checks
from api.services.calibrate import State
from api.terminal import calibrate as terminal
from api.terminal import calibration_page
from data.synthetic import generate as generator
from passport import load_framework, load_items
from passport.framework import CONTENT
from passport.model import probabilities

BANK, FRAMEWORK = load_items(), load_framework()
PILOT = generator.__file__.replace("generate.py", "pilot/answers.parquet")
ENOUGH = 50


@pytest.fixture(scope="session")
def table():
    """The answers of the pilot's first 120 people."""
    table = pyarrow.parquet.read_table(PILOT)
    people = list(dict.fromkeys(table["person"].to_pylist()))[:120]
    return table.filter(pa.compute.is_in(table["person"], pa.array(people)))


@pytest.fixture(scope="session")
def answers(table, tmp_path_factory):
    path = tmp_path_factory.mktemp("answers") / "answers.parquet"
    pyarrow.parquet.write_table(table, path)
    return path


@pytest.fixture(scope="session")
def made(answers):
    given = calibrate.read_answers(answers, BANK)
    return calibrate.calibrate(given, calibrate.start_from(BANK, FRAMEWORK), FRAMEWORK, enough=ENOUGH)


@pytest.fixture(scope="session")
def report(made):
    return calibration_report.summary(made, item_checks.check(made))


@pytest.fixture(scope="session")
def page(report):
    return calibration_page.render(report)


@pytest.fixture
def bank_with(tmp_path):
    """A maker of a bank from the real items and a text of parameters, with the folder it lies in."""

    def make(parameters):
        shutil.copytree(CONTENT / "items", tmp_path / "content" / "items")
        (tmp_path / "content" / "parameters.csv").write_text(parameters, encoding="utf-8")
        return load_items(tmp_path / "content", FRAMEWORK), tmp_path / "content"

    return make


def sheet(tmp_path, rows, header="person,item,option"):
    path = tmp_path / "answers.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_answers_are_graded_by_the_key_and_a_skip_is_missing(tmp_path):
    first, second = BANK.items[0], BANK.items[1]
    rows = [f"p{person},{first},{option}" for person, option in enumerate(["0", "1", "2", "3", ""], start=1)]
    given = calibrate.read_answers(sheet(tmp_path, [*rows, f"p5,{second},2"]), BANK)
    assert given.grades[:, 0].tolist() == [*BANK.contents[0].key, -1]
    assert given.grades[4, 1] == BANK.contents[1].key[2]
    assert given.asked[:3].tolist() == [5, 1, 0]
    assert given.answered[:3].tolist() == [4, 1, 0]
    assert np.isnan(given.seconds).all()


def test_the_median_time_counts_those_who_answered(tmp_path):
    item = BANK.items[3]
    rows = [f"p{number},{item},{option},{seconds}" for number, option, seconds in [(1, 0, 9), (2, 1, 11), (3, "", 900)]]
    given = calibrate.read_answers(sheet(tmp_path, [*rows, f"p4,{item},2,"], "person,item,option,seconds"), BANK)
    assert given.seconds[3] == 10
    assert np.isnan(np.delete(given.seconds, 3)).all()


def test_csv_and_parquet_say_the_same(table, answers, tmp_path):
    pyarrow.csv.write_csv(table, tmp_path / "answers.csv")
    one, other = calibrate.read_answers(answers, BANK), calibrate.read_answers(tmp_path / "answers.csv", BANK)
    assert np.array_equal(one.grades, other.grades)
    assert np.array_equal(one.asked, other.asked)
    assert np.allclose(one.seconds, other.seconds, equal_nan=True)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["p1,nothing-01,0"], "row 1, column item: expected an item of the bank .*, got 'nothing-01'"),
        (["p1,ITEM,0", "p2,ITEM,4"], "row 2, column option: expected a whole number from 0 to 3, got '4'"),
        (["p1,ITEM,1.5"], "row 1, column option: expected a whole number"),
        (["p1,ITEM,-1"], "row 1, column option"),
        (["p1,ITEM,best"], "row 1, column option: .* got 'best'"),
        ([",ITEM,1"], "row 1, column person: expected a text that is not empty, got None"),
        (["p1,,1"], "row 1, column item"),
        (["p1,ITEM,1", "p2,ITEM,1", "p1,ITEM,1"], "row 3, column item: expected an item once for every person"),
        ([], "expected at least one answer"),
    ],
)
def test_a_broken_file_is_refused_by_row_and_column(tmp_path, rows, message):
    with pytest.raises(FileFault, match=message):
        calibrate.read_answers(sheet(tmp_path, [row.replace("ITEM", BANK.items[0]) for row in rows]), BANK)


def test_a_file_without_the_columns_is_refused(tmp_path):
    with pytest.raises(FileFault, match="expected the columns item, option; they are missing"):
        calibrate.read_answers(sheet(tmp_path, ["p1,1"], "person,grade"), BANK)


def test_times_that_cannot_be_are_refused(tmp_path):
    with pytest.raises(FileFault, match="row 1, column seconds"):
        calibrate.read_answers(sheet(tmp_path, [f"p1,{BANK.items[0]},1,-3"], "person,item,option,seconds"), BANK)


def test_identifiers_that_are_no_texts_are_refused(tmp_path):
    odd = pa.table({"person": pa.array([["p1"]]), "item": [BANK.items[0]], "option": [1]})
    pyarrow.parquet.write_table(odd, tmp_path / "odd.parquet")
    with pytest.raises(FileFault, match="column person: expected texts"):
        calibrate.read_answers(tmp_path / "odd.parquet", BANK)


def test_the_written_file_makes_the_calibrated_bank(made, bank_with):
    bank, _ = bank_with(calibrate.parameters(made))
    assert bank.items == made.bank.items
    for name in ("slopes", "steps", "seconds", "calibrated"):
        assert np.array_equal(getattr(bank, name), getattr(made.bank, name)), name
    assert bank.version != BANK.version
    assert 0 < bank.calibrated.sum() < len(bank.items)


def test_items_with_too_few_answers_keep_every_number(made):
    few = made.given.answered < ENOUGH
    assert few.any()
    assert np.array_equal(made.bank.calibrated, ~few)
    for name in ("slopes", "steps", "seconds"):
        assert np.array_equal(getattr(made.bank, name)[few], getattr(BANK, name)[few]), name
    assert {state for state, is_few in zip(made.states, few, strict=True) if is_few} == {State.TOO_FEW}


def test_without_enough_answers_the_bank_stays_the_bank_it_was(answers, bank_with):
    given = calibrate.read_answers(answers, BANK)
    made = calibrate.calibrate(given, calibrate.start_from(BANK, FRAMEWORK), FRAMEWORK, enough=10_000)
    bank, _ = bank_with(calibrate.parameters(made))
    assert bank.version == BANK.version


def test_anchors_keep_their_numbers_and_what_these_rest_on(made, answers, tmp_path):
    text = calibrate.parameters(made)
    lines = text.splitlines()
    kept = [line for line in lines[1:] if line.endswith(tuple(f"true,{n}" for n in range(1000)))][:5]
    anchor = tmp_path / "earlier.csv"
    anchor.write_text("\n".join([lines[0], *kept]) + "\n", encoding="utf-8")
    start = calibrate.start_from(BANK, FRAMEWORK, anchor)
    few = calibrate.read_answers(answers, BANK)
    again = calibrate.calibrate(few, start, FRAMEWORK, enough=ENOUGH + 10)
    assert again.states.count(State.ANCHORED) == 5
    assert [line for line in calibrate.parameters(again).splitlines() if line in kept] == kept


def test_an_earlier_calibration_is_not_lost_when_answers_are_few(made, tmp_path, bank_with):
    bank, folder = bank_with(calibrate.parameters(made))
    one = calibrate.read_answers(sheet(tmp_path, [f"p1,{BANK.items[0]},1"]), bank)
    start = calibrate.start_from(bank, FRAMEWORK, folder=folder)
    again = calibrate.calibrate(one, start, FRAMEWORK, enough=ENOUGH)
    calibrated = [line for line in calibrate.parameters(made).splitlines() if ",true," in line]
    assert [line for line in calibrate.parameters(again).splitlines() if ",true," in line] == calibrated
    assert set(again.states) == {State.EARLIER, State.TOO_FEW}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("item,skill", "item,ability"), "expected the columns item, skill"),
        (lambda text: text.replace(",true,", ",maybe,"), "field calibrated: expected true or false"),
        (lambda text: text.replace(",true,", ",false,"), "expected at least one calibrated item"),
        (lambda text: re.sub(r",true,\d+", ",true,many", text), "field answers: expected a whole number, got 'many'"),
        (
            lambda text: re.sub(r"\n([\w-]+),(?!safety)\w+,(.*,true,)", r"\n\1,safety,\2", text),
            "expected the skills that this item has",
        ),
    ],
)
def test_a_broken_anchor_file_is_refused_by_item_and_field(made, tmp_path, change, message):
    path = tmp_path / "anchor.csv"
    path.write_text(change(calibrate.parameters(made)), encoding="utf-8")
    with pytest.raises(FileFault, match=message):
        calibrate.start_from(BANK, FRAMEWORK, path)


def test_an_anchor_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileFault, match="there is no such file"):
        calibrate.start_from(BANK, FRAMEWORK, tmp_path / "none.csv")


def test_the_command_writes_parameters_and_report(answers, tmp_path, capsys):
    out, folder = tmp_path / "new" / "parameters.csv", tmp_path / "report"
    terminal.run(answers, out, report=folder, enough=100, anchor=None)
    said = capsys.readouterr()
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert len(out.read_text(encoding="utf-8").splitlines()) == len(BANK.items) + 1
    assert f"{report['states']['calibrated']} of {len(BANK.items)} items calibrated" in said.out
    assert "stay uncalibrated" in said.out
    assert (folder / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert {json.loads(line)["step"] for line in said.err.splitlines()} == {"calibrate", "check"}


def test_a_result_that_could_not_be_written_is_refused_before_the_work(answers, tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(FileFault, match="expected a file to write"):
        terminal.run(answers, tmp_path, report=None, enough=100, anchor=None)
    with pytest.raises(FileFault, match="expected a folder for the report"):
        terminal.run(answers, tmp_path / "p.csv", report=tmp_path / "taken", enough=100, anchor=None)


def test_the_report_counts_what_the_file_holds(report, table):
    assert report["people"] == 120
    assert report["answers"] == len(table) - table["option"].null_count
    assert report["skippedShare"] == pytest.approx(table["option"].null_count / len(table), abs=1e-4)
    assert sum(report["states"].values()) == len(BANK.items)
    for item in report["items"]:
        assert sum(item["grades"]) == item["answers"]
        assert (item["slopeError"] is not None) == (item["state"] == "calibrated")


def test_what_all_items_tell_is_at_least_what_calibrated_ones_tell(report):
    for skill in report["skills"]:
        everything, part = np.array(skill["information"]), np.array(skill["informationCalibrated"])
        assert np.all(everything >= part)
        assert np.all(np.array(skill["errorAllItems"]) <= np.array(skill["errorAsAsked"]))
        assert np.allclose(skill["errorAllItems"], 1 / np.sqrt(1 + everything), atol=1e-3)
        assert 0 < skill["reliability"] < 1


def test_the_report_shows_the_correlation_beside_the_assumed_one(report):
    correlation = report["correlation"]
    for kind in ("estimated", "assumed"):
        matrix = np.array(correlation[kind])
        assert matrix.shape == (24, 24)
        assert np.allclose(np.diag(matrix), 1)
    assert 0 <= correlation["shrinkage"] <= 1


class Page(HTMLParser):
    """Tags, identifiers and references of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.pointers, self.sources = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags.append(tag)
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.pointers += attributes.get("aria-labelledby", "").split()
        self.pointers += [attributes["href"][1:]] if attributes.get("href", "").startswith("#") else []
        self.sources += [value for name, value in attrs if name in ("src", "href") and not value.startswith("#")]
        assert not any(name.startswith("on") or name == "style" for name in attributes)


def test_the_page_runs_no_script_and_fetches_nothing(page):
    found = Page(page)
    assert "script" not in found.tags
    assert set(found.sources) == {"data:,"}
    assert "url(" not in page
    assert "@import" not in page


def test_every_picture_has_a_title_a_description_and_a_table(page, report):
    pictures = re.findall(r'<svg role="img".*?</svg>', page, re.DOTALL)
    assert len(pictures) == 2 * len(FRAMEWORK.skills) + 2
    assert all("<title" in picture and "<desc" in picture for picture in pictures)
    for skill in report["skills"]:
        assert f"<caption>{skill['name']} by level</caption>" in page


def test_names_on_the_page_are_unique_and_lead_somewhere(page):
    found = Page(page)
    assert len(found.ids) == len(set(found.ids))
    assert set(found.pointers) <= set(found.ids)


def test_the_page_lists_every_item_and_says_what_stays_uncalibrated(page, report):
    plain = page.replace("_<wbr>", "_")
    assert all(f'<th scope="row">{item}</th>' in plain for item in BANK.items)
    open_items = len(BANK.items) - report["calibrated"]
    assert f"{open_items} items are not calibrated" in page
    assert f"Fewer than {ENOUGH} people answered them" in page
    waiting = re.findall(r"<li>([\w-]+): \d+ answers?</li>", plain)
    assert waiting == [item["item"] for item in report["items"] if item["state"] == "too-few"]


def test_the_page_claims_no_validity(page):
    words = re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL).lower()
    assert "does not show that a level goes with anything at work" in words
    assert not re.search(r"\bvalid|predict|proves?\b|guarantee", words)


def test_a_report_that_did_not_settle_says_so(report):
    assert "Do not use them yet" in calibration_page.render(report | {"converged": False})
    assert "Do not use them yet" not in calibration_page.render(report | {"converged": True})


def test_an_item_that_everybody_answers_alike_gives_no_usable_numbers_and_keeps_its_own(tmp_path):
    best = BANK.contents[0].key.index(3)
    path = sheet(tmp_path, [f"p{number},{BANK.items[0]},{best}" for number in range(300)])
    given = calibrate.read_answers(path, BANK)
    made = calibrate.calibrate(given, calibrate.start_from(BANK, FRAMEWORK), FRAMEWORK)
    assert made.states[0] is State.UNUSABLE
    assert np.array_equal(made.bank.steps[0], BANK.steps[0])
    assert not made.bank.calibrated.any()
    page = calibration_page.render(calibration_report.summary(made, item_checks.check(made)))
    assert "1 item: no usable result" in page


@pytest.fixture(scope="module")
def planted():
    """500 people and 24 items by the model, but of two items one is answered by chance and one copies its neighbour."""
    rng = np.random.default_rng(8)
    items = np.array([np.flatnonzero(BANK.main_skill == skill)[0] for skill in range(24)])
    levels = rng.multivariate_normal(np.zeros(24), FRAMEWORK.correlation, size=500)
    chance = probabilities(levels @ BANK.slopes[items].T, BANK.offset[items])
    drawn = np.sum(rng.random((500, 24, 1)) > chance.cumsum(axis=2), axis=2)
    drawn[:, 5] = rng.integers(4, size=500)
    drawn[:, 9] = np.where(rng.random(500) < 0.6, drawn[:, 14], drawn[:, 9])
    grades = np.full((500, len(BANK.items)), -1, dtype=np.int8)
    grades[:, items] = drawn
    given = calibrate.Answers(grades, (grades >= 0).sum(axis=0), np.full(len(BANK.items), np.nan))
    made = calibrate.calibrate(given, calibrate.start_from(BANK, FRAMEWORK), FRAMEWORK, enough=10_000)
    return items, calibration_report.summary(made, item_checks.check(made))


def test_an_item_answered_by_chance_is_named_as_one_that_does_not_fit(planted):
    items, report = planted
    misfits = [row for row, item in enumerate(report["items"]) if "misfit" in item["look"]]
    assert items[5] in misfits
    assert len(misfits) <= 3
    assert "does not fit the model" in calibration_page.render(report)


def test_two_items_that_say_one_thing_twice_are_named_together(planted):
    items, report = planted
    first, second = sorted(BANK.items[items[row]] for row in (9, 14))
    assert [sorted((pair["first"], pair["second"])) for pair in report["pairs"]] == [[first, second]]


def test_no_fit_is_told_of_an_item_that_nobody_answered(planted):
    items, report = planted
    told = [row for row, item in enumerate(report["items"]) if item["misfit"] is not None]
    assert told == sorted(items)
