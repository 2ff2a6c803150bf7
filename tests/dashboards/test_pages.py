import json
import re
import time
import urllib.error
import urllib.request

import pytest
from playwright.sync_api import TimeoutError

from workbench.serve import TITLES, installed, pages

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

NAMES = [page["file"].removesuffix(".ipynb") for page in pages(installed("notebooks"))]
DRAWN = ".wb-ready .wb-board[data-drawn]"
PATIENCE_MS = 120_000
NAMELESS = """() => [...document.querySelectorAll('a[href], button, select, input, summary, [tabindex="0"], [role=slider]')]
  .filter((one) => one.checkVisibility() && !(one.getAttribute('aria-label') || one.labels?.[0]?.textContent
    || (one.matches('select, input') ? '' : one.textContent.trim())))
  .map((one) => one.outerHTML.slice(0, 160))"""
STOP = """() => {
  const one = document.activeElement;
  const name = one.getAttribute('aria-label') || one.labels?.[0]?.textContent || one.textContent;
  return [one === document.body ? 'page' : name.trim(), one === document.body || getComputedStyle(one).outlineStyle !== 'none'];
}"""


def open_page(page, served: str, name: str, query: str = "") -> None:
    page.goto(f"{served}/voila/render/{name}.ipynb{query}")
    page.wait_for_selector(DRAWN, state="attached", timeout=PATIENCE_MS)


@pytest.mark.parametrize("name", NAMES)
def test_page_renders_without_error_offline(page, served, name):
    open_page(page, served, name)
    assert page.inner_text(".wb-head h1").endswith((".", "!", "?"))
    assert page.locator(".wb-tile").count() <= 6
    assert page.locator(".wb-grid").first.locator(":scope > .wb-card").count() <= 5
    assert page.locator(".wb-nav a[aria-current]").inner_text() == TITLES[name]
    for text in ("Traceback", "could not be computed", "could not be drawn", "cannot be read"):
        assert text not in page.inner_text("body")
    assert "Sources" in page.text_content("#why")
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert page.evaluate(NAMELESS) == []
    for width in (720, 320):  # a laptop at 200 %, and the narrowest that WCAG 1.4.10 asks for
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function("document.documentElement.scrollWidth <= innerWidth", timeout=5_000)


def test_every_stop_of_the_keyboard_is_seen_and_named(page, served):
    open_page(page, served, "unit_economics")
    page.wait_for_selector(".noUi-handle[aria-label]")
    stops = []
    for _ in range(60):
        page.keyboard.press("Tab")
        stops.append(page.evaluate(STOP))
    names = [name for name, _ in stops]
    assert [name for name, outlined in stops if not outlined] == []
    assert all(names)
    told = ("Skip to the answer", "Feature", "Escalation rate", "why: Naive, per ticket", "table: ")
    at = [next(i for i, name in enumerate(names) if name.startswith(one)) for one in told]
    assert at == sorted(at)  # header, inputs, tiles, figures: as they stand on the page


def test_root_leads_to_the_overview(page, served):
    page.goto(served)
    assert page.url == f"{served}/voila/render/overview.ipynb"
    page.wait_for_selector(DRAWN, state="attached", timeout=PATIENCE_MS)


def test_opening_a_page_says_nothing_of_trust_on_the_console(page, served, workspace):
    open_page(page, served, "overview")
    assert "not trusted" not in (workspace / "logs" / "serve.log").read_text()


def test_header_and_grey_tiles_stand_before_the_kernel_answers(served):
    begun = urllib.request.urlopen(f"{served}/voila/render/unit_economics.ipynb")
    head = b""
    while b'rendered_cells"' not in head:
        head += begun.read1(4096)
    text = head.decode()
    assert "Unit economics" in text
    assert "Overview</a>" in text
    assert "vnd.jupyter.widget" not in text
    begun.read()
    begun.close()


