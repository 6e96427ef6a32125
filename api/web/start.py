"""The start page and the files it needs."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from api.errors import NotFound
from api.web import i18n

HERE = Path(__file__).parent
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
MEDIA = {".css": "text/css", ".svg": "image/svg+xml", ".js": "text/javascript"}


def routes() -> list[Route]:
    """Return the routes of the pages; templates, texts and static files are read once, here."""
    catalogues = i18n.load()
    environment = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined)
    template = environment.get_template("start.html")
    # served from memory by name: a request never becomes a path on the disk
    files = {path.name: path for path in (HERE / "static").iterdir() if path.suffix in MEDIA}
    contents = {name: (path.read_bytes(), MEDIA[path.suffix]) for name, path in files.items()}

    async def start(request: Request) -> Response:
        language = i18n.choose(request, catalogues)
        page = template.render(texts=catalogues[language], language=language, catalogues=catalogues)
        headers = {"Content-Security-Policy": POLICY, "Content-Language": language, "Vary": "Accept-Language"}
        return HTMLResponse(page, headers=headers)

    async def static(request: Request) -> Response:
        found = contents.get(request.path_params["name"])
        if found is None:
            raise NotFound()
        return Response(found[0], media_type=found[1])

    return [Route("/", start, name="start"), Route("/static/{name}", static, name="static")]
