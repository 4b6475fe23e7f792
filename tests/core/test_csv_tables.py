"""A table is read as it stands: no guessed separator, no shifted row, no lost cell."""

import gzip

import pytest

from nautilus.core.csv_tables import read_table
from nautilus.core.errors import DataError
from nautilus.core.frames import read_csv


@pytest.fixture
def table(tmp_path):
    def write(text, name="x.csv", encoding="utf-8"):
        path = tmp_path / name
        data = text.encode(encoding)
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    return write


@pytest.mark.parametrize(
    "text, names, rows",
    [
        ("a,b\n1,2\n", ["a", "b"], [["1", "2"]]),
        ("close\n1.5\n", ["close"], [["1.5"]]),
        ("timestamp\n2024-01-02\n", ["timestamp"], [["2024-01-02"]]),
        ("Date;Close\n2024-01-02;1,5\n", ["Date", "Close"], [["2024-01-02", "1,5"]]),
        ("Date\tClose\n2024-01-02\t1,000.5\n", ["Date", "Close"], [["2024-01-02", "1,000.5"]]),
        ("a|b\n1|2\n", ["a", "b"], [["1", "2"]]),
        ('a,"b, adj"\n"1,0",2\n', ["a", "b, adj"], [["1,0", "2"]]),
        ('a,"b\nc"\n1,2\n', ["a", "b\nc"], [["1", "2"]]),
        ("\ufeffa,b\r\n1,2\r\n", ["a", "b"], [["1", "2"]]),
        ("a,b\n\n1,2\n,\n", ["a", "b"], [["1", "2"], ["", ""]]),
        ("a,b\n1,2,,\n", ["a", "b"], [["1", "2"]]),
        ("a,b\n1,\n", ["a", "b"], [["1", ""]]),
        ("a,a,a\n1,2,3\n", ["a", "a.1", "a.2"], [["1", "2", "3"]]),
        ("a,b\n", ["a", "b"], []),
    ],
)
def test_names_and_cells_stay_as_they_stand(table, text, names, rows):
    assert read_table(table(text)) == (names, rows)


def test_a_packed_file_is_unpacked(table):
    assert read_table(table("a,b\n1,2\n", "x.csv.gz")) == (["a", "b"], [["1", "2"]])


@pytest.mark.parametrize("text", ["a,b\n1,2\n1,2,3\n", "a,b\n1,2\n7\n"])
def test_a_row_that_does_not_fit_is_named_by_its_line(table, text):
    with pytest.raises(DataError, match=r"line 3 of .*x\.csv has [13] cells and the header 2"):
        read_table(table(text))


def test_a_file_without_a_header_is_refused(table):
    with pytest.raises(DataError, match=r"x\.csv has no header line"):
        read_table(table(""))


def test_another_encoding_is_told_what_to_do(table):
    with pytest.raises(DataError, match=r"is not UTF-8 text\. Save it as CSV UTF-8"):
        read_table(table("a,b\nSchluß,1\n", encoding="latin-1"))


def test_a_file_that_is_not_there_is_the_usual_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_table(tmp_path / "none.csv")


def test_as_a_frame_every_cell_is_text(table):
    frame = read_csv(table("a,b\n007,NA\n1,\n"))
    assert frame.to_dict("list") == {"a": ["007", "1"], "b": ["NA", ""]}
    assert [str(t) for t in frame.dtypes] == ["str", "str"]
    assert read_csv(table("a,b\n")).columns.tolist() == ["a", "b"]
