"""Read the item bank as a strict editor would: everything about the texts that a program can check.

`lint(contents)` returns findings, one line each, naming item, language and rule; an empty list is a clean bank. What it
cannot see (is the key right, is the scene believable, does the Dutch sound Dutch) is for people; their agreement with
the keys is kept in `docs/agreement.csv`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from passport.framework import LANGUAGES
from passport.items import ItemContent, ItemText

WORDS_A_SENTENCE = 12
WORDS_AN_ITEM = 66  # 20 seconds at 200 words a minute
LONGEST_TO_SHORTEST = 2.0  # characters of the longest option over the shortest
LIKE = 0.4  # share of their words that two scenes may have in common
LETTERS_A_WORD = {"en": 5.2, "nl": 5.8}  # average of an item; plain spoken language stays below
LONGEST_WORD = {"en": 15, "nl": 21}  # Dutch writes compounds as one word
PLACES = 0.07  # how far the share of any place of the best option may be from a quarter
HARD = {  # words that A2-B1 readers stumble over, and figures of speech; whole words
    "en": {
        *(
            "commence",
            "prior",
            "regarding",
            "furthermore",
            "nevertheless",
            "therefore",
            "facilitate",
            "utilise",
            "adequate",
        ),
        *("initiate", "prioritise", "delegate", "proactive", "constructive", "escalate", "competence", "appropriate"),
    },
    "nl": {
        *("desalniettemin", "derhalve", "teneinde", "alsmede", "omtrent", "aangaande", "faciliteren", "prioriteren"),
        *("delegeren", "proactief", "constructief", "escaleren", "competentie", "adequaat", "conform", "middels"),
    },
}
FIGURES = {
    "en": ("piece of cake", "keep an eye", "in the loop", "on the same page", "bite the bullet", "hit the road"),
    "nl": ("een oogje in het zeil", "onder de knie", "op de hoogte", "de knoop doorhakken", "uit de losse pols"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend: `item` is empty when it is about the whole bank."""

    item: str
    language: str
    rule: str
    detail: str

    def __str__(self) -> str:
        where = " ".join(part for part in (self.item, self.language) if part) or "bank"
        return f"{where}: {self.rule}: {self.detail}"


def lint(contents: Sequence[ItemContent]) -> list[Finding]:
    """Return everything to mend, in the order of the items; the whole bank last."""
    found: list[Finding] = []
    for content in contents:
        for language in LANGUAGES:
            if language not in content.texts:
                found.append(Finding(content.id, language, "language", "missing"))
                continue
            text = content.texts[language]
            rules = _sentences(text), _words(text, language), _options(text, content.key)
            found += [Finding(content.id, language, rule, detail) for part in rules for rule, detail in part]
    return found + list(_twins(contents)) + list(_balance(contents))


def sentences(text: str) -> list[str]:
    """Return the sentences of a text, without their marks."""
    return [part.strip() for part in re.split(r"[.!?:]+(?:\s|$)", text) if part.strip()]


def _sentences(text: ItemText) -> Iterator[tuple[str, str]]:
    for part in (text.scene, text.question, *text.options):
        for sentence in sentences(part):
            if (count := len(sentence.split())) > WORDS_A_SENTENCE:
                yield "sentence", f"{count} words, at most {WORDS_A_SENTENCE}: {sentence!r}"
    total = len(" ".join([text.scene, text.question, *text.options]).split())
    if total > WORDS_AN_ITEM:
        yield "length", f"{total} words, at most {WORDS_AN_ITEM}"


def _words(text: ItemText, language: str) -> Iterator[tuple[str, str]]:
    whole = " ".join([text.scene, text.question, *text.options]).lower()
    words = re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", whole)
    average = sum(map(len, words)) / max(len(words), 1)
    if average > LETTERS_A_WORD[language]:
        yield "words", f"{average:.1f} letters a word, at most {LETTERS_A_WORD[language]}"
    for word in sorted({word for word in words if len(word) > LONGEST_WORD[language]}):
        yield "words", f"long word {word!r}"
    for word in sorted(HARD[language] & set(words)):
        yield "words", f"hard word {word!r}"
    for figure in FIGURES[language]:
        if figure in whole:
            yield "words", f"figure of speech {figure!r}"


def _options(text: ItemText, key: tuple[int, ...]) -> Iterator[tuple[str, str]]:
    lengths = [len(option) for option in text.options]
    best = lengths[key.index(max(key))]
    if best == max(lengths) and lengths.count(best) == 1:
        yield "options", "the best option is the longest"
    if max(lengths) > LONGEST_TO_SHORTEST * min(lengths):
        yield "options", f"the longest has {max(lengths)} characters, the shortest {min(lengths)}"
    for option in text.options:
        if not option.endswith((".", "?", "!", '"', "”")):
            yield "options", f"no full stop: {option!r}"


def _twins(contents: Sequence[ItemContent]) -> Iterator[Finding]:
    """Find scenes that are nearly the same: too large a share of words in common, in any language."""
    for language in LANGUAGES:
        there = [content for content in contents if language in content.texts]
        bags = [(content.id, set(re.findall(r"\w{4,}", content.texts[language].scene.lower()))) for content in there]
        for i, (item, bag) in enumerate(bags):
            for other, words in bags[:i]:
                if len(bag & words) > LIKE * len(bag | words):
                    yield Finding(item, language, "twins", f"nearly the scene of {other}")


def _balance(contents: Sequence[ItemContent]) -> Iterator[Finding]:
    """Look at the bank as a whole: places of the best option, and whether its length gives it away."""
    if not contents:
        return
    places = Counter(content.key.index(max(content.key)) for content in contents)
    for place in range(len(contents[0].key)):
        share = places[place] / len(contents)
        if abs(share - 1 / len(contents[0].key)) > PLACES:
            yield Finding("", "", "key", f"the best option stands at place {place + 1} in {share:.0%} of the items")
    for language in LANGUAGES:
        shortest = [
            min(map(len, c.texts[language].options)) == len(c.texts[language].options[c.key.index(max(c.key))])
            for c in contents
            if language in c.texts
        ]
        if shortest and sum(shortest) > 0.45 * len(shortest):
            yield Finding("", language, "options", f"the best option is the shortest in {sum(shortest)} items")
