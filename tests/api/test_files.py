import pyarrow as pa
import pyarrow.parquet
import pytest

from api.errors import FileFault
from api.services import files


def sheet_of(tmp_path, text, name="people.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8", newline="")
    return files.read(path)


def test_identifiers_keep_their_leading_zeros(tmp_path):
    assert sheet_of(tmp_path, "person\n007\n08\n").identifiers("person") == ("007", "08")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_found(tmp_path, separator):
    sheet = sheet_of(tmp_path, f"person{separator}education\np1{separator}3\n")
    assert sheet.numbers("education", 0, 8).tolist() == [3]


def test_a_byte_order_mark_and_quoted_line_ends_do_no_harm(tmp_path):
    sheet = sheet_of(tmp_path, '\ufeffperson,title\r\np1,"two\nlines"\r\n')
    assert sheet.identifiers("person") == ("p1",)
    assert sheet.texts("title") == ["two\nlines"]


def test_an_empty_cell_is_unknown_and_a_quoted_empty_text_is_empty(tmp_path):
    sheet = sheet_of(tmp_path, 'person,certificates\np1,\np2,""\n')
    assert sheet.texts("certificates") == [None, ""]


def test_every_fault_is_named_by_row_and_column(tmp_path):
    sheet = sheet_of(tmp_path, "person,education,remote\np1,x,true\np1,9,perhaps\n,2.5,false\n")
    sheet.identifiers("person")
    sheet.numbers("education", 0, 8, whole=True)
    sheet.flags("remote")
    with pytest.raises(FileFault) as raised:
        sheet.check()
    message = str(raised.value)
    assert "people.csv: row 1, column education: expected a whole number from 0 to 8, got 'x'" in message
    assert "row 2, column education: expected a whole number from 0 to 8, got '9'" in message
    assert "row 3, column education" in message
    assert "row 2, column person: expected a text that is not empty and comes once, got 'p1'" in message
    assert "row 2, column remote: expected true or false, got 'perhaps'" in message


def test_at_most_twenty_faults_are_listed_and_the_rest_counted(tmp_path):
    sheet = sheet_of(tmp_path, "person,education\n" + "".join(f"p{i},x\n" for i in range(30)))
    sheet.numbers("education", 0, 8)
    with pytest.raises(FileFault, match="and 10 more"):
        sheet.check()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
def test_a_number_out_of_range_in_parquet_is_a_fault(tmp_path, value):
    pyarrow.parquet.write_table(pa.table({"hours": [1.0, value]}), tmp_path / "p.parquet")
    sheet = files.read(tmp_path / "p.parquet")
    sheet.numbers("hours", 0, 168)
    with pytest.raises(FileFault, match="row 2, column hours"):
        sheet.check()


def test_missing_columns_are_named(tmp_path):
    with pytest.raises(FileFault, match=r"people\.csv: expected the columns a, b; they are missing"):
        sheet_of(tmp_path, "person\np1\n").require(("person", "a", "b"))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.parquet", None, "there is no such file"),
        ("text.parquet", b"not parquet", "expected a Parquet file"),
        ("latin.csv", "café,x\nbé,2\n".encode("cp1252"), "expected a CSV file in UTF-8"),
        ("empty.csv", b"", "expected a CSV file"),
        ("ragged.csv", b"a,b\n1\n", "expected a CSV file"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(FileFault, match=message):
        files.read(tmp_path / name)


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_what_is_written_can_be_read_again(tmp_path, name):
    table = pa.table({"person": ["007", "b"], "fit": pa.array([0.5, None], pa.float32())})
    files.write(table, tmp_path / "deep" / name)
    sheet = files.read(tmp_path / "deep" / name)
    assert sheet.identifiers("person") == ("007", "b")
    assert sheet.numbers("fit", 0, 1)[0] == 0.5
    assert not list((tmp_path / "deep").glob("*.part"))


def test_a_spreadsheet_never_runs_a_cell(tmp_path):
    table = pa.table({"person": ["=1+1", "@x", "-2", "plain", None], "fit": [1, -2, 3, 4, 5]})
    files.write(table, tmp_path / "out.csv")
    sheet = files.read(tmp_path / "out.csv")
    assert sheet.texts("person") == ["'=1+1", "'@x", "'-2", "plain", None]
    assert sheet.numbers("fit", -9, 9).tolist() == [1, -2, 3, 4, 5]  # numbers are no formulas