def test_figures_are_painted_before_the_widgets_start(page, served, watch):
    page.route("**/voila.js", lambda route: route.abort())
    page.goto(f"{served}/voila/render/unit_economics.ipynb")
    page.wait_for_selector(".wb-early .wb-board[data-drawn] .main-svg", timeout=PATIENCE_MS)
    assert page.inner_text(".wb-head h1").endswith(".")
    assert page.locator(".wb-tile").count() == 6
    watch.faults.clear()  # the request we refused


def test_moved_slider_changes_the_number_and_the_address(page, served):
    open_page(page, served, "unit_economics")
    before = page.inner_text(".wb-head h1")
    tile = page.inner_text(".wb-tile .wb-value")
    handle = page.locator(".wb-slider .noUi-handle").first
    assert handle.get_attribute("aria-label") == "Escalation rate"
    handle.focus()
    for _ in range(30):
        page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "before => document.querySelector('.wb-head h1').textContent !== before", arg=before
    )
    shown = page.locator(".wb-slider .widget-readout").first.inner_text()
    page.wait_for_function(
        "want => Math.abs(Number(new URLSearchParams(location.search).get('escalation')) * 100 - want) < 0.05",
        arg=float(shown.removesuffix("%")),
    )
    assert page.inner_text(".wb-tile .wb-value") != tile
    assert "Measured:" in page.inner_text(".wb-head h1")
    shared = page.url
    answer = page.inner_text(".wb-head h1")
    page.goto("about:blank")
    page.goto(shared)
    page.wait_for_function(
        "answer => document.querySelector('.wb-head h1')?.textContent === answer",
        arg=answer,
        timeout=60_000,
    )


SHOWN = """() => [...document.querySelectorAll('.wb-head h1, .wb-scope, .wb-tile, .wb-card .wb-sr, .wb-card h2')]
  .map(node => node.textContent).join('|')"""


@pytest.mark.parametrize("name", [n for n in NAMES if n != "unit_economics"])
def test_every_page_with_a_slider_answers_it(page, served, name):
    open_page(page, served, name)
    if page.locator(".wb-ctl").count() == 0:
        assert name == "overview"
        return
    sliders = page.locator(".wb-slider:not(:has([disabled])) .noUi-handle")
    if page.locator(".wb-slider").count() == 0:
        return
    page.wait_for_selector(".noUi-handle")
    before = page.evaluate(SHOWN)
    for place in range(sliders.count()):
        sliders.nth(place).focus()
        page.keyboard.press("End")
        page.keyboard.press("PageDown")
        try:
            page.wait_for_function(f"was => ({SHOWN})() !== was", arg=before, timeout=15_000)
        except TimeoutError:
            continue
        return
    pytest.fail(f"no slider of {name} moved a number")


def test_dragged_slider_always_draws_the_last_value(page, served):
    open_page(page, served, "unit_economics")
    handle = page.locator(".wb-slider .noUi-handle").last
    box = handle.bounding_box()
    page.mouse.move(box["x"] + 7, box["y"] + 7)
    page.mouse.down()
    for step in range(40):
        page.mouse.move(box["x"] + 7 + 2 * step, box["y"] + 7)
    page.mouse.up()
    shown = page.locator(".wb-slider .widget-readout").last
    page.wait_for_function(
        "want => new URLSearchParams(location.search).get('volume') === String(Number(want))",
        arg=shown.inner_text(),
    )


def click_bar(page, card, key: str) -> None:
    """Click into the middle of the bar that opens `key`, as a mouse would."""
    box = card.locator(".wb-plot").evaluate(
        """(plot, key) => {
            const at = plot.data.findIndex((trace) => trace.customdata?.[0] === key);
            const bars = plot.querySelectorAll('.barlayer .trace');
            bars[at].scrollIntoView({ block: 'center' });
            const { x, y, width, height } = bars[at].querySelector('path').getBoundingClientRect();
            return { x: x + width / 2, y: y + height / 2 };
        }""",
        key,
    )
    page.mouse.move(box["x"] - 1, box["y"])
    page.mouse.move(box["x"], box["y"])
    page.mouse.click(box["x"], box["y"])


