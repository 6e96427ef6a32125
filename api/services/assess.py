"""Assessments: start, ask, answer, complete. The state is rebuilt by replaying the stored answers, exactly.

What leaves this module for a browser is text in the asked language and positions in a shuffled order: no keys, grades
or levels. What is stored is the option as written in the content file, so that an assessment can be scored again.
"""

from __future__ import annotations

import datetime as dt
import functools
import random
import secrets
from dataclasses import dataclass

from sqlalchemy.orm import Session

from api.access import Actor, Purpose, Role, visible_people
from api.errors import Conflict, NotFound
from api.services import passports
from api.services import people as people_service
from api.store import accounts, assessments, audit, people
from api.store.tables import Answer, Assessment
from passport import ItemBank, Progress, begin, choose, finished, issue, load_items, observe
from passport import provisional as enough

LANGUAGES = ("en", "nl")


@dataclass(frozen=True, slots=True)
class AssessmentView:
    """Where an assessment stands: `enough` for a provisional passport, `finished` when nothing is left to ask."""

    assessment_id: str
    person_id: str
    language: str
    answered: int
    enough: bool
    finished: bool
    completed: bool
    started_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Started:
    """A started or resumed assessment; the token is there once, for somebody who came by herself."""

    assessment: AssessmentView
    created: bool
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What a person is asked; her answer is the position of an option in this order."""

    item: str
    position: int
    scene: str
    question: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """What an answer led to; the same answer sent again leads to the same."""

    item: str
    position: int
    enough: bool
    finished: bool


def start(
    session: Session, actor: Actor, language: str, person_id: str | None = None, *, seed: int | None = None
) -> Started:
    """Start an assessment, or go on with an open one of the same person.

    Somebody without an account becomes a person with her own token. A caseworker names a person of the organisation
    or gets a new one. With the same `seed`, the same answers meet the same questions. Raises NotFound for a person the
    actor may not know.
    """
    token = None
    if actor.role is Role.ANONYMOUS:
        if person_id is not None:
            raise NotFound()
        person_id = people_service.create(session, actor).id
        _, token = accounts.create_token(session, Role.SEEKER, person_id=person_id)
    elif actor.role is Role.SEEKER:
        person_id = person_id or actor.person
    person_id = person_id or people_service.create(session, actor).id
    if token is None and people.one(session, visible_people(actor, Purpose.ASSESSMENT), person_id) is None:
        raise NotFound()
    bank = load_items()
    if (assessment := assessments.started(session, person_id, bank.version)) is not None:
        assessment.language = language
        return Started(_view(session, assessment), created=False)
    assessment = _insert(session, person_id, language, bank, seed)
    audit.record(session, actor.label, actor.organisation, "assessment-started", assessment.id, bank=bank.version)
    return Started(_view(session, assessment), created=True, token=token)


def read(session: Session, actor: Actor, assessment_id: str) -> AssessmentView:
    """Return where an assessment stands; raises NotFound."""
    return _view(session, _find(session, actor, assessment_id))


def next_item(session: Session, actor: Actor, assessment_id: str) -> Question | None:
    """Return the item to ask now, None when the assessment is finished; the same until it is answered."""
    assessment = _find(session, actor, assessment_id)
    progress = _progress(assessment, assessments.answers(session, assessment.id))
    if assessment.status == "finished" or finished(progress):
        return None
    row = choose(progress, seed=assessment.seed)
    content = progress.bank.contents[row]
    text = content.texts[assessment.language]
    order = shuffled(assessment.seed, content.id, len(text.options))
    options = tuple(text.options[option] for option in order)
    return Question(content.id, len(progress.asked), text.scene, text.question, options)


def answer(
    session: Session, actor: Actor, assessment_id: str, item: str, shown: int | None, seconds: float | None = None
) -> Answered:
    """Take the answer to the current item: `shown` is the position in the order shown, None skips.

    The same answer to an earlier item gives the same result again. Raises Conflict for another answer to it, for an
    item that is not asked now, and when the assessment is finished.
    """
    assessment = _find(session, actor, assessment_id, lock=True)
    answers = assessments.answers(session, assessment.id)
    progress = _progress(assessment, answers)
    option = None if shown is None else shuffled(assessment.seed, item, 4)[shown]
    for earlier in answers:
        if earlier.item == item:
            if earlier.option != option:
                raise Conflict("This item has another answer already.", code="already-answered")
            return _answered(item, _progress(assessment, answers[: earlier.position + 1]))
    if assessment.status == "finished" or finished(progress):
        raise Conflict("Nothing is left to answer.", code="assessment-finished")
    if progress.bank.items[choose(progress, seed=assessment.seed)] != item:
        raise Conflict("This item is not asked now; ask for the next item.", code="not-the-current-item")
    new = assessments.insert_answer(session, assessment.id, len(answers), item, option, seconds)
    return _answered(item, _progress(assessment, [*answers, new]))


def complete(session: Session, actor: Actor, assessment_id: str, language: str | None = None) -> passports.PassportView:
    """Issue the passport for all answers so far: provisional while items are left, and then the assessment stays open.

    Completing twice without new answers gives the same passport. Raises Conflict before there are enough answers.
    """
    assessment = _find(session, actor, assessment_id, lock=True)
    language = language or assessment.language
    if assessment.status == "finished":
        return passports.read(session, actor, assessment.person_id, language)
    answers = assessments.answers(session, assessment.id)
    progress = _progress(assessment, answers)
    if not (enough(progress) or finished(progress)):
        raise Conflict("A passport needs at least 12 answers.", code="too-few-answers")
    latest = people.newest_passport(session, visible_people(actor, Purpose.ASSESSMENT), assessment.person_id)
    known = latest is not None and latest.assessment_id == assessment.id
    if not known or latest.created_at < answers[-1].answered_at:
        passport = issue(progress, person=assessment.person_id)
        passports.keep(session, passport, assessment.id)
        detail = {"bank": passport.bank, "provisional": passport.provisional, "answers": len(answers)}
        audit.record(session, actor.label, actor.organisation, "passport-issued", assessment.person_id, **detail)
        if not passport.provisional:
            assessment.status, assessment.finished_at = "finished", dt.datetime.now(dt.UTC)
    return passports.read(session, actor, assessment.person_id, language)


def shuffled(seed: int, item: str, options: int) -> tuple[int, ...]:
    """Return the order in which the options of an item are shown: the same for one seed and item, always."""
    order = list(range(options))
    random.Random(f"{seed}:{item}").shuffle(order)
    return tuple(order)


def _find(session: Session, actor: Actor, assessment_id: str, lock: bool = False) -> Assessment:
    visible = visible_people(actor, Purpose.ASSESSMENT)
    if (assessment := assessments.one(session, visible, assessment_id, lock=lock)) is None:
        raise NotFound()
    return assessment


def _insert(session: Session, person_id: str, language: str, bank: ItemBank, seed: int | None) -> Assessment:
    seed = secrets.randbelow(2**31) if seed is None else seed
    values = {"id": people.new_id(), "person_id": person_id, "language": language, "seed": seed}
    return assessments.insert(session, values | {"framework": bank.framework, "bank": bank.version})


def _progress(assessment: Assessment, answers: list[Answer]) -> Progress:
    bank = load_items()
    if assessment.bank != bank.version:
        raise Conflict("The items have changed since this assessment began; start a new one.", code="bank-changed")
    graded = []
    for given in answers:
        row = bank.row(given.item)
        grade = -1 if given.option is None else bank.contents[row].key[given.option]
        graded.append((row, grade, given.seconds))
    return _replay(bank, tuple(graded))


@functools.lru_cache(maxsize=2048)
def _replay(bank: ItemBank, graded: tuple[tuple[int, int, float | None], ...]) -> Progress:
    """Replay answers; remembered by their values, so never stale, and one more answer is one more step."""
    if not graded:
        return begin(bank)
    row, grade, seconds = graded[-1]
    return observe(_replay(bank, graded[:-1]), row, grade, float("nan") if seconds is None else seconds)


def _view(session: Session, assessment: Assessment) -> AssessmentView:
    answers = assessments.answers(session, assessment.id)
    completed = assessment.status == "finished"
    over = completed or assessment.bank != load_items().version  # an old bank cannot be replayed, only read
    progress = None if over else _progress(assessment, answers)
    return AssessmentView(
        assessment_id=assessment.id,
        person_id=assessment.person_id,
        language=assessment.language,
        answered=len(answers),
        enough=completed if progress is None else enough(progress),
        finished=over or finished(progress),
        completed=completed,
        started_at=assessment.started_at,
    )


def _answered(item: str, progress: Progress) -> Answered:
    return Answered(item, len(progress.asked) - 1, enough(progress), finished(progress))
