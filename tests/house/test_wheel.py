"""The wheel holds everything and works where only the wheel is."""

import shutil
import subprocess
import sys
import zipfile

import pytest

from .public import ROOT

HOME = ROOT.parent
SCRIPT = """
import nautilus as nt
assert "site" in nt.__file__, nt.__file__
live = nt.stream(nt.indicators.sma, period=2)
assert [live.update(x) for x in (1.0, 3.0)][-1] == 2.0
assert nt.risk.value_at_risk([0.01, -0.02] * 50) > 0
sheet = nt.reports.tear_sheet([0.01, -0.009, 0.002] * 100)
assert "<html" in sheet.to_html() if hasattr(sheet, "to_html") else sheet._repr_html_()
print(nt.show_versions()["python"])
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from a copy: setuptools leaves its traces where it builds."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT, folder / "source" / "nautilus", ignore=lambda *_: ["__pycache__"])
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(HOME / name, folder / "source")
    command = [sys.executable, "-m", "pip", "wheel", "--no-build-isolation", "--no-deps", "-q"]
    subprocess.run([*command, "-w", str(folder), str(folder / "source")], check=True, cwd=folder)
    (found,) = folder.glob("*.whl")
    return found


@pytest.mark.prove
def test_the_wheel_holds_every_file_of_the_package(wheel):
    inside = set(zipfile.ZipFile(wheel).namelist())
    kinds = {".py", ".html", ".css", ".csv", ".json", ".typed"}
    wanted = {
        p.relative_to(HOME).as_posix()
        for p in ROOT.rglob("*")
        if p.suffix in kinds and "__pycache__" not in p.parts
    } | {"nautilus/py.typed"}
    assert wanted - inside == set()
    assert not [name for name in inside if name.startswith(("tests", "docs", "benchmarks"))]


@pytest.mark.prove
def test_the_installed_wheel_works_somewhere_else(wheel, tmp_path):
    site = tmp_path / "site"
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "-q", "--target", str(site)]
    subprocess.run([*command, str(wheel)], check=True, cwd=tmp_path)
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(site)!r}){SCRIPT}"]
    found = subprocess.run(command, check=True, cwd=tmp_path, capture_output=True, text=True)
    assert found.stdout.strip() == sys.version.split()[0]
