"""Answers from a file: CSV with the columns item, option; option 1 to 4 as written in the content file, 0 skips.

A broken line does not spoil the lines before it: they count, and the fault is told when its line is needed, or at the
end. So the answers before it are saved, and the assessment can go on with a mended file.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from api.services.assess import Question
from api.terminal.ends import End
from passport import ItemBank, load_items

COLUMNS = ["item", "option"]
OPTIONS = {str(option): option for option in range(5)}
LONGEST = 60  # characters of a cell that a message repeats


@dataclass(frozen=True, slots=True)
class Script:
    """The option for every item up to the first fault, which is None in a file without fault."""

    name: str
    options: Mapping[str, int]
    fault: End | None

    def shown(self, question: Question, language: str) -> int | None:
        """Return the position of the option in the order shown, None to skip; raises End when there is no answer."""
        option = self.options.get(question.item)
        if option is None:
            raise self.fault or End("wrong.no_row", file=self.name, item=question.item)
        if option == 0:
            return None
        bank = load_items()
        written = bank.contents[bank.row(question.item)].texts[language].options
        return question.options.index(written[option - 1])


def read(path: Path) -> Script:
    """Read an answers file as far as it is right; raises OSError when it cannot be read at all."""
    text, torn = _text(path)
    options: dict[str, int] = {}
    try:
        for item, option in _rows(path.name, text, load_items()):
            options[item] = option
    except End as fault:
        return Script(path.name, options, fault)
    fault = None if torn is None else End("wrong.encoding", file=path.name, line=torn)
    return Script(path.name, options, fault)


def _text(path: Path) -> tuple[str, int | None]:
    """Return the whole lines before the first byte that is not UTF-8, and the number of its line."""
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        sound = raw[: error.start].rpartition(b"\n")
        return b"".join(sound[:2]).decode("utf-8-sig"), raw[: error.start].count(b"\n") + 1


def _rows(name: str, text: str, bank: ItemBank) -> Iterator[tuple[str, int]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    seen: dict[str, int] = {}
    begins = 1  # line of the row being read: a quote that is never closed swallows all that follows
    try:
        header = next(reader, [])
        if header != COLUMNS:
            raise End("wrong.header", file=name, found=_quoted(",".join(header)))
        begins = reader.line_num + 1
        for cells in reader:
            if cells:
                item, option = _row({"file": name, "line": begins}, cells, bank)
                if item in seen:
                    raise End("wrong.twice", file=name, line=begins, item=item, first=seen[item])
                seen[item] = begins
                yield item, option
            begins = reader.line_num + 1
    except csv.Error as error:
        raise End("wrong.csv", file=name, line=begins) from error


def _row(at: Mapping[str, object], cells: list[str], bank: ItemBank) -> tuple[str, int]:
    if len(cells) != len(COLUMNS):
        raise End("wrong.cells", **at, found=len(cells))
    item, option = cells[0].strip(), cells[1].strip()
    if item not in bank.items:
        raise End("wrong.item", **at, found=_quoted(item))
    if option not in OPTIONS:
        raise End("wrong.option", **at, found=_quoted(option))
    return item, OPTIONS[option]


def _quoted(text: str) -> str:
    return repr(text if len(text) <= LONGEST else text[:LONGEST] + "…")
