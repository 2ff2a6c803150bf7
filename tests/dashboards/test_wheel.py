"""A wheel holds all that the dashboards need: notebooks, template, data, settings."""

import shutil
import subprocess
import sysconfig
import venv
from pathlib import Path

import pytest

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
ASK = """
from pathlib import Path
import sys
import workbench
from workbench.serve import installed, pages, template_folder, plotly_folder
from workbench.reference import read_table
assert Path(workbench.__file__).is_relative_to(sys.prefix), workbench.__file__
names = [page["file"] for page in pages(installed("notebooks"))]
assert names[:2] == ["overview.ipynb", "unit_economics.ipynb"], names
for path in (installed("notebooks"), installed("voila.json"), template_folder()):
    assert path.exists() and path.is_relative_to(sys.prefix), path
assert (template_folder() / "static" / "workbench.css").is_file()
assert (template_folder().parent / "lab/labconfig/default_setting_overrides.json").is_file()
assert (plotly_folder() / "package_data" / "plotly.min.js").is_file()
from widgets.charts import Charts
assert "export default" in Charts._esm
"""


def installed_wheel(folder: Path) -> Path:
    """Build a wheel and install it in a fresh environment that borrows our dependencies."""
    source = folder / "source"
    shutil.copytree(
        ROOT, source, ignore=shutil.ignore_patterns(".*", "demo-workspace", "screenshots")
    )
    venv.create(folder / "fresh", with_pip=True)
    python = folder / "fresh" / "bin" / "python"
    pip = [python, "-m", "pip", "--disable-pip-version-check"]
    built = subprocess.run(
        [*pip, "wheel", "--quiet", "--no-deps", "-w", str(folder), str(source)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "No matching distribution found for hatchling" in built.stderr:
        pytest.skip("no package index within reach to fetch the build backend from")
    assert built.returncode == 0, built.stderr
    (wheel,) = folder.glob("*.whl")
    subprocess.run([*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)], check=True)
    # Dependencies are borrowed by path, which reads no .pth there: our package is the wheel's.
    (site,) = (folder / "fresh" / "lib").glob("python*/site-packages")
    (site / "borrowed.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return python


def test_wheel_finds_notebooks_template_and_data(tmp_path):
    python = installed_wheel(tmp_path)
    subprocess.run([python, "-c", ASK], check=True, cwd=tmp_path)
    workbench = python.parent / "workbench"
    subprocess.run(
        [workbench, "demo", "made", "--no-serve", "--requests", "2000"],
        check=True, cwd=tmp_path, capture_output=True,
    )  # fmt: skip
    assert (tmp_path / "made" / "store" / "snapshots" / "CURRENT").is_file()
