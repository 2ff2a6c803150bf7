"""How long does a leader wait? Our pages beside a Streamlit page with the same query and charts.

Usage: python benchmarks/pages.py [WORKSPACE]. Rounds alternate between the rivals, each open in a
fresh browser context (nothing cached). Both are measured from asking for the address to the first
drawn figure. Wall times on a shared machine: compare figures of one run only.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "dashboards"))
from claims import claim
from conftest import ARGUMENTS, CHROMIUM, free_port, start, stop, wait_for
from measure import dragged

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = int(os.environ.get("WORKBENCH_RUNS", "5"))
REFILL_SECONDS = 8.0
OVERVIEW_S, REDRAWS_A_SECOND = 2.5, 4
DEMO_REQUESTS = 20_000
SIZE = {"width": 1440, "height": 1000}
FIGURE = ".main-svg"

RIVAL = """
import sys
from pathlib import Path

import plotly.graph_objects as go
import streamlit as st

from widgets.unit_economics import page
from workbench.store.snapshot import open_snapshot

SNAPSHOTS = Path(sys.argv[1])

st.set_page_config(layout="wide")
if "made" not in st.session_state:
    st.session_state.made = page(open_snapshot(SNAPSHOTS))
made = st.session_state.made
volume = st.slider("Volume", 0.25, 4.0, 1.0, 0.05)
made.inputs["volume"].value = volume
st.header(made.charts.head["answer"])
for column, tile in zip(st.columns(6), made.charts.tiles):
    column.metric(tile["label"], tile["value"] + " " + tile["unit"], tile["delta"])
for card in made.charts.cards:
    if "figure" in card:
        layout = {k: v for k, v in card["figure"]["layout"].items() if k != "meta"}
        st.plotly_chart(go.Figure(card["figure"]["data"], layout), key=card["subtitle"])
    else:
        st.table([dict(zip(card["columns"], map(str, row))) for row in card["rows"]])
