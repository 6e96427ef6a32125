"""The assessment in the terminal: scripted, talked through, stopped, killed, resumed. Everybody here is invented."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import stat
import string
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from sqlalchemy import select

from api.services import content, outlook
from api.services.outlook import Levels
from api.settings import Settings
from api.store.session import make_engine, sessions
from api.store.tables import Answer
from api.terminal import bars, codes, texts
from api.terminal.assess import sit
from passport import RULES, load_framework, load_items

ROOT = Path(__file__).parents[2]
LANGUAGES = ("en", "nl")
ALWAYS_FIRST = ["1"] * 60  # Enter at the welcome, every question, "go on" at the first result; the rest stays unread


@dataclass(frozen=True)
class Taken:
    """What one run of the command gave."""

    status: int
    out: str
    err: str

    @property
    def code(self) -> str:
        return re.findall(r"--resume (\S+)", self.out + self.err)[-1]

    @property
    def passport(self) -> dict:
        return json.loads(self.out)


@pytest.fixture
def take(settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Run the command in this process; `typed` is the standard input, line by line."""

    def run(*, typed: Iterable[str] = (), where: Settings = settings, width: int = 60, **options: object) -> Taken:
        asked = {"language": "en", "answers": None, "resume": None, "seed": 7, "as_json": False} | options
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in typed)))
        monkeypatch.setenv("COLUMNS", str(width))
        capsys.readouterr()
        status = sit(where, console=Console(file=sys.stdout, width=width, highlight=False), **asked)
        captured = capsys.readouterr()
        return Taken(status, captured.out, captured.err)

    return run


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    """A right answers file: for every item an option that differs from item to item."""
    return write(tmp_path / "answers.csv", right_lines())


def right_lines() -> list[str]:
    return ["item,option", *(f"{item},{row % 4 + 1}" for row, item in enumerate(load_items().items))]


def write(path: Path, lines: Iterable[str]) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def saved(settings: Settings) -> list[Answer]:
    """Return all answers in the database in the order asked."""
    engine = make_engine(settings)
    with sessions(engine, reading=True)() as session:
        found = list(session.scalars(select(Answer).order_by(Answer.answered_at, Answer.position)))
    engine.dispose()
    return found


# scripted


def test_the_same_answers_and_seed_give_the_same_passport_to_the_last_bit(take, answers):
    first, second = (take(answers=answers, seed=11, as_json=True) for _ in range(2))
    assert (first.status, first.err) == (0, "")
    assert first.out == second.out
    assert first.passport["answers"] == 45
    assert all(np.float32(skill["level"]) == skill["level"] for skill in first.passport["skills"])


def test_a_passport_does_not_depend_on_the_language(take, answers):
    english, dutch = (take(answers=answers, language=language, as_json=True) for language in LANGUAGES)
    assert english.out == dutch.out


def test_json_holds_levels_versions_and_occupations_of_every_sector(take, answers):
    passport = take(answers=answers, as_json=True).passport
    bank = load_items()
    assert (passport["framework"], passport["bank"]) == (bank.framework, bank.version)
    assert [skill["skill"] for skill in passport["skills"]] == list(load_framework().skills)
    assert {"level", "sd", "band", "between", "ownInformation", "measured"} < set(passport["skills"][0])
    assert {each["sector"] for each in passport["occupations"]} == set(content.SECTORS)
    assert passport["provisional"] is False
    assert passport["calibrated"] is False


def test_an_option_is_counted_as_written_and_zero_skips(take, answers, settings):
    lines = right_lines()
    lines[1:] = [f"{item},{row % 5}" for row, item in enumerate(load_items().items)]
    take(answers=write(answers, lines))
    written = dict(line.split(",") for line in lines[1:])
    assert [answer.option for answer in saved(settings)] == [
        None if written[answer.item] == "0" else int(written[answer.item]) - 1 for answer in saved(settings)
    ]


def test_scripted_answers_have_no_time_and_typed_ones_do(take, answers, settings):
    take(answers=answers)
    assert all(answer.seconds is None for answer in saved(settings))
    take(typed=["", "1", "2", "q"])
    assert all(answer.seconds >= 0 for answer in saved(settings)[45:])


def test_skipping_everything_measures_nothing_and_still_ends_kindly(take, answers):
    everything = [f"{item},0" for item in load_items().items]
    taken = take(answers=write(answers, ["item,option", *everything]))
    assert taken.status == 0
    assert "nothing is measured yet" in taken.out


