"""`passport rescore`: the passports of an organisation again, by the items as they are now."""

from __future__ import annotations

from sqlalchemy.orm import Session

from api.access import Actor, Purpose, Role, visible_people
from api.services.passports import Rescored, rescore
from api.store import accounts, people
from api.terminal.progress import progress
from passport import load_items

AT_ONCE = 50  # people a transaction: about a second, so that others can write in between
WHO = "command-line"


def run(session: Session, organisation: str) -> bool:
    """Rescore everybody of an organisation and say what was done; False when there is no such organisation.

    Committed in steps: whoever stops it half-way starts it again, and nobody is done twice.
    """
    owner = accounts.organisation_called(session, organisation)
    if owner is None:
        return False
    actor = Actor(Role.ADMIN, organisation=owner.id, token=WHO)
    ids = people.identifiers(session, visible_people(actor, Purpose.GUIDANCE))
    session.commit()
    done = Rescored()
    with progress("rescore") as say:
        for start in range(0, len(ids), AT_ONCE):
            done += rescore(session, actor, ids[start : start + AT_ONCE])
            session.commit()
            say(min(start + AT_ONCE, len(ids)), len(ids))
    print(f"{done.issued} passports issued by bank {load_items().version}")
    if done.current:
        print(f"{done.current} were issued by it already")
    if done.without_answers:
        print(f"{done.without_answers} stay as they are: no answers are stored for them")
    return True
