"""The assessment as a conversation: welcome, questions, a first result, the passport."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from rich.console import Console

from api.services import outlook
from api.services.assess import LANGUAGES, Answered, Question
from api.terminal import texts
from api.terminal.desk import Desk, Sitting
from api.terminal.ends import Left
from api.terminal.show import Show

STOP, SKIP, FIRST, SECOND = "q", "s", "1", "2"


class Talk:
    """Ask one person; `sitting` is set from the moment on that there is something to go on with."""

    def __init__(self, desk: Desk, console: Console, language: str | None) -> None:
        self._desk, self._console, self._language = desk, console, language
        self.sitting: Sitting | None = None
        self._speak(language or texts.of_the_terminal())

    def run(self, resume: str | None, seed: int | None) -> Sitting:
        """Lead through the whole assessment and return it finished; raises Left when the person stops before."""
        if (sitting := self._found(resume)) is not None:
            self._speak(self._language or sitting.view.language)
        else:
            self._speak(self._language or self._choose_language())
            sitting = self._desk.begin(self.show.texts.language, seed)
        self.sitting = sitting
        if not sitting.view.finished:
            self._welcome(sitting)
        known = sitting.view.enough
        while (question := self._desk.next_item(sitting)) is not None:
            answered = self._ask(sitting, question)
            if answered is not None and answered.enough and not answered.finished and not known:
                self._first_result(sitting)
            known = known or (answered is not None and answered.enough)
        return sitting

    def goodbye(self) -> None:
        """Say what is saved and how to go on."""
        self._console.print("\n")
        if self.sitting is None:
            self._aside.say("stopped.nothing")
        else:
            self._aside.stopped(self.sitting.code, self._desk.look(self.sitting))

    def _speak(self, language: str) -> None:
        somebody = self._console.is_terminal and sys.stdin is not None and sys.stdin.isatty()
        self.show = Show(self._console, texts.load(language), self._wait if somebody else None)
        self._aside = Show(self._console, self.show.texts)  # what is said beside the screen never waits

    def _found(self, resume: str | None) -> Sitting | None:
        """Return the assessment to go on with: of the code, or the one left here, if the person wants that."""
        if resume is not None:
            return self._desk.resume(resume, self._language)
        if (left := self._desk.unfinished()) is None:
            return None
        self._speak(self._language or left.view.language)
        self.sitting, show = left, self.show
        show.fresh()
        show.heading("left.title")
        show.line(show.texts.count("left.answers", left.view.answered))
        show.line()
        show.say("left.choices")
        if self._choice((FIRST, SECOND)) == FIRST:
            return self._desk.resume(left.code, self._language)
        self.sitting = None
        return None

    def _choose_language(self) -> str:
        catalogues = [texts.load(language) for language in LANGUAGES]
        self.show.fresh()
        self.show.line(" / ".join(catalogue("language.question") for catalogue in catalogues))
        self.show.line()
        for number, catalogue in enumerate(catalogues, start=1):
            self.show.line(f"  {number}  {catalogue('language.name')}")
        self.show.line()
        return LANGUAGES[int(self._choice([str(number) for number in range(1, len(LANGUAGES) + 1)])) - 1]

    def _welcome(self, sitting: Sitting) -> None:
        show, answered = self.show, sitting.view.answered
        show.fresh()
        show.heading("welcome.back" if answered else "welcome.title")
        if answered:
            show.line(show.texts.count("left.answers", answered))
        else:
            show.say("welcome.what")
        show.line()
        show.resume(sitting.code)
        show.line()
        self._read(show.texts("prompt.on" if answered else "prompt.start"))

    def _ask(self, sitting: Sitting, question: Question) -> Answered | None:
        self.show.fresh()
        self.show.question(question)
        start = time.monotonic()
        numbers = [str(number) for number in range(1, len(question.options) + 1)]
        given = self._choice([*numbers, SKIP])
        shown = None if given == SKIP else int(given) - 1
        return self._desk.answer(sitting, question.item, shown, time.monotonic() - start)

    def _first_result(self, sitting: Sitting) -> None:
        show = self.show
        view, _ = self._desk.passport(sitting, show.texts.language)
        show.fresh()
        show.heading("first.title")
        show.say("first.what")
        show.line()
        show.strengths(view)
        show.pause()
        show.skills(view)
        show.line()
        show.honest(view)
        show.line()
        show.say("first.choices")
        if self._choice((FIRST, SECOND)) == SECOND:
            raise Left

    def _choice(self, choices: Sequence[str]) -> str:
        while True:
            given = self._read(self.show.texts("prompt.answer")).strip().lower()
            if given in choices:
                return given
            self._aside.say("prompt.again", choices=", ".join(choices))

    def _wait(self) -> None:
        self._read(self.show.texts("prompt.more"))
        self._console.print()

    def _read(self, prompt: str) -> str:
        """Return what is typed; raises Left on q and at the end of the input."""
        try:
            given = self._console.input(prompt, markup=False)
        except (EOFError, RuntimeError):  # RuntimeError: there is no standard input at all
            self._console.print()
            raise Left from None
        except UnicodeDecodeError:
            return ""
        if given.strip().lower() == STOP:
            raise Left
        return given


def passport_screen(desk: Desk, sitting: Sitting, show: Show) -> None:
    """Show the passport part by part: strengths, all skills, work that fits, what to play next."""
    view, levels = desk.passport(sitting, show.texts.language)
    show.fresh()
    show.heading("passport.title")
    show.strengths(view)
    show.pause()
    show.skills(view)
    if view.strengths:
        show.pause()
        show.occupations(outlook.prospects(levels), view)
    show.pause()
    show.surer(view)
    show.line()
    show.honest(view)
    show.line()
    show.say("resume.again")
    show.command(sitting.code)