FAULTS = {
    "{item},9": "'9'",
    "{item},": "''",
    "{item}": "1 cells",
    "{item},1,2": "3 cells",
    "no-such-item,1": "'no-such-item'",
    "{first},1": "came again",
    '"{item},1': "no CSV",
}


@pytest.mark.parametrize(("line", "named"), FAULTS.items())
def test_a_broken_line_is_named_the_answers_before_it_are_kept_and_a_mended_file_goes_on(
    take, answers, tmp_path, settings, line, named
):
    whole = take(answers=answers, as_json=True).out
    asked = [answer.item for answer in saved(settings)]
    options = dict(row.split(",") for row in right_lines())
    lines = ["item,option", *(f"{item},{options[item]}" for item in asked)]
    lines[21] = line.format(item=asked[20], first=asked[0])
    broken = take(answers=write(tmp_path / "broken.csv", lines))
    assert broken.status == 2
    assert "broken.csv, line 22:" in broken.err
    assert named in broken.err
    assert "Expected" in broken.err
    assert "20 answers are saved" in broken.err
    mended = take(answers=answers, resume=broken.code, as_json=True)
    assert (mended.status, mended.out) == (0, whole)


def test_bytes_that_are_no_text_are_named_by_their_line(take, answers):
    answers.write_bytes("\n".join([*right_lines(), "x,\N{EURO SIGN}"]).encode("cp1252"))
    taken = take(answers=answers)
    assert taken.status == 2
    assert f"line {len(right_lines()) + 1}: bytes came that are no text" in taken.err
    assert "45 answers are saved" in taken.err


@pytest.mark.parametrize("first", ["", "item;option", "item,option,why", "teamwork-01,1"])
def test_a_file_without_the_right_columns_starts_nothing(take, answers, settings, first):
    taken = take(answers=write(answers, [first]))
    assert (taken.status, taken.out) == (2, "")
    assert "line 1" in taken.err
    assert "item,option" in taken.err
    assert saved(settings) == []


def test_an_item_without_a_row_is_named(take, answers):
    taken = take(answers=write(answers, right_lines()[:3]))
    assert taken.status == 2
    assert re.search(r"no row for the item [a-z_]+-\d\d", taken.err)


def test_a_spreadsheet_file_with_a_byte_order_mark_and_windows_lines_is_read(take, answers):
    whole = take(answers=answers, as_json=True).out
    answers.write_bytes(b"\xef\xbb\xbf" + "\r\n".join([*right_lines(), ""]).encode())
    assert take(answers=answers, as_json=True).out == whole


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"answers": Path("no-such-file.csv")}, "no-such-file.csv"),
        ({"language": "fr"}, "'fr'"),
        ({"seed": -1}, "-1"),
        ({"resume": "AAAA-AAAA"}, "AAAA-AAAA"),
        ({"resume": "../../etc"}, "know the code"),
    ],
)
def test_wrong_arguments_are_told_in_one_line_with_exit_code_two(take, options, named):
    taken = take(**options)
    assert (taken.status, taken.out) == (2, "")
    assert named in taken.err


# talked through


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_whole_conversation_ends_with_the_passport(take, language):
    taken = take(typed=ALWAYS_FIRST, language=language)
    say = texts.load(language)
    assert taken.status == 0
    for key in ("first.title", "passport.title", "work.title", "next.title", "passport.uncalibrated"):
        assert say(key) in taken.out.replace("\n", " ")
    for sector in content.SECTORS:
        assert f"({say(f'sector.{sector}')})" in taken.out


def test_the_language_is_asked_when_it_is_not_given(take):
    taken = take(typed=["3", "2", "", "q"], language=None)
    assert "Welkom" in taken.out
    assert "Vraag 1" in taken.out


def test_after_twelve_answers_a_first_result_is_shown_once(take):
    skipping = ["", "s", "s", *["1"] * RULES.provisional_items, "1", "2", "q"]
    taken = take(typed=skipping)
    before, after = taken.out.split(texts.load("en")("first.title"))
    assert f"Question {RULES.provisional_items + 2}" in before
    assert f"Question {RULES.provisional_items + 3}" not in before
    assert "Not measured yet" in after
    assert "no diploma" in after


def test_one_can_stop_at_the_first_result_and_see_the_rest_later(take, settings):
    stopped = take(typed=["", *["1"] * 12, "2"])
    assert stopped.status == 0
    assert "12 answers are saved" in stopped.out
    resumed = take(typed=["", "1", "q"], resume=stopped.code)
    assert "Question 13" in resumed.out
    assert texts.load("en")("first.title") not in resumed.out
    assert len(saved(settings)) == 13


