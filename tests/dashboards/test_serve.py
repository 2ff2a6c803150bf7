import json
from pathlib import Path

import pytest

from workbench.errors import InputError
from workbench.serve import (
    copied_notebooks,
    installed,
    lab,
    pages,
    plotly_folder,
    serve,
    template_folder,
)


def test_listening_beyond_loopback_needs_a_token(tmp_path):
    with pytest.raises(InputError, match="without a token"):
        serve(tmp_path, ip="0.0.0.0")


@pytest.mark.parametrize("start", [serve, lab])
def test_missing_workspace_says_how_to_make_one(start, tmp_path):
    with pytest.raises(InputError, match="workbench init"):
        start(tmp_path / "none")


def test_everything_served_is_found():
    assert (template_folder() / "index.html.j2").is_file()
    assert json.loads((template_folder() / "conf.json").read_text()) == {"base_template": "lab"}
    assert (plotly_folder() / "package_data" / "plotly.min.js").is_file()
    assert next(page["file"] for page in pages(installed("notebooks"))) == "overview.ipynb"


def test_installed_template_and_configuration_ship_in_the_wheel():
    import tomllib

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["shared-data"]["widgets/template"] == "share/jupyter/voila/templates/workbench"
    assert "voila.json" in wheel["shared-data"]
    assert "widgets" in wheel["packages"]


def test_template_asks_nothing_of_the_outside():
    for file in template_folder().rglob("*"):
        if file.is_file():
            text = file.read_text("utf-8")
            assert "https://" not in text
            assert "//cdn" not in text


def test_configuration_is_closed():
    voila = json.loads(installed("voila.json").read_text())["VoilaConfiguration"]
    assert voila["show_tracebacks"] is False
    assert voila["allow_template_override"] == voila["allow_theme_override"] == "NO"
    assert voila["file_allowlist"] == []
    assert len(voila["extension_allowlist"]) == 3


def test_analysts_notebook_is_never_overwritten(tmp_path):
    mine = tmp_path / "notebooks" / "overview.ipynb"
    mine.parent.mkdir()
    mine.write_text("mine")
    copied_notebooks(tmp_path)
    assert mine.read_text() == "mine"
    assert (tmp_path / "notebooks" / "unit_economics.ipynb").is_file()
