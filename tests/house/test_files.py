"""Files that a stranger can read: short, finished, and of no particular machine."""

import re
import subprocess
from pathlib import Path

import pytest

from .public import ROOT

HOME = ROOT.parent
LONGEST = 400
# Written with brackets, so that this file does not match itself.
MACHINE = re.compile(
    r"(?<![\w.])/[h]ome/\w|/[U]sers/\w|(?<![\w.])/[r]oot/\w|(?<![\w.])/[w]ork/\w|[A-Z]:\\\\[U]sers"
)
HOSTS = re.compile(
    r"[p]ypi\.org|[p]ythonhosted\.org|[a]naconda\.org|[c]dn\.|[j]sdelivr|[u]npkg\.com|--[i]ndex-url|--[e]xtra-index-url"
)
UNFINISHED = re.compile(
    r"\b[T]ODO\b|\b[F]IXME\b|\b[X]XX\b|[p]ytest\.mark\.skip|[p]ytest\.skip\(|[p]ytest\.mark\.xfail"
)
TEXT = {
    ".py",
    ".md",
    ".toml",
    ".txt",
    ".sh",
    ".cfg",
    ".html",
    ".css",
    ".json",
    ".ipynb",
    ".csv",
    "",
}


def files():
    """Every text file of the project, as git lists it."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=HOME,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")
    return [HOME / f for f in listed if f and Path(f).suffix in TEXT and (HOME / f).is_file()]


@pytest.mark.parametrize(
    "pattern", [MACHINE, HOSTS, UNFINISHED], ids=["machine", "hosts", "unfinished"]
)
def test_no_file_names(pattern):
    found = [
        f"{path.relative_to(HOME)}:{number}: {line.strip()[:80]}"
        for path in files()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []


def test_files_are_short_enough_to_read():
    long = {
        path.relative_to(HOME).as_posix(): length
        for path in ROOT.rglob("*.py")
        if (length := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST
    }
    assert long == {}


def test_an_exception_is_never_swallowed():
    silent = re.compile(r"except[^\n]*:\s*(#[^\n]*)?\n\s*pass\b")
    assert [
        p.name for p in ROOT.rglob("*.py") if silent.search(p.read_text(encoding="utf-8"))
    ] == []


def test_every_module_says_what_it_is_for():
    silent = [
        path.relative_to(HOME).as_posix()
        for path in ROOT.rglob("*.py")
        if not path.read_text(encoding="utf-8").lstrip().startswith(('"""', 'r"""'))
    ]
    assert silent == []
