"""What the assessment shows: one idea a screen, plain words, no colour, never wider than the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rich.console import Console
from rich.text import Text

from api.services.assess import AssessmentView, Question
from api.services.outlook import Prospect
from api.services.passports import PassportView, SkillLevel
from api.terminal import bars
from api.terminal.texts import Texts

WIDEST = 100  # cells; longer lines are hard to read
COLUMN = 72  # of running text
STRONGEST = 3
KEPT = 3  # lines of a screen left for the prompt
OCCUPATION = 7  # lines one occupation may need, which stay together on a screen
LEAST_SURE = 3
FITS = ((0.9, "most"), (0.75, "much"), (0.6, "large"), (0.0, "part"))


class Show:
    """Print parts of the assessment to one console in one language; `wait` is called whenever a screen is full."""

    def __init__(self, console: Console, texts: Texts, wait: Callable[[], None] | None = None) -> None:
        self.console, self.texts = console, texts
        self._wait, self._used = wait, 0
        self._plain = not console.encoding.lower().startswith("utf")

    @property
    def width(self) -> int:
        """How many cells a line may take."""
        return min(self.console.width, WIDEST)

    def fresh(self) -> None:
        """Begin a new screen: a cleared one when somebody sits there, otherwise an empty line."""
        self._used = 0
        if self._wait is not None:
            self.console.clear()
        else:
            self.console.print()

    def pause(self) -> None:
        """Separate two parts: wait until somebody wants to see more, or leave a line empty when nobody is there."""
        self.console.print()
        if self._wait is not None:
            self._wait()
            self._used = 0

    def line(self, text: str | Text = "", indent: int = 0, hang: int = 0) -> None:
        """Print running text, wrapped; `hang` indents every line after the first by so much more."""
        text = Text(text) if isinstance(text, str) else text
        room = min(self.width, COLUMN) - indent - hang
        rows = text.wrap(self.console, max(room, 10)) or [Text()]
        for number, row in enumerate(rows):
            row.rstrip()
            self._put(Text.assemble(" " * (indent + (hang if number else 0)), row))

    def say(self, key: str, **values: object) -> None:
        """Print a text of the catalogue, one paragraph for each of its lines."""
        for paragraph in self.texts(key, **values).splitlines():
            self.line(paragraph)

    def heading(self, key: str, **values: object) -> None:
        """Print a heading with an empty line after it."""
        self.line(Text(self.texts(key, **values), style="bold"))
        self.line()

    def resume(self, code: str) -> None:
        """Say how to go on later; the command stands on a line of its own, ready to copy."""
        self.say("resume.how")
        self.command(code)

    def command(self, code: str) -> None:
        """Print the command that goes on with a code."""
        self._put(Text("  " + self.texts("resume.command", code=code), style="bold"))

    def stopped(self, code: str, view: AssessmentView) -> None:
        """Say that stopping is fine, and what is saved."""
        self.say("stopped.kindly")
        self.saved(code, view)

    def saved(self, code: str, view: AssessmentView) -> None:
        """Say what is saved and how to go on, or how to see the passport again."""
        self.line(self.texts.count("stopped.saved", view.answered))
        self.say("resume.again" if view.completed else "resume.how")
        self.command(code)

    def question(self, question: Question) -> None:
        """Print one question with its options."""
        self.heading("question.title", number=question.position + 1)
        self.line(question.scene)
        self.line()
        self.line(question.question)
        self.line()
        for number, option in enumerate(question.options, start=1):
            self.line(Text.assemble((f"  {number}", "bold"), "  ", option), hang=5)
        self.line()
        self.say("question.keys")
        self.line()

    def strengths(self, view: PassportView) -> None:
        """Print the strongest skills with what they mean, or that nothing is measured yet."""
        by_key = {level.skill: level for level in view.skills}
        if not view.strengths:
            self.say("passport.nothing")
            return
        self.heading("passport.strongest")
        for skill in view.strengths[:STRONGEST]:
            self.line(Text.assemble("  ", (by_key[skill].name, "bold"), f": {by_key[skill].description}"), hang=4)

    def skills(self, view: PassportView) -> None:
        """Print every measured skill as a bar, strongest first, and the names of the others."""
        measured = [level for level in view.skills if level.measured]
        others = [level.name for level in view.skills if not level.measured]
        if measured:
            self.heading("passport.all")
            self._legend()
            how = bars.layout(measured, self.texts, self.width)
            self._lines(bars.lines(measured, self.texts, how))
            if not how.words:
                self.line()
                self.line(", ".join(f"{band} {self.texts(f'band.{band}')}" for band in range(1, bars.BANDS + 1)))
        if others:
            self.line()
            self.line(Text(self.texts("passport.unmeasured"), style="bold"))
            self.line(", ".join(others), indent=2)

    def honest(self, view: PassportView) -> None:
        """Say what this is not."""
        if not view.calibrated:
            self.say("passport.uncalibrated")
        self.say("passport.no_diploma")

    def occupations(self, found: Sequence[Prospect], view: PassportView) -> None:
        """Print the best-fitting occupations: the fit in words and number, what helps, the main gap."""
        self.heading("work.title")
        self.say("work.meaning")
        names = {level.skill: level for level in view.skills}
        for prospect in found:
            if self._full(OCCUPATION):
                self.pause()
            self.line()
            self._occupation(prospect, names)
        self.line()
        self.say("work.only_skills")

    def _occupation(self, prospect: Prospect, names: dict[str, SkillLevel]) -> None:
        texts, label = self.texts, prospect.occupation.labels[self.texts.language]
        sector = texts(f"sector.{prospect.occupation.sector}")
        self.line(Text.assemble((label[0].upper() + label[1:], "bold"), f" ({sector})"), hang=2)
        words = next(word for least, word in FITS if prospect.fit >= least)
        fit, low, high = (texts.decimal(value) for value in (prospect.fit, prospect.low, prospect.high))
        self.line(texts(f"work.{words}"), indent=2)
        self.line(texts("work.fit", fit=fit, low=low, high=high), indent=2)
        if prospect.reasons:
            reasons = ", ".join(names[skill].name for skill in prospect.reasons)
            self.line(texts("work.reasons", skills=reasons), indent=2, hang=2)
        if prospect.gap:
            gap = names[prospect.gap]
            self.line(texts("work.gap" if gap.measured else "work.not_measured", skill=gap.name), indent=2, hang=2)
        else:
            self.line(texts("work.no_gap"), indent=2)

    def surer(self, view: PassportView) -> None:
        """Say which skills are least sure, so what to play next."""
        self.heading("next.title")
        self.say("next.least_sure")
        for level in least_sure(view.skills):
            self.line(level.name, indent=2)
        self.say("next.how")

    def _full(self, lines: int) -> bool:
        return self._wait is not None and self._used + lines > self.console.height - KEPT

    def _legend(self) -> None:
        for sign, key in ((bars.SOLID, "passport.solid"), (bars.LIGHT, "passport.light")):
            self._put(Text(f"{sign} {self.texts(key)}"))
        self.line()

    def _lines(self, lines: Iterable[Text]) -> None:
        for line in lines:
            self._put(line)

    def _put(self, line: Text) -> None:
        if self._full(1):
            self.pause()
        self._used += 1
        if self._plain:
            line.plain = line.plain.translate(bars.PLAIN)
        self.console.print(line, no_wrap=True, overflow="ignore", crop=False)


def least_sure(levels: Iterable[SkillLevel]) -> list[SkillLevel]:
    """Return the skills with the largest standard errors, largest first."""
    return sorted(levels, key=lambda level: -level.standard_error)[:LEAST_SURE]
