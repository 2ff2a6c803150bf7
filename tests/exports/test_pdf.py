from datetime import date
from pathlib import Path

import pytest

from workbench.errors import WorkbenchError
from workbench.exports import pdf
from workbench.playbook.dossier import Dossier
from workbench.playbook.exit_plan import as_html, exit_plan


@pytest.mark.browser
def test_an_exit_plan_prints_to_pdf(tmp_path: Path) -> None:
    if pdf.browser() is None:
        pytest.skip("no Chromium installed")
    html = as_html(exit_plan(Dossier(feature="chat"), as_of=date(2026, 11, 24)))
    path = pdf.write_pdf(html, tmp_path / "plans" / "exit.pdf")
    content = path.read_bytes()
    assert content.startswith(b"%PDF-")
    assert b"%%EOF" in content[-1_024:]


def test_without_a_chromium_the_error_says_what_to_do(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(pdf, "BROWSERS", ("no-such-browser",))
    with pytest.raises(WorkbenchError, match="print it from a browser"):
        pdf.write_pdf("<p>x</p>", tmp_path / "x.pdf")
    assert not (tmp_path / "x.pdf").exists()