"""


def opened(browser: Browser, address: str) -> float:
    """Return seconds from asking for a page to its first figure, with nothing cached."""
    context = browser.new_context(viewport=SIZE)
    tab = context.new_page()
    begun = time.perf_counter()
    tab.goto(address, wait_until="commit")
    tab.wait_for_selector(FIGURE, state="attached", timeout=120_000)
    taken = time.perf_counter() - begun
    context.close()
    return taken


def stepped(tab: Page, handle: str, number: str) -> float:
    """Return the median seconds from a key on the slider to another number on the page."""
    tab.locator(handle).last.focus()
    taken = []
    for _ in range(10):
        before = tab.locator(number).last.inner_text()
        begun = time.perf_counter()
        tab.keyboard.press("ArrowRight")
        tab.wait_for_function(
            "([where, was]) => [...document.querySelectorAll(where)].at(-1)?.innerText !== was",
            arg=[number, before], timeout=30_000,
        )  # fmt: skip
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def streamlit(workspace: Path, folder: Path, port: int) -> subprocess.Popen[bytes]:
    """Start the rival; its environment may be another (WORKBENCH_STREAMLIT_PYTHON)."""
    script = folder / "rival.py"
    script.write_text(RIVAL)
    python = os.environ.get("WORKBENCH_STREAMLIT_PYTHON", sys.executable)
    with (folder / "streamlit.log").open("wb") as log:
        return subprocess.Popen(
            [python, "-m", "streamlit", "run", str(script), "--server.headless=true",
             f"--server.port={port}", "--server.address=127.0.0.1",
             "--browser.gatherUsageStats=false", "--server.fileWatcherType=none", "--",
             str(workspace.resolve() / "store" / "snapshots")],
            stdout=log, stderr=log, env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip


def measured(ours: str, rival: str) -> dict[str, list[float]]:
    """Open all pages in turn, then move a slider on both."""
    times: dict[str, list[float]] = {"preheated": [], "cold": [], "streamlit": []}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        opened(browser, rival)  # its first visitor pays for the imports: not counted
        for number in range(1, ROUNDS + 1):
            print(f"round {number} of {ROUNDS}")
            time.sleep(REFILL_SECONDS)
            times["preheated"].append(opened(browser, f"{ours}/"))
            time.sleep(2)
            times["cold"].append(opened(browser, f"{ours}/voila/render/unit_economics.ipynb"))
            time.sleep(2)
            times["streamlit"].append(opened(browser, rival))
        tab = browser.new_page(viewport=SIZE)
        tab.goto(f"{ours}/voila/render/unit_economics.ipynb")
        tab.wait_for_selector(".wb-ready .wb-board[data-drawn]", state="attached", timeout=120_000)
        times["ours moved"] = [
            stepped(tab, ".wb-slider .noUi-handle", ".wb-tile:last-child .wb-value")
        ]
        rate, last = dragged(tab)
        times["dragged"], times["last"] = [rate], [last]
        tab.close()
        tab = browser.new_page(viewport=SIZE)
        tab.goto(rival)
        tab.wait_for_selector(FIGURE, state="attached", timeout=120_000)
        times["streamlit moved"] = [
            stepped(tab, "input[type=range]", "[data-testid=stMetricValue]")
        ]
        browser.close()
    return times


def main(given: Path | None) -> None:
    """Serve both, measure, print."""
    if CHROMIUM is None:
        claim("pages", "not measured: no chromium on this machine", goal="measured", holds=False)
        return
    with tempfile.TemporaryDirectory() as temporary:
        workspace = given or Path(temporary) / "demo"
        if given is None:
            print(f"building a demo of {DEMO_REQUESTS:,} requests")
            from workbench.demo import build

            for told, taken in build(workspace, requests=DEMO_REQUESTS, now=datetime.now(tz=UTC)):
                print(f"  {taken:5.1f} s  {told}")
        ports = free_port(), free_port()
        servers = [start("serve", workspace, ports[0])]
        servers.append(streamlit(workspace, Path(temporary), ports[1]))
        try:
            ours, rival = (f"http://127.0.0.1:{port}" for port in ports)
            wait_for(f"{ours}/voila/static/voila.js", servers[0], seconds=120)
            wait_for(f"{rival}/_stcore/health", servers[1], seconds=120)
            times = measured(ours, rival)
        finally:
            for server in servers:
                stop(server)
    middle = {name: statistics.median(values) for name, values in times.items()}
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, {ROUNDS} rounds")
    print(
        "to the first figure, nothing cached in the browser   median   least   ratio to Streamlit"
    )
    for name, label in (
        ("preheated", "overview, preheated"), ("cold", "unit economics, cold kernel"),
        ("streamlit", "Streamlit, warm server, same figures"),
    ):  # fmt: skip
        ratio = middle[name] / middle["streamlit"]
        print(f"  {label:<48} {middle[name]:6.2f} s {min(times[name]):6.2f} s   {ratio:.2f}")
    print("slider, a key to another number on the page")
    ratio = middle["ours moved"] / middle["streamlit moved"]
    print(
        f"  ours {middle['ours moved']:.3f} s, Streamlit {middle['streamlit moved']:.3f} s, ratio {ratio:.2f}"
    )
    claim(
        "overview, preheated, to its first figure", f"{middle['preheated']:.2f} s",
        beside=f"Streamlit {middle['streamlit']:.2f} s", goal=f"<= {OVERVIEW_S} s",
        holds=middle["preheated"] <= OVERVIEW_S,
    )  # fmt: skip
    claim(
        "unit economics, cold kernel, to its first figure", f"{middle['cold']:.2f} s",
        beside=f"Streamlit {middle['streamlit']:.2f} s", goal="no slower",
        holds=middle["cold"] <= middle["streamlit"],
    )  # fmt: skip
    claim(
        "slider, a key to another number", f"{middle['ours moved']:.3f} s",
        beside=f"Streamlit {middle['streamlit moved']:.3f} s", goal="no slower",
        holds=middle["ours moved"] <= middle["streamlit moved"],
    )  # fmt: skip
    claim(
        "slider while dragged", f"{middle['dragged']:.1f} redraws a second",
        goal=f">= {REDRAWS_A_SECOND} a second", holds=middle["dragged"] >= REDRAWS_A_SECOND,
    )  # fmt: skip
    print(
        f"slider dragged: {middle['dragged']:.1f} redraws a second, last value after {middle['last']:.2f} s"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