@pytest.mark.parametrize("last", [["q"], ["Q"], []])
def test_q_and_the_end_of_the_input_stop_kindly(take, settings, last):
    taken = take(typed=["", "1", "s", "2", *last])
    assert taken.status == 0
    assert "3 answers are saved" in taken.out
    assert taken.out.rstrip().endswith(taken.code)
    assert len(saved(settings)) == 3


def test_an_answer_that_is_none_is_asked_again(take, settings):
    taken = take(typed=["", "5", "yes", "", "1", "q"])
    assert taken.out.count("Please type one of these") == 3
    assert len(saved(settings)) == 1


def test_stopping_and_going_on_gives_the_passport_of_going_straight_on(take, answers):
    straight = take(typed=ALWAYS_FIRST, as_json=True)
    stopped = take(typed=["", *["1"] * 7, "q"])
    resumed = take(typed=ALWAYS_FIRST, resume=stopped.code.lower().replace("-", " "), as_json=True)
    assert (resumed.status, resumed.out) == (0, straight.out)
    assert "Question 8" in resumed.err
    assert "Question 7" not in resumed.err


def test_a_finished_passport_can_be_seen_again_in_the_other_language(take, answers):
    code = take(answers=answers).code
    again = take(resume=code, language="nl")
    assert again.status == 0
    assert texts.load("nl")("passport.title") in again.out
    assert "Vraag" not in again.out


def test_an_unfinished_assessment_is_offered_and_may_be_left_alone(take, settings):
    first = take(typed=["", "1", "1", "q"])
    going_on = take(typed=["1", "", "1", "q"], language=None)
    assert going_on.code == first.code
    assert "Question 3" in going_on.out
    new = take(typed=["2", "1", "", "1", "q"], language=None)
    assert new.code != first.code
    assert "Question 1" in new.out
    assert len(saved(settings)) == 4


def test_one_can_change_the_language_when_going_on(take):
    code = take(typed=["", "1", "q"]).code
    assert "Vraag 2" in take(typed=["", "q"], resume=code, language="nl").out
    assert "Vraag 2" in take(typed=["", "q"], resume=code, language=None).out


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_nothing_is_wider_than_the_terminal_and_nothing_has_colour(take, answers, language, width):
    said = take(typed=["", *["1"] * 13, "q"], language=language, width=width).out
    said += take(answers=answers, language=language, width=width).out
    assert max(len(line) for line in said.splitlines()) <= min(width, 100)
    assert "\x1b" not in said


def test_a_terminal_without_the_signs_gets_others(settings, answers, monkeypatch):
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding="ascii")
    console = Console(file=file, width=60, highlight=False)
    options = {"language": "nl", "answers": answers, "resume": None, "seed": 1, "as_json": False}
    assert sit(settings, console=console, **options) == 0
    file.flush()
    assert b"===#===" in raw.getvalue()


def test_a_folder_that_cannot_be_written_is_told_without_traceback(take, tmp_path):
    (tmp_path / "file").touch()
    taken = take(where=Settings(data=tmp_path / "file" / "data"))
    assert taken.status == 1
    assert "cannot be saved" in taken.err


# killed


