"""The edge every JSON route stands on. Import from here; the modules beside this one are its parts.

    router = edge_router("people")

    @router.put("/v1/people/{personId}/attributes", operation_id="replaceAttributes")
    def replace_attributes(person_id: PersonPath, body: AttributesBody, request: Request, response: Response,
                           session: SessionDep, actor: ActorDep) -> AttributesAnswer: ...

Bodies derive from `Body`, answers from `StrictModel`. A GET that writes (an audit entry, a new pseudonym) takes
`WritingSessionDep`; the session of any other GET refuses to write. Nobody but the edge commits. Every POST understands
Idempotency-Key by itself; every PUT must call `require_match`.
"""

from api.routes._edge.match import etag, require_match
from api.routes._edge.models import Body, Count, Identifier, Page, StrictModel, Text, personal
from api.routes._edge.paging import Paging, PagingDep, decode_cursor, encode_cursor
from api.routes._edge.route import ActorDep, EdgeRoute, SessionDep, SettingsDep, WritingSessionDep, edge_router

__all__ = [
    "ActorDep",
    "Body",
    "Count",
    "EdgeRoute",
    "Identifier",
    "Page",
    "Paging",
    "PagingDep",
    "SessionDep",
    "SettingsDep",
    "StrictModel",
    "Text",
    "WritingSessionDep",
    "decode_cursor",
    "edge_router",
    "encode_cursor",
    "etag",
    "personal",
    "require_match",
]