@pytest.mark.parametrize(
    ("figure", "prefix"), [(0, "pvm/"), (1, "legs/"), (2, "plan/step/")], ids=["months", "legs", "plan"]
)  # fmt: skip
def test_click_on_a_bar_opens_rows_that_sum_to_it(page, served, figure, prefix):
    open_page(page, served, "variance")
    card = page.locator(".wb-grid .wb-card").nth(figure)
    steps = card.locator(f".wb-opens button[data-key^='{prefix}']")
    keys = [steps.nth(n).get_attribute("data-key") for n in range(steps.count())]
    heights = card.locator(".wb-plot").evaluate(
        "plot => Object.fromEntries(plot.data.filter(t => t.customdata).map(t => [t.customdata[0], t.y[0]]))"
    )
    tallest = max(keys, key=lambda key: heights[key] if key.count("/") > 0 else 0)
    click_bar(page, card, tallest)
    page.wait_for_selector(".wb-opened:not([hidden]) tr.total")
    assert page.locator(".wb-opened").get_attribute("data-key") == tallest
    assert card.locator(f"button[data-key='{tallest}']").get_attribute("aria-expanded") == "true"
    title = page.inner_text(".wb-opened h2")
    usd = page.locator(".wb-opened th").all_inner_texts().index("USD")
    cells = page.locator(".wb-opened tbody tr").evaluate_all(
        "(rows, at) => rows.map((row) => row.children[at].textContent)", usd
    )
    cents = [round(float(c.strip("()").replace(",", "")) * (-100 if c[0] == "(" else 100)) for c in cells]  # fmt: skip
    assert sum(cents[:-1]) == cents[-1]
    assert f": {cells[-1]} USD" in title
    assert re.search("sums? to the bar", page.inner_text(".wb-opened .wb-foot"))


def test_bars_open_by_keyboard_and_from_the_address(page, served):
    open_page(page, served, "variance")
    button = page.locator(".wb-opens button").first
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".wb-opened:not([hidden])")
    page.wait_for_function("() => document.activeElement.classList.contains('wb-opened')")
    key = page.locator(".wb-opened").get_attribute("data-key")
    page.wait_for_function("() => location.search.includes('open=')")
    page.reload()
    page.wait_for_selector(f".wb-opened[data-key='{key}']:not([hidden])", timeout=PATIENCE_MS)
    page.wait_for_selector(DRAWN, state="attached", timeout=PATIENCE_MS)
    page.locator(".wb-opened").focus()
    page.keyboard.press("Escape")
    page.wait_for_selector(".wb-opened[hidden]", state="attached")
    page.wait_for_function("() => location.search === ''")
    page.wait_for_function("() => document.activeElement.dataset.key")


def test_bars_of_the_overview_open_too(page, served):
    open_page(page, served, "overview")
    page.locator(".wb-opens button", has_text="Volume").click()
    page.wait_for_selector(".wb-opened:not([hidden]) tr.total")
    assert page.inner_text(".wb-opened h2").startswith("Rows behind Volume")


def test_bars_and_points_of_unit_economics_open(page, served):
    page.emulate_media(reduced_motion="reduce")  # a page that still scrolls moves under the mouse
    open_page(page, served, "unit_economics")
    cards = page.locator(".wb-grid .wb-card:not(.wb-opened)")
    for place, prefix in ((1, "cost/"), (2, "class/"), (3, ("mover/", "rest/"))):
        card = cards.nth(place)
        box = card.locator(".wb-plot").evaluate(
            """plot => {
                const bars = [...plot.querySelectorAll('.barlayer .trace')].flatMap((trace, t) =>
                    [...trace.querySelectorAll('.point path')].map((path, i) => [path, plot.data[t].customdata[i]]));
                const wide = ([path]) => path.getBoundingClientRect().width;
                const [bar, key] = bars.reduce((one, other) => (wide(other) > wide(one) ? other : one));
                bar.scrollIntoView({ block: 'center' });
                const { x, y, width, height } = bar.getBoundingClientRect();
                return { x: x + width / 2, y: y + height / 2, key };
            }"""
        )
        page.mouse.move(box["x"] - 1, box["y"])
        page.mouse.move(box["x"], box["y"])
        page.mouse.click(box["x"], box["y"])
        page.wait_for_selector(f".wb-opened[data-key='{box['key']}'] tr.total")
        assert box["key"].startswith(prefix)
        assert "to the bar" in page.inner_text(".wb-opened .wb-foot")


