"""Shipped content is complete, and a broken file is refused by file and row."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from api.services import content
from passport import load_framework

SKILLS = load_framework().skills
FILES = ("certificates.csv", "limits.csv", "occupation_demands.csv", "occupations.csv")


@pytest.fixture
def folder(tmp_path):
    """A copy of the shipped files that a test may break."""
    for name in FILES:
        with resources.as_file(resources.files("api") / "content" / name) as path:
            shutil.copy(path, tmp_path / name)
    return tmp_path


def edit(path: Path, row: int, old: str, new: str) -> None:
    """Replace a text in one row of a file; row 1 is the header."""
    lines = path.read_text(encoding="utf-8").split("\n")
    assert old in lines[row - 1]
    lines[row - 1] = lines[row - 1].replace(old, new, 1)
    path.write_text("\n".join(lines), encoding="utf-8")


def test_the_shipped_content_is_complete():
    shipped = content.load()
    assert {each.sector for each in shipped.occupations.values()} == set(content.SECTORS)
    for occupation in shipped.occupations.values():
        assert [ask.skill for ask in occupation.asks] == list(SKILLS)
        assert occupation.importance.sum() == pytest.approx(1, abs=1e-3)
        assert (occupation.band > 0).any()
        assert set(occupation.labels) == {"en", "nl"}


def test_content_is_read_once():
    assert content.load() is content.load()


def test_every_key_has_a_bit_of_its_own():
    vocabulary = content.load().vocabulary
    for masks in (vocabulary.certificates, vocabulary.limits, vocabulary.sectors):
        assert sum(masks.values()) == np.bitwise_or.reduce(np.array(list(masks.values()), dtype=np.uint64))


def test_copied_files_read_the_same(folder):
    assert content.read(folder, SKILLS) == content.load()


@pytest.mark.parametrize(
    ("file", "row", "old", "new", "message"),
    [
        ("certificates.csv", 3, ",1,", ",0,", "row 3: bit 0 comes twice"),
        ("certificates.csv", 2, "vca,0", "vca,64", "row 2: bit is 64, 0 to 63 was expected"),
        ("certificates.csv", 2, "vca,0", "vca,zero", "row 2: bit is 'zero', a number was expected"),
        ("certificates.csv", 2, "vca,", ",", "row 2: key is empty"),
        ("certificates.csv", 3, "driving_b", "vca", "row 3: key 'vca' comes twice"),
        ("limits.csv", 1, "label_nl", "label_de", "row 1: columns ['label_nl'] are missing"),
        ("limits.csv", 2, "lifting,0,", "lifting,0,,,,", "row 2: wrong number of cells"),
        ("occupation_demands.csv", 2, "lifting", "juggling", "row 2: demands names unknown keys ['juggling']"),
        ("occupations.csv", 2, "teamwork", "wizardry", "row 2: skill 'wizardry' is unknown or comes twice"),
        ("occupations.csv", 3, "listening", "teamwork", "row 3: skill 'teamwork' is unknown or comes twice"),
        ("occupations.csv", 2, "teamwork,0", "teamwork,7", "row 2: band is 7, 0 to 5 was expected"),
        ("occupations.csv", 2, "teamwork,0", "teamwork,nan", "row 2: band is 'nan', a number was expected"),
        ("occupations.csv", 2, "teamwork,0,0.000", "teamwork,0,nan", "row 2: importance is nan, 0 to 1 was expected"),
        (
            "occupations.csv",
            2,
            "teamwork,0,0.000",
            "teamwork,1,0.500",
            "row 2: the importances of 'solar_installer' sum",
        ),
        ("occupations.csv", 3, "energy", "industry", "row 3: ['sector'] of 'solar_installer' differ from row 2"),
    ],
)
def test_a_broken_file_is_refused_by_file_and_row(folder, file, row, old, new, message):
    edit(folder / file, row, old, new)
    with pytest.raises(content.ContentError) as error:
        content.read(folder, SKILLS)
    assert str(error.value).startswith(f"{file}, {message}")


def test_demands_of_an_occupation_that_does_not_exist_are_refused(folder):
    edit(folder / "occupation_demands.csv", 2, "solar_installer", "wizard")
    with pytest.raises(content.ContentError, match=r"occupation_demands.csv: unknown occupations \['wizard'\]"):
        content.read(folder, SKILLS)
