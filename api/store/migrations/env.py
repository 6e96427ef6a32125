"""How Alembic runs here: on the connection and in the transaction that `api.store.session.migrate` hands over."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context

from api.store.tables import Base, UtcDateTime


def render(kind: str, thing: Any, _context: Any) -> str | Literal[False]:
    """Write plain types into revisions, so that a revision never changes with our code."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(thing, UtcDateTime) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    render_item=render,
)
with context.begin_transaction():
    context.run_migrations()
