"""The start page: plain words, two languages, no script, and nothing from elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from api.web import i18n, start

LONGEST_SENTENCE = 12  # words
LANGUAGES = list(i18n.load())


def texts_of(node):
    """Yield every text of a catalogue with its place."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        if isinstance(value, str):
            yield key, value
        else:
            yield from ((f"{key}.{place}", text) for place, text in texts_of(value))


@pytest.mark.parametrize(
    ("query", "header", "language"),
    [
        ("", "", "en"),
        ("", "nl", "nl"),
        ("", "nl-BE,nl;q=0.9,en;q=0.8", "nl"),
        ("", "en;q=0.5, nl;q=0.9", "nl"),
        ("", "pl, ar;q=0.8", "en"),
        ("", "nl;q=0", "en"),
        ("", ";;;q=,x;q=y" * 100, "en"),
        ("?lang=nl", "en", "nl"),
        ("?lang=en", "nl", "en"),
        ("?lang=../../etc/passwd", "nl", "nl"),
    ],
)
def test_the_page_speaks_the_language_that_was_asked(client, query, header, language):
    answer = client.get(f"/{query}", headers={"Accept-Language": header})
    assert answer.status_code == 200
    assert f'<html lang="{language}">' in answer.text
    assert answer.headers["Content-Language"] == language
    assert answer.headers["Vary"] == "Accept-Language"
    assert i18n.load()[language]["lead"] in answer.text


def test_the_policy_allows_no_script_and_nothing_from_elsewhere(client):
    answer = client.get("/")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "script-src" not in policy
    assert "<script" not in answer.text
    assert "style=" not in answer.text
    assert not re.search(r"https?://", answer.text)


class Outline(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links, self.ids, self.headings, self.labels = [], [], [], []

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.links += [found["href"]] if "href" in found else []
        self.ids += [found["id"]] if "id" in found else []
        self.headings += [tag] if re.fullmatch("h[1-6]", tag) else []
        self.labels += [found["aria-labelledby"]] if "aria-labelledby" in found else []


def test_every_link_leads_somewhere_and_every_label_to_its_words(client):
    outline = Outline()
    outline.feed(client.get("/").text)
    assert "/v1/openapi.json" in outline.links
    for link in outline.links:
        if link.startswith("#"):
            assert link[1:] in outline.ids
        elif not link.startswith("data:"):
            assert client.get(link).status_code == 200
    assert len(outline.ids) == len(set(outline.ids))
    assert set(outline.labels) <= set(outline.ids)
    assert outline.headings.count("h1") == 1
    assert set(outline.headings) <= {"h1", "h2"}


def test_every_language_says_the_same_things():
    shapes = [[place for place, _ in texts_of(catalogue)] for catalogue in i18n.load().values()]
    assert shapes.count(shapes[0]) == len(shapes) >= 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_are_short(language):
    for place, text in texts_of(i18n.load()[language]):
        for sentence in re.split(r"[.!?]\s*", text):
            assert len(sentence.split()) <= LONGEST_SENTENCE, (place, sentence)


def test_a_text_of_a_catalogue_cannot_become_markup(client, monkeypatch):
    from starlette.applications import Starlette
    from starlette.testclient import TestClient

    catalogue = dict(i18n.load()["en"]) | {"lead": "<b>bold</b>"}
    monkeypatch.setattr(i18n, "load", lambda: {"en": catalogue})
    page = TestClient(Starlette(routes=start.routes())).get("/").text
    assert "&lt;b&gt;bold" in page
    assert "<b>" not in page


@pytest.mark.parametrize("name", ["nothing.css", "..%2f..%2fapp.py", "%2e%2e/app.py", "passport.css%00", "start.html"])
def test_only_the_files_that_are_meant_to_be_served_are(client, name):
    assert client.get(f"/static/{name}").status_code == 404


def test_the_style_is_ours_small_and_for_dark_small_and_paper():
    css = (start.HERE / "static" / "passport.css").read_text("utf-8")
    assert len(css) < 40_000
    assert "prefers-color-scheme: dark" in css
    assert "@media print" in css
    assert "url(" not in css
    assert "@import" not in css
