"""Tables in and out of files: Parquet or CSV, with every fault named by row and column before anything is used.

CSV is read as text and converted here, so that identifiers keep their leading zeros. An empty cell is unknown; a quoted
empty text ("") is an empty text. The separator is the most frequent of comma, semicolon and tab in the header.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from api.errors import FileFault

MOST_FAULTS = 20  # named in one message


@dataclass(slots=True)
class Sheet:
    """A table as read, with the faults found so far; columns are taken one by one and checked."""

    name: str
    table: pa.Table
    faults: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return self.table.num_rows

    def has(self, column: str) -> bool:
        return column in self.table.column_names

    def check(self) -> None:
        """Raise FileFault when any fault was found."""
        if self.faults:
            more = len(self.faults) - MOST_FAULTS
            lines = self.faults[:MOST_FAULTS] + ([f"... and {more} more"] if more > 0 else [])
            raise FileFault("\n".join(f"{self.name}: {line}" for line in lines))

    def require(self, columns: tuple[str, ...]) -> None:
        """Raise FileFault when any of these columns is missing."""
        missing = [column for column in columns if not self.has(column)]
        if missing:
            shown = ", ".join(missing[:6]) + (f" and {len(missing) - 6} more" if len(missing) > 6 else "")
            raise FileFault(f"{self.name}: expected the columns {shown}; they are missing")

    def fault(self, column: str, row: int, came: Any, expected: str) -> None:
        """Note a fault; rows count from 1 and a CSV header is not a row."""
        self.faults.append(f"row {row + 1}, column {column}: expected {expected}, got {came!r}")

    def numbers(self, column: str, low: float, high: float, whole: bool = False) -> NDArray[np.float64]:
        """Return a column as float64, NaN where unknown or absent; numbers out of range are faults."""
        expected = f"{'a whole number' if whole else 'a number'} from {low:g} to {high:g}"
        if not self.has(column):
            return np.full(self.rows, np.nan)
        array = self.table.column(column)
        try:
            values = pc.cast(array, pa.float64())
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            values = pa.array(
                [self._number(column, i, v, expected) for i, v in enumerate(array.to_pylist())], pa.float64()
            )
        known = np.asarray(pc.is_valid(values))
        result = np.asarray(pc.fill_null(values, 0.0).to_numpy(), dtype=np.float64)
        wrong = known & ~((result >= low) & (result <= high) & (not whole or result == np.floor(result)))
        for row in np.flatnonzero(wrong):
            self.fault(column, int(row), array[int(row)].as_py(), expected)
        return np.where(known, result, np.nan)

    def _number(self, column: str, row: int, value: Any, expected: str) -> float | None:
        if value is None or value == "":
            return None
        try:
            return float(value)
        except (TypeError, ValueError):
            self.fault(column, row, value, expected)
            return None

    def texts(self, column: str, right: Callable[[str], bool] | None = None, expected: str = "") -> list[str | None]:
        """Return a column as texts, None where unknown or absent; each different text is judged once by `right`."""
        if not self.has(column):
            return [None] * self.rows
        texts = pc.cast(self.table.column(column), pa.string()).to_pylist()
        if right is not None:
            wrong = {text for text in set(texts) if text is not None and not right(text)}
            for row, text in enumerate(texts):
                if text in wrong:
                    self.fault(column, row, text, expected)
        return texts

    def identifiers(self, column: str) -> tuple[str, ...]:
        """Return a column of distinct, non-empty texts; anything else is a fault."""
        texts = self.texts(column)
        seen: set[str] = set()
        for row, text in enumerate(texts):
            if not text or text in seen:
                self.fault(column, row, text, "a text that is not empty and comes once")
            seen.add(text or "")
        return tuple(text or "" for text in texts)

    def codes(
        self, column: str, right: Callable[[str], bool] | None = None, expected: str = "a text that is not empty"
    ) -> tuple[NDArray[np.int64], list[str]]:
        """Return a long column as a number a row, and the text each number stands for; -1 marks a fault.

        For columns whose texts repeat: every different text is made and judged (by `right`) once.
        """
        try:
            encoded = pc.cast(self.table.column(column), pa.string()).combine_chunks().dictionary_encode()
        except pa.ArrowException:
            kind = self.table.schema.field(column).type
            raise FileFault(f"{self.name}: column {column}: expected texts, got {kind}") from None
        texts = encoded.dictionary.to_pylist()
        codes = np.asarray(pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False), dtype=np.int64)
        good = np.array([bool(text) and (right is None or right(text)) for text in texts] + [False])
        for row in np.flatnonzero(~good[codes]):
            self.fault(column, int(row), texts[codes[row]] if codes[row] >= 0 else None, expected)
        return np.where(good[codes], codes, -1), texts

    def flags(self, column: str, default: bool = False) -> NDArray[np.bool_]:
        """Return a column of true and false; unknown is `default`."""
        if self.has(column) and pa.types.is_boolean(self.table.column(column).type):
            return np.asarray(
                pc.fill_null(self.table.column(column), default).to_numpy(zero_copy_only=False), dtype=bool
            )
        words = {"true": True, "false": False, "1": True, "0": False}
        texts = self.texts(column, lambda text: text.lower() in {*words, ""}, "true or false")
        return np.array([default if not text else words.get(text.lower(), default) for text in texts], dtype=bool)

    def select(self, rows: NDArray[np.bool_]) -> Sheet:
        """Return the sheet with only these rows; call it after `check`."""
        return Sheet(self.name, self.table.filter(pa.array(rows)))


def read(path: Path) -> Sheet:
    """Read a Parquet or CSV file whole; raises FileFault naming the file when it is neither or cannot be read."""
    try:
        table = _read_csv(path) if path.suffix.lower() == ".csv" else pyarrow.parquet.read_table(path)
    except FileNotFoundError:
        raise FileFault(f"{path}: there is no such file") from None
    except IsADirectoryError:
        raise FileFault(f"{path}: expected a file, got a directory") from None
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        kind = "CSV file in UTF-8" if path.suffix.lower() == ".csv" else "Parquet file (or a .csv)"
        raise FileFault(f"{path.name}: expected a {kind}: {error}") from error
    return Sheet(path.name, table)


def _read_csv(path: Path) -> pa.Table:
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = file.readline()
    separator = max(",;\t", key=header.count)
    names = [name.strip().strip('"') for name in header.rstrip("\r\n").split(separator)]
    convert = pyarrow.csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()),
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        null_values=[""],
    )
    parse = pyarrow.csv.ParseOptions(delimiter=separator, newlines_in_values=True)
    return pyarrow.csv.read_csv(path, parse_options=parse, convert_options=convert)


def write(table: pa.Table, path: Path) -> None:
    """Write a table as CSV when the name ends in .csv, else as Parquet; a reader never sees half a file."""
    with _whole(path) as part:
        if path.suffix.lower() == ".csv":
            pyarrow.csv.write_csv(_harmless(table), part)
        else:
            pyarrow.parquet.write_table(table, part, compression="zstd")


def write_text(text: str, path: Path) -> None:
    """Write a text as UTF-8 with the line ends it has; a reader never sees half a file."""
    with _whole(path) as part:
        part.write_text(text, encoding="utf-8", newline="")


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """Give a place to write to; what lies there afterwards takes the place of `path` at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _harmless(table: pa.Table) -> pa.Table:
    """Put an apostrophe before texts that a spreadsheet would take for a formula."""
    for i, kind in enumerate(table.schema):
        if pa.types.is_string(kind.type):
            texts = table.column(i)
            risky = pc.match_substring_regex(texts, r"^[=+\-@\t\r\x00]")
            safe = pc.if_else(pc.fill_null(risky, False), pc.binary_join_element_wise("'", texts, ""), texts)
            table = table.set_column(i, kind, safe)
    return table
