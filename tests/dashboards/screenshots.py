"""Writes every page at phone, laptop and wall width in both themes to ./screenshots.

Run by `make screenshots`; WORKBENCH_DEMO names a workspace to show, else a small one is built.
"""

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parent))
import conftest
from conftest import ARGUMENTS, CHROMIUM, free_port, start, stop, wait_for

from workbench.serve import installed, pages

WIDTHS = {"phone": 390, "laptop": 1440, "wall": 2560}


def main(folder: Path) -> None:
    """Take all pictures into `folder`."""
    import os

    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        given = os.environ.get("WORKBENCH_DEMO")
        workspace = Path(given) if given else Path(temporary) / "demo"
        if not given:
            from workbench.demo import build

            for _ in build(workspace, requests=conftest.REQUESTS, now=datetime.now(tz=UTC)):
                pass
        port = free_port()
        process = start("serve", workspace, port)
        try:
            wait_for(f"http://127.0.0.1:{port}/voila/static/voila.js", process)
            take(f"http://127.0.0.1:{port}", folder)
        finally:
            stop(process)


def take(address: str, folder: Path) -> None:
    """Open every page in every width, once a width, and switch its theme."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        for name in (page["file"].removesuffix(".ipynb") for page in pages(installed("notebooks"))):
            for size, width in WIDTHS.items():
                context = browser.new_context(
                    viewport={"width": width, "height": 1400 if width > 2000 else 900},
                    color_scheme="light",
                )
                tab = context.new_page()
                tab.goto(f"{address}/voila/render/{name}.ipynb")
                tab.wait_for_selector(
                    ".wb-ready .wb-board[data-drawn]", state="attached", timeout=90_000
                )
                for theme in ("light", "dark"):
                    tab.wait_for_timeout(700)
                    tab.screenshot(path=folder / f"{name}-{size}-{theme}.png", full_page=True)
                    tab.click("#wb-theme")
                context.close()
                print(folder / f"{name}-{size}-*.png")
        browser.close()


if __name__ == "__main__":
    main(Path("screenshots"))
