"""Prints how long a leader waits: first chart, preheated overview, redraws while dragging.

Usage: python tests/dashboards/measure.py WORKSPACE. Wall times on a shared machine: compare runs
of one machine only; nothing is asserted.
"""

import os
import statistics
import sys
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parent))
from conftest import ARGUMENTS, CHROMIUM, free_port, start, stop, wait_for

RUNS = int(os.environ.get("WORKBENCH_RUNS", "3"))
FIGURE = ".wb-plot .main-svg"


def opened(tab: Page, address: str) -> float:
    """Return seconds from asking for a page to its first figure."""
    begun = time.perf_counter()
    tab.goto(address, wait_until="commit")
    tab.wait_for_selector(FIGURE, state="attached", timeout=90_000)
    return time.perf_counter() - begun


def dragged(tab: Page) -> tuple[float, float]:
    """Drag the last slider for two seconds; return redraws a second, and seconds to the last."""
    drawn = "() => Number(document.querySelector('.wb-board').dataset.drawn)"
    box = tab.locator(".wb-slider .noUi-handle").last.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    tab.mouse.move(x, y)
    tab.mouse.down()
    first, begun, moves = tab.evaluate(drawn), time.perf_counter(), 0
    while time.perf_counter() - begun < 2:
        moves += 1
        tab.mouse.move(x + moves % 120, y)
        time.sleep(0.016)
    rate = (tab.evaluate(drawn) - first) / (time.perf_counter() - begun)
    answer = tab.inner_text(".wb-tile:last-child .wb-value")
    begun = time.perf_counter()
    tab.mouse.move(x + 60, y)
    tab.mouse.up()
    tab.wait_for_function(
        "was => document.querySelector('.wb-tile:last-child .wb-value').innerText !== was",
        arg=answer,
    )
    return rate, time.perf_counter() - begun


def main(workspace: Path) -> None:
    """Serve the workspace and print the measurements."""
    port = free_port()
    process = start("serve", workspace, port)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{address}/voila/static/voila.js", process)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
            cold, heated = [], []
            for _ in range(RUNS):
                time.sleep(8)  # the pool refills
                tab = browser.new_context(viewport={"width": 1440, "height": 1000}).new_page()
                cold.append(opened(tab, f"{address}/voila/render/unit_economics.ipynb"))
                tab.close()
                time.sleep(2)
                tab = browser.new_context(viewport={"width": 1440, "height": 1000}).new_page()
                heated.append(opened(tab, f"{address}/"))
                tab.close()
            tab = browser.new_page(viewport={"width": 1440, "height": 1000})
            tab.on("console", lambda m: m.type == "error" and print("console error:", m.text))
            tab.on("pageerror", lambda error: print("page error:", error))
            opened(tab, f"{address}/voila/render/unit_economics.ipynb")
            time.sleep(1)
            rate, last = dragged(tab)
            browser.close()
    finally:
        stop(process)
    print(
        f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, {RUNS} runs, new browser cache each"
    )
    print(
        f"unit economics, cold, to first chart: median {statistics.median(cold):.2f} s, least {min(cold):.2f} s"
    )
    print(
        f"overview, preheated, to first chart:  median {statistics.median(heated):.2f} s, least {min(heated):.2f} s"
    )
    print(f"slider dragged: {rate:.1f} redraws a second, last value after {last:.2f} s")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
