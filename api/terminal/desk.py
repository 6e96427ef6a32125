"""The services as one sitting uses them: every call is one transaction, on disk when it returns."""

from __future__ import annotations

from dataclasses import dataclass

from api.access import ANONYMOUS, Actor, Purpose, visible_people
from api.errors import Conflict, NotFound, Unauthorised
from api.services import accounts, assess
from api.services.assess import Answered, AssessmentView, Question
from api.services.outlook import Levels
from api.services.passports import PassportView
from api.settings import Settings
from api.store import people
from api.store.session import make_engine, migrate, sessions
from api.terminal import codes
from api.terminal.ends import End

LOOK_BACK = 20  # how many of the newest codes are tried for an unfinished assessment
ELSEWHERE = ("not-the-current-item", "already-answered", "assessment-finished")  # answered in another window


@dataclass(frozen=True, slots=True)
class Sitting:
    """Somebody at an assessment; `view` is where it stood when this object was made."""

    code: str
    actor: Actor
    view: AssessmentView


class Desk:
    """One open database; brought to the newest version first."""

    def __init__(self, settings: Settings) -> None:
        self._data = settings.data
        self._engine = make_engine(settings)
        migrate(self._engine)
        self._writers, self._readers = sessions(self._engine), sessions(self._engine, reading=True)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def begin(self, language: str, seed: int | None) -> Sitting:
        """Start an assessment for somebody new; the same seed asks the same questions after the same answers."""
        with self._writers.begin() as session:
            started = assess.start(session, ANONYMOUS, language, seed=seed)
            token = str(started.token)
            actor = accounts.actor_of(session, token)
            code = codes.keep(self._data, codes.Ticket(token, started.assessment.assessment_id))
        return Sitting(code, actor, started.assessment)

    def resume(self, code: str, language: str | None = None) -> Sitting:
        """Go on with the assessment of a code, in another language if one is given; raises End for an unknown code."""
        if (sitting := self._sitting(code)) is None:
            raise End("wrong.code", code=codes.shown(code))
        if language in (None, sitting.view.language) or sitting.view.finished:
            return sitting
        with self._writers.begin() as session:
            view = assess.start(session, sitting.actor, language).assessment
        return Sitting(sitting.code, sitting.actor, view)

    def unfinished(self) -> Sitting | None:
        """Return the newest assessment begun on this computer that has answers and is not finished."""
        for code in codes.newest(self._data, LOOK_BACK):
            sitting = self._sitting(code)
            if sitting is not None and sitting.view.answered and not sitting.view.finished:
                return sitting
        return None

    def look(self, sitting: Sitting) -> AssessmentView:
        """Return where the assessment stands now."""
        with self._readers() as session:
            return assess.read(session, sitting.actor, sitting.view.assessment_id)

    def next_item(self, sitting: Sitting) -> Question | None:
        """Return the question to ask now, None when nothing is left; raises End when the items have changed."""
        try:
            with self._readers() as session:
                return assess.next_item(session, sitting.actor, sitting.view.assessment_id)
        except Conflict as conflict:
            raise End("wrong.items_changed") from conflict

    def answer(self, sitting: Sitting, item: str, shown: int | None, seconds: float | None) -> Answered | None:
        """Save an answer; None when another window was first, so that the next question is another one."""
        try:
            with self._writers.begin() as session:
                return assess.answer(session, sitting.actor, sitting.view.assessment_id, item, shown, seconds)
        except Conflict as conflict:
            if conflict.code not in ELSEWHERE:
                raise End("wrong.items_changed") from conflict
            return None

    def passport(self, sitting: Sitting, language: str) -> tuple[PassportView, Levels]:
        """Issue the passport for all answers so far, and return it in words and in numbers."""
        person = sitting.view.person_id
        with self._writers.begin() as session:
            try:
                view = assess.complete(session, sitting.actor, sitting.view.assessment_id, language)
            except (Conflict, NotFound) as problem:
                raise End("wrong.items_changed") from problem
            visible = visible_people(sitting.actor, Purpose.SELF)
            size = len(view.skills)
            rows = people.columns(session, visible, framework=view.framework, size=size, among=[person])
            spread = people.covariances(session, visible, [person], size).get(person)
        return view, Levels(rows.mean[0], rows.sd[0], rows.own_information[0], spread)

    def _sitting(self, code: str) -> Sitting | None:
        if (ticket := codes.find(self._data, code)) is None:
            return None
        try:
            with self._readers() as session:
                actor = accounts.actor_of(session, ticket.token)
                return Sitting(codes.shown(code), actor, assess.read(session, actor, ticket.assessment))
        except (Unauthorised, NotFound):  # erased, or another database
            return None
