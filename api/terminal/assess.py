"""`passport assess`: the assessment in the terminal, as a conversation or from a file of answers."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

from rich.console import Console
from sqlalchemy.exc import DBAPIError

from api.services import outlook
from api.services.assess import LANGUAGES
from api.settings import Settings
from api.terminal import script, texts
from api.terminal.desk import Desk, Sitting
from api.terminal.ends import DONE, FAILED, INTERRUPTED, WRONG, End, Left
from api.terminal.show import Show, least_sure
from api.terminal.talk import Talk, passport_screen

STORAGE = (DBAPIError, OSError)  # disk full, no right to write, database locked or gone
SEEDS = range(2**31)
SCRIPTED_SEED = 0  # a file of answers gives the same passport again, also when nobody thought of a seed


def sit(
    settings: Settings,
    *,
    language: str | None,
    answers: Path | None,
    resume: str | None,
    seed: int | None,
    as_json: bool,
    console: Console,
) -> int:
    """Take one assessment and return the exit code: 0 done or stopped, 1 failed, 2 wrong input, 130 Ctrl-C.

    With `answers` nothing is asked. With `as_json` the passport is all that is printed to `console`; a conversation
    and faults then go to standard error. `seed` counts for a new assessment only.
    """
    _never_fail_to_print(console)
    faults = Show(_errors(), texts.load(language if language in LANGUAGES else texts.of_the_terminal()))
    try:
        _check(language, seed)
        rows = None if answers is None else _read(answers)
        with closing(Desk(settings)) as desk:
            if rows is None:
                return _converse(desk, language, resume, seed, as_json, console)
            return _play(desk, rows, language, resume, SCRIPTED_SEED if seed is None else seed, as_json, console)
    except End as end:
        faults.say(end.key, **end.values)
        return end.status
    except STORAGE as error:
        return _stored_badly(faults, error)
    except KeyboardInterrupt:
        faults.say("stopped.nothing")
        return INTERRUPTED


def _converse(
    desk: Desk, language: str | None, resume: str | None, seed: int | None, as_json: bool, console: Console
) -> int:
    talk = Talk(desk, _errors() if as_json else console, language)
    try:
        sitting = talk.run(resume, seed)
        if as_json:
            console.out(_as_json(desk, sitting))
        else:
            passport_screen(desk, sitting, talk.show)
        return DONE
    except Left:
        talk.goodbye()
        return DONE
    except KeyboardInterrupt:
        talk.goodbye()
        return INTERRUPTED
    except STORAGE as error:
        return _stored_badly(Show(_errors(), talk.show.texts), error, talk.sitting)


def _play(
    desk: Desk,
    rows: script.Script,
    language: str | None,
    resume: str | None,
    seed: int,
    as_json: bool,
    console: Console,
) -> int:
    """Answer every question from the file; whatever stops it, the answers before are saved."""
    if rows.fault is not None and not rows.options:
        raise rows.fault
    new = resume is None
    sitting = desk.begin(language or texts.of_the_terminal(), seed) if new else desk.resume(resume, language)
    words = texts.load(sitting.view.language)
    show, faults = Show(console, words), Show(_errors(), words)
    if not as_json:
        show.resume(sitting.code)
    try:
        while (question := desk.next_item(sitting)) is not None:
            desk.answer(sitting, question.item, rows.shown(question, words.language), None)
        if rows.fault is not None:
            raise rows.fault
        if as_json:
            console.out(_as_json(desk, sitting))
        else:
            passport_screen(desk, sitting, show)
        return DONE
    except End as end:
        faults.say(end.key, **end.values)
        faults.saved(sitting.code, desk.look(sitting))
        return end.status
    except KeyboardInterrupt:
        faults.stopped(sitting.code, desk.look(sitting))
        return INTERRUPTED
    except STORAGE as error:
        return _stored_badly(faults, error, sitting)


def _as_json(desk: Desk, sitting: Sitting) -> str:
    """Return the passport as JSON: the same levels give the same text, whoever and whenever; float32 values exactly."""
    view, levels = desk.passport(sitting, sitting.view.language)
    content = {
        "framework": view.framework,
        "bank": view.bank,
        "norm": view.norm,
        "calibrated": view.calibrated,
        "provisional": view.provisional,
        "answers": desk.look(sitting).answered,
        "skills": [
            {
                "skill": skill.skill,
                "level": float(levels.mean[k]),
                "sd": float(levels.sd[k]),
                "band": skill.band,
                "between": skill.between,
                "ownInformation": float(levels.own_information[k]),
                "measured": skill.measured,
            }
            for k, skill in enumerate(view.skills)
        ],
        "strengths": view.strengths,
        "leastSure": [skill.skill for skill in least_sure(view.skills)],
        "occupations": [
            {
                "occupation": each.occupation.key,
                "sector": each.occupation.sector,
                "fit": each.fit,
                "fitLow": each.low,
                "fitHigh": each.high,
                "reasons": each.reasons,
                "gap": each.gap,
            }
            for each in outlook.prospects(levels)
        ],
    }
    return json.dumps(content, indent=2)


def _check(language: str | None, seed: int | None) -> None:
    if language is not None and language not in LANGUAGES:
        raise End("wrong.language", found=repr(language), known=", ".join(LANGUAGES))
    if seed is not None and seed not in SEEDS:
        raise End("wrong.seed", found=seed, most=SEEDS.stop - 1)


def _read(answers: Path) -> script.Script:
    try:
        return script.read(answers)
    except OSError as error:
        raise End("wrong.unreadable", WRONG, file=str(answers), error=error.strerror or str(error)) from error


def _stored_badly(faults: Show, error: Exception, sitting: Sitting | None = None) -> int:
    faults.say("wrong.storage", error=str(getattr(error, "orig", None) or error))
    if sitting is not None:
        faults.resume(sitting.code)
    return FAILED


def _errors() -> Console:
    return Console(stderr=True, highlight=False)


def _never_fail_to_print(console: Console) -> None:
    """Let a terminal that lacks a sign show a question mark instead of failing."""
    if hasattr(console.file, "reconfigure") and not console.encoding.lower().startswith("utf"):
        console.file.reconfigure(errors="replace")
