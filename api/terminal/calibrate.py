"""`passport calibrate`: item parameters from a file of answers, and a report about them. Needs no database."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from api.errors import FileFault
from api.services import calibrate, calibration_report, files, item_checks
from api.services.calibrate import Calibration, State
from api.terminal import calibration_page
from api.terminal.progress import progress
from passport import load_framework, load_items


def run(answers: Path, out: Path, *, report: Path | None, enough: int, anchor: Path | None) -> None:
    """Write the parameters to `out` and the report to the folder `report`, and say in a few lines what was done."""
    _refuse(out, report)
    bank, framework = load_items(), load_framework()
    given = calibrate.read_answers(answers, bank)
    start = calibrate.start_from(bank, framework, anchor)
    with progress("calibrate") as say:
        made = calibrate.calibrate(given, start, framework, enough=enough, progress=say)
        say(made.found.rounds, made.found.rounds)
    files.write_text(calibrate.parameters(made), out)
    if report is not None:
        with progress("check") as say:
            told = calibration_report.summary(made, item_checks.check(made, say))
        files.write_text(json.dumps(told, indent=1, ensure_ascii=False, allow_nan=False) + "\n", report / "report.json")
        files.write_text(calibration_page.render(told), report / "report.html")
    _tell(made, out, report)


def _tell(made: Calibration, out: Path, report: Path | None) -> None:
    counts = Counter(made.states)
    print(f"{made.given.people} people, {made.given.answered.sum()} answers -> {out}")
    print(f"{counts[State.CALIBRATED]} of {len(made.states)} items calibrated from these answers")
    for state, why in (
        (State.ANCHORED, "keep the numbers of the anchor file"),
        (State.EARLIER, f"keep the numbers of an earlier calibration: fewer than {made.enough} answers now"),
        (State.TOO_FEW, f"stay uncalibrated, with the numbers of experts: fewer than {made.enough} answers"),
        (State.UNUSABLE, "keep the numbers they had: what was found lies outside what the bank takes"),
    ):
        if counts[state]:
            print(f"{counts[state]} {why}")
    if not made.found.converged:
        print(f"The numbers were still moving after {made.found.rounds} rounds: do not use them yet.")
    if report is not None:
        print(f"Report: {report / 'report.html'}")


def _refuse(out: Path, report: Path | None) -> None:
    """Find out before the long work, not after it, that its result could not be written."""
    if out.is_dir():
        raise FileFault(f"{out}: expected a file to write, got a directory")
    if report is not None and report.exists() and not report.is_dir():
        raise FileFault(f"{report}: expected a folder for the report, got a file")
