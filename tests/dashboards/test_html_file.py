"""A page as one file: opens from disk without any request, draws, opens rows, and runs no text."""

import re

import pytest
from click.testing import CliRunner

from tests.dashboards.conftest import HOSTILE
from tests.spine import NOW, ingest, write_jsonl
from workbench.answers.publish import publish
from workbench.cli import workbench as command
from workbench.serve import TITLES
from workbench.workspace import Workspace

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def export(workspace, out, *arguments):
    return CliRunner().invoke(
        command, ["export", "html", *arguments, "--out", str(out), "--workspace", str(workspace)]
    )


@pytest.fixture
def offline(browser, watch):
    """A tab in which every request but the file's own is a fault."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    tab = context.new_page()
    watch.follow(tab)
    tab.on(
        "request",
        lambda r: r.url.startswith(("file:", "data:", "blob:")) or watch.faults.append(r.url),
    )
    yield tab
    context.close()
    assert watch.faults == []


@pytest.mark.parametrize("name", TITLES)
def test_every_page_opens_from_disk_without_a_request(offline, workspace, tmp_path, name):
    out = tmp_path / f"{name}.html"
    done = export(workspace, out, name)
    assert done.exit_code == 0, (done.output, done.exception)
    offline.goto(out.as_uri())
    offline.wait_for_selector(".wb-board[data-drawn] .wb-card", timeout=60_000)
    assert offline.inner_text(".wb-head h1").endswith((".", "!", "?"))
    assert "could not be drawn" not in offline.inner_text("body")
    text = out.read_text()
    assert str(workspace) not in text
    people = Workspace(workspace).sql("SELECT DISTINCT user_hash FROM usage").column("user_hash")
    assert not any(str(one) in text for one in people if one.is_valid)
    assert "Figures as of 2026-10-31" in text
    assert "exported" in text
    assert "Synthetic sample data" in text


def test_bars_open_and_hostile_names_stay_text(offline, watch, workspace, tmp_path):
    out = tmp_path / "variance.html"
    assert export(workspace, out, "variance", "--set", "open=pvm/volume").exit_code == 0
    text = out.read_text()
    assert HOSTILE not in text
    assert "default-src 'none'" in text
    offline.goto(out.as_uri())
    offline.wait_for_selector(".wb-board[data-drawn] .main-svg", timeout=60_000)
    assert offline.inner_text(".wb-opened h2").startswith("Rows behind Volume")
    offline.click(".wb-opens button[data-key='pvm/mix']")
    assert offline.inner_text(".wb-opened h2").startswith("Rows behind Mix")
    assert offline.evaluate("window.hacked") is None
    assert watch.faults == []
    # What the file's own policy forbids does not run; the browser says so in its console.
    assert (
        offline.evaluate(
            """() => new Promise((done) => {
            document.addEventListener('securitypolicyviolation', () => done('refused'));
            const script = document.createElement('script');
            script.textContent = 'window.hacked = 1'; document.body.append(script);
            setTimeout(() => done('ran'), 500);
        })"""
        )
        == "refused"
    )
    assert offline.evaluate("window.hacked") is None
    watch.faults.clear()


def test_inputs_are_set_or_refused(workspace, tmp_path):
    out = tmp_path / "page.html"
    done = export(workspace, out, "unit_economics", "--set", "basis=list", "--set", "volume=2")
    assert done.exit_code == 0, done.exception
    assert re.search(r"Cost basis: List .*Volume: 2\b", out.read_text())
    before = out.read_bytes()
    for asked in ("basis=none", "volume=99", "no_such=1"):
        assert "not taken" in str(
            export(workspace, out, "unit_economics", "--set", asked).exception
        )
    assert "No page 'nothing'" in str(export(workspace, out, "nothing").exception)
    assert export(workspace, out, "overview", "--set", "feature").exit_code == 2
    assert out.read_bytes() == before


@pytest.mark.parametrize("page", ["overview", "variance"])
def test_pages_open_where_a_model_has_no_price_in_the_month_before(tmp_path, page):
    rows = [
        {"request_id": f"r{n}", "started_at": f"2026-{9 + n // 30:02}-{1 + n % 30:02}T10:00:00Z",
         "provider": provider, "model": model, "feature": "chat", "environment": "production",
         "uncached_input_tokens": 1000 * n, "output_tokens": 10}
        for n in range(60)
        for provider, model in [("openai", "gpt-4o") if n % 7 else ("nobody", "mystery-1")]
    ]  # fmt: skip
    root = tmp_path / "ws"
    workspace = Workspace.init(root)
    sheet = tmp_path / "sheet.csv"
    head = "provider,model,meter,usd,per,effective_from"
    sheet.write_text(f"{head}\nnobody,mystery-1,uncached_input_tokens,9000,1000000,2026-10-01\n"
                     "nobody,mystery-1,output_tokens,9,1000000,2026-10-01\n")  # fmt: skip
    workspace.import_prices([sheet], now=NOW)
    ingest(workspace, write_jsonl(tmp_path / "log.jsonl", rows))
    publish(workspace, now=NOW)
    out = tmp_path / "page.html"
    done = export(root, out, page)
    assert done.exit_code == 0, (done.output, done.exception)