def command(settings: Settings, *arguments: str) -> subprocess.Popen[str]:
    program = "import sys; from api.cli import main; sys.argv[0] = 'passport'; main()"
    environment = os.environ | {"PASSPORT_DATA": str(settings.data), "PYTHONPATH": str(ROOT), "COLUMNS": "60"}
    return subprocess.Popen(
        [sys.executable, "-c", program, "assess", "--language", "en", "--seed", "7", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=environment,
        start_new_session=True,
    )


def converse(process: subprocess.Popen[str], until: int) -> str:
    """Answer until question `until` is on the screen: every answer before it is acknowledged. Return what was said."""
    said = ""
    process.stdin.write("1\n")
    while f"Question {until}\n" not in said:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        said += line
        if re.fullmatch(r"Question \d+\n", line) or line.startswith("  2  Stop for now"):
            process.stdin.write("1\n")
        process.stdin.flush()
    return said


@pytest.mark.parametrize("acknowledged", [1, 6, 14])
def test_kill_9_loses_no_acknowledged_answer(take, settings, tmp_path, acknowledged):
    process = command(settings)
    said = converse(process, until=acknowledged + 1)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    kept = saved(settings)
    assert len(kept) in (acknowledged, acknowledged + 1)  # the one on its way may have arrived
    resumed = take(typed=ALWAYS_FIRST, resume=Taken(0, said, "").code, as_json=True)
    assert [answer.item for answer in saved(settings)][: len(kept)] == [answer.item for answer in kept]
    straight = take(typed=ALWAYS_FIRST, as_json=True, where=Settings(data=tmp_path / "straight"))
    assert (resumed.status, resumed.out) == (0, straight.out)


def test_ctrl_c_says_what_is_saved_and_ends_with_130(settings):
    process = command(settings)
    converse(process, until=4)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 130
    assert re.search(r"[34] answers are saved", out)
    assert "passport assess --resume" in out
    assert "Traceback" not in err


# codes, words, bars, occupations


def test_a_code_is_readable_by_its_owner_only_and_found_however_it_is_typed(tmp_path):
    ticket = codes.Ticket(token="not-a-real-token", assessment="nobody's")
    code = codes.keep(tmp_path, ticket)
    assert re.fullmatch(r"[2-9A-Z]{4}-[2-9A-Z]{4}", code)
    file = tmp_path / codes.FOLDER / code.replace("-", "")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert codes.find(tmp_path, f" {code.lower().replace('-', ' ')} ") == ticket
    file.write_text("{")
    assert codes.find(tmp_path, code) is None


def fields(text: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}


def test_both_catalogues_have_the_same_entries_with_the_same_values():
    english, dutch = (texts.load(language).entries for language in LANGUAGES)
    assert english.keys() == dutch.keys()
    assert {key: fields(text) for key, text in english.items()} == {key: fields(text) for key, text in dutch.items()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_have_at_most_twelve_words_and_call_nobody_low(language):
    for key, text in texts.load(language).entries.items():
        filled = re.sub(r"\{\w+\}", "X", text)
        for sentence in re.split(r"[.!?:]\s|\n", filled):
            assert len(sentence.split()) <= 12, f"{key}: {sentence}"
        assert not re.search(r"\b(low|weak|poor|bad|fail\w*|laag|zwak|slecht|onvoldoende)\b", filled.lower()), key


def test_every_entry_of_the_catalogue_is_used():
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "api" / "terminal").glob("*.py"))
    for key in texts.load("en").entries:
        group = key.rpartition(".")[0]  # band.3 is asked for as f"band.{band}", left.answers.one as "left.answers"
        assert re.search(rf"""["']({re.escape(key)}["']|{re.escape(group)}(["']|\.\{{))""", source), key


@given(width=st.sampled_from(bars.WIDTHS), level=st.floats(-6, 6), sd=st.floats(0.01, 2))
def test_a_bar_always_fills_its_width_and_grows_with_the_level(width, level, sd):
    drawn = bars.bar(level, sd, width).plain
    assert len(drawn) == width
    assert re.fullmatch(f"{bars.TRACK}*{bars.LIGHT}*{bars.SOLID}{bars.LIGHT}*{bars.TRACK}*", drawn)
    assert drawn.index(bars.SOLID) <= bars.bar(level + 0.5, sd, width).plain.index(bars.SOLID)


def test_every_band_lies_under_its_number():
    for width in bars.WIDTHS:
        for band, at in enumerate(re.finditer(r"\d", bars.scale(width)), start=1):
            assert abs(bars.cell((band - 3) * 0.75, width) - at.start()) <= 1


@pytest.mark.parametrize("seed", range(5))
def test_the_best_occupations_come_in_order_of_fit_with_one_of_every_sector_at_least(seed):
    found = outlook.prospects(some_levels(seed))
    assert len(found) == outlook.SHOWN
    assert {each.occupation.sector for each in found} == set(content.SECTORS)
    assert sorted((each.fit for each in found), reverse=True) == [each.fit for each in found]
    for each in found:
        assert each.low <= each.fit <= each.high
        assert len(each.reasons) == outlook.REASONS
        assert each.gap not in each.reasons


def test_raising_every_level_never_lowers_the_best_fit():
    levels = some_levels(1)
    higher = Levels(levels.mean + np.float32(0.5), levels.sd, levels.own_information, levels.covariance)
    assert outlook.prospects(higher)[0].fit >= outlook.prospects(levels)[0].fit


def some_levels(seed: int) -> Levels:
    framework = load_framework()
    random = np.random.default_rng(seed)
    mean = random.multivariate_normal(np.zeros(len(framework.skills)), framework.correlation).astype(np.float32)
    covariance = (0.3 * framework.correlation).astype(np.float32)
    return Levels(mean, np.sqrt(np.diag(covariance)), np.ones_like(mean), covariance)
