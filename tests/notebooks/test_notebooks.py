import json
import re

import pytest

from workbench.serve import TITLES, installed

NOTEBOOKS = sorted(installed("notebooks").glob("*.ipynb"))
HEADINGS = ["Question", "Inputs", "Answer", "What would change it", "Sources"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_five_headings_no_outputs_no_widget_state(path):
    notebook = json.loads(path.read_text("utf-8"))
    prose = "\n".join(
        "".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "markdown"
    )
    assert re.findall(r"^## (.+)$", prose, re.M) == HEADINGS
    assert path.stem in TITLES
    assert "widgets" not in notebook["metadata"]
    for cell in notebook["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_thin(path):
    code = [c for c in json.loads(path.read_text("utf-8"))["cells"] if c["cell_type"] == "code"]
    assert sum(len("".join(c["source"]).splitlines()) for c in code) <= 12