def test_many_bars_share_one_list_that_the_keyboard_reaches(page, served):
    open_page(page, served, "unit_economics")
    days = page.locator(".wb-grid .wb-card").first.locator(".wb-opens select")
    keys = days.locator("option").evaluate_all("options => options.map((one) => one.value)")
    assert len(keys) > 13  # most days of October
    assert keys[0] == ""
    days.focus()
    days.select_option(value=keys[3])
    page.wait_for_selector(f".wb-opened[data-key='{keys[3]}'] tr.total")
    assert page.evaluate("document.activeElement.tagName") == "SELECT"
    assert page.inner_text(".wb-opened h2").startswith("Rows behind ")
    days.select_option(index=0)
    page.wait_for_selector(".wb-opened[hidden]", state="attached")


def test_hostile_names_are_text(page, served):
    open_page(page, served, "unit_economics", "?feature=all&environment=production")
    page.evaluate("document.querySelector('.wb-more').open = true")
    page.wait_for_function("() => document.querySelector('.wb-more').innerText.includes('onerror')")
    assert "onerror" in page.inner_text("body")
    assert page.evaluate("window.hacked") is None
    assert page.locator("img").count() == 0


def test_address_sets_only_what_a_page_offers(page, served):
    open_page(page, served, "unit_economics", "?feature=no-such&volume=99&basis=list&x=1")
    page.wait_for_function("() => location.search === '?basis=list'")
    assert "list cost" in page.inner_text(".wb-scope")


def test_links_keep_the_filter(page, served):
    open_page(page, served, "unit_economics", "?environment=all")
    link = page.locator(".wb-nav a", has_text="Overview")
    page.wait_for_function(
        "() => document.querySelector('.wb-nav a').search.includes('environment=all')"
    )
    assert link.get_attribute("target") is None


def test_theme_switches_figures_and_is_kept(page, served):
    open_page(page, served, "overview")
    line = "() => document.querySelector('.wb-plot .scatterlayer path.js-line, .wb-plot .bars path')?.style.stroke"
    light = page.evaluate(line)
    page.click("#wb-theme")
    page.wait_for_function(f"light => ({line})() !== light", arg=light)
    assert page.evaluate("document.documentElement.dataset.wbTheme") == "dark"
    page.reload()
    page.wait_for_selector(DRAWN, state="attached", timeout=PATIENCE_MS)
    assert page.evaluate("document.documentElement.dataset.wbTheme") == "dark"


def test_every_figure_has_a_summary_and_a_table(page, served):
    open_page(page, served, "unit_economics")
    cards = page.locator(".wb-grid").first.locator(
        ":scope > .wb-card", has=page.locator(".js-plotly-plot")
    )
    assert cards.count() >= 3
    for card in cards.all():
        assert len(card.locator(".wb-plot").get_attribute("aria-label")) > 20
        card.get_by_role("button", name="table").click()
        assert card.locator(".wb-twin tbody tr").count() >= 1


