"""The notebooks as an analyst runs them: JupyterLab, nothing but loopback to reach."""

import pytest

from workbench.serve import installed, pages

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

NAMES = [page["file"].removesuffix(".ipynb") for page in pages(installed("notebooks"))]
PATIENCE_MS = 120_000
DRAWN = ".wb-board[data-drawn] .wb-plot .main-svg"
CONNECTED = "() => document.querySelector('#jp-main-statusbar')?.innerText.includes('| Idle')"
# JupyterLab leaves out of the page what is not in view, and "Run All" ends at the last cell.
INTO_VIEW_AND_DRAWN = """drawn => {
  const notebook = document.querySelector('.jp-NotebookPanel:not(.lm-mod-hidden)');
  const cell = notebook.querySelector('.jp-CodeCell');
  if (cell) cell.scrollIntoView();
  else notebook.querySelector('.jp-WindowedPanel-outer').scrollTop = 0;
  return notebook.querySelector(drawn) !== null;
}"""


@pytest.fixture
def page(tab, lab_address):
    """That tab; ends by asserting that nothing failed, and with the kernel gone."""
    opened, seen = tab
    opened.set_default_timeout(PATIENCE_MS)
    yield opened
    faults, seen.faults[:] = list(seen.faults), []
    for session in opened.request.get(f"{lab_address}/api/sessions").json():
        opened.request.delete(f"{lab_address}/api/sessions/{session['id']}")
    assert faults == []


def run_all(page) -> None:
    page.wait_for_function(CONNECTED)
    page.locator(".lm-MenuBar-itemLabel", has_text="Run").first.click()
    page.locator(".lm-Menu-itemLabel").get_by_text("Run All Cells", exact=True).click()
    page.wait_for_function(INTO_VIEW_AND_DRAWN, arg=DRAWN, polling=500)


def open_notebook(page, lab_address: str, name: str) -> None:
    page.goto(f"{lab_address}/lab/tree/{name}.ipynb?reset")
    run_all(page)


@pytest.mark.parametrize("name", NAMES)
def test_notebook_runs_and_draws_offline(page, lab_address, name):
    open_notebook(page, lab_address, name)
    assert page.locator(".wb-plot .main-svg").count() >= 1
    assert page.inner_text(".wb-head h1").endswith((".", "!", "?"))
    assert "could not be" not in page.inner_text(".wb-page")
    assert page.locator(".jp-RenderedText[data-mime-type*='stderr']").count() == 0
    assert page.locator(".Toastify__toast").all_inner_texts() == []


def test_slider_moved_in_the_notebook_changes_the_number(page, lab_address):
    open_notebook(page, lab_address, "unit_economics")
    handle = page.locator(".wb-slider .noUi-handle").first
    handle.scroll_into_view_if_needed()
    before = page.inner_text(".wb-head h1")
    handle.focus()
    for _ in range(30):
        page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "before => document.querySelector('.wb-head h1').textContent !== before", arg=before
    )
    page.wait_for_function(
        "() => document.querySelector('.wb-head h1').textContent.includes('Measured:')"
    )