def test_phone_folds_the_inputs_and_never_scrolls_sideways(page, served):
    page.set_viewport_size({"width": 390, "height": 844})
    open_page(page, served, "unit_economics")
    assert not page.locator(".wb-ctl").is_visible()
    page.get_by_role("button", name="Change inputs").click()
    assert page.locator(".wb-ctl").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_on_a_phone_a_slanted_name_is_one_line(page, served):
    """Two slanted lines of one name would lie over the name beside it."""
    page.set_viewport_size({"width": 390, "height": 844})
    open_page(page, served, "retention")
    slanted = page.evaluate("""() => [...document.querySelectorAll('.wb-plot.js-plotly-plot')]
        .filter((plot) => plot.layout.xaxis?.tickangle === -50)
        .map((plot) => plot.layout.xaxis.ticktext)""")
    assert any("not stated" in names for names in slanted)
    assert not any("<br>" in name for names in slanted for name in names)


def test_on_a_phone_no_column_name_is_broken_within_a_word(page, served):
    """A name stands before its figure: one word of it takes one line, however long the figure."""
    page.set_viewport_size({"width": 390, "height": 844})
    open_page(page, served, "variance")
    wraps = page.evaluate("""() => [...document.querySelectorAll('.wb-wide td')]
        .map((cell) => getComputedStyle(cell, '::before').overflowWrap)""")
    assert wraps
    assert set(wraps) == {"normal"}


def test_a_bridge_without_room_for_its_names_lies_down(page, served):
    """The longest bridge stands on a laptop; on a phone no name covers another."""
    drawn = """() => [...document.querySelectorAll('.wb-plot.js-plotly-plot')]
        .filter((plot) => plot.layout.shapes?.length && plot.data.every((t) => t.type === 'bar'))
        .map((plot) => ({ lying: plot.data.map((t) => t.orientation === 'h'), boxes:
            [...plot.querySelectorAll('.xaxislayer-above text, .yaxislayer-above text')]
              .map((text) => text.getBoundingClientRect()).map((b) => [b.left, b.right, b.top, b.bottom]) }))"""
    open_page(page, served, "variance")
    standing = page.evaluate(drawn)
    assert standing
    assert not any(any(one["lying"]) for one in standing)
    page.set_viewport_size({"width": 390, "height": 844})
    open_page(page, served, "variance")
    lying = page.evaluate(drawn)
    assert any(all(one["lying"]) for one in lying)
    for one in lying:
        for i, (left, right, top, bottom) in enumerate(one["boxes"]):
            for at, end, above, below in one["boxes"][:i]:
                assert right <= at or end <= left or bottom <= above + 1 or below <= top + 1


def _alive(served: str, kernel: str) -> bool:
    try:
        with urllib.request.urlopen(f"{served}/api/kernels/{kernel}", timeout=5) as answer:
            return json.load(answer)["id"] == kernel
    except urllib.error.HTTPError as gone:
        gone.close()
        return False


def test_leaving_a_page_frees_its_kernel(page, served):
    open_page(page, served, "unit_economics")
    kernel = json.loads(
        page.inner_text("#jupyter-config-data") or page.text_content("#jupyter-config-data")
    )["kernelId"]
    assert _alive(served, kernel)
    page.locator(".wb-nav a", has_text="Overview").click()
    page.wait_for_selector(DRAWN, state="attached", timeout=PATIENCE_MS)
    end = time.monotonic() + 60
    while _alive(served, kernel) and time.monotonic() < end:
        time.sleep(0.3)
    assert not _alive(served, kernel)


def test_lost_connection_is_said(page, served, watch):
    open_page(page, served, "unit_economics")
    kernel = json.loads(page.text_content("#jupyter-config-data"))["kernelId"]
    request = urllib.request.Request(f"{served}/api/kernels/{kernel}", method="DELETE")
    urllib.request.urlopen(request).close()
    page.wait_for_selector("#wb-lost:not([hidden])", timeout=60_000)
    watch.faults.clear()  # the browser's own complaints about the connection we cut


@pytest.mark.parametrize(
    "path", ["voila/tree", "voila/api/contents/", "voila/files/overview.ipynb"]
)
def test_nothing_is_listed(served, path):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{served}/{path}")
    refused.value.close()
    assert refused.value.code in (403, 404)
