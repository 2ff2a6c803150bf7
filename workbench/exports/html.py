"""A page as one file anybody can open: read-only, no network, no server, nothing to install.

The same style sheet and module as the dashboards draw it; plotly.js comes from the installed
package. A content security policy in the file allows its own scripts by hash and forbids every
request, so what is in it is all there is.
"""

import base64
import hashlib
import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from workbench.errors import InputError

STARTS = """
const view = JSON.parse(document.getElementById("wb-view").textContent);
const host = document.getElementById("wb-host");
const board = new Board(host);
board.send = ({ key }) => board.show("opened", view.rows[board.panel.dataset.key === key ? "" : key] ?? {});
for (const name of PARTS) board.show(name, view[name] ?? {});
const redraw = () => board.schedule();
addEventListener("resize", redraw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
document.body.classList.add("wb-ready");
for (const link of document.querySelectorAll('a[href="#why"], a[href^="#"]')) link.addEventListener("click", () => { document.getElementById("why").open = true; });
addEventListener("beforeprint", () => { document.getElementById("why").open = true; });
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFile:
    """What goes into the file."""

    title: str
    stamp: str
    """As of, version, when exported, of what; at the foot of the page."""
    view: Mapping[str, Any]
    """head, tiles, cards, details, opened and rows: what each bar opens, by key."""
    prose: str
    """The page's own explanation as HTML, written by the workbench and not by data."""
    inputs: Sequence[tuple[str, str]]
    """How the inputs stood."""


def page_html(page: PageFile) -> str:
    """Return the file's text; everything from data is escaped or stays JSON."""
    static = _folder("widgets") / "template" / "static"
    plotly = _script((_folder("plotly") / "package_data" / "plotly.min.js").read_text("utf-8"))
    parts = [(static / name).read_text("utf-8") for name in ("charts.js", "page.js")]
    own = _script("(() => {\n" + "\n".join([*parts, STARTS]) + "\n})();")
    allowed = " ".join(f"'sha256-{_digest(text)}'" for text in (plotly, own))
    policy = (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )
    inputs = " · ".join(f"{html.escape(name)}: {html.escape(value)}" for name, value in page.inputs)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(page.title)} · Workbench</title>
<link rel="icon" href="data:;base64,=">
<style>{(static / "workbench.css").read_text("utf-8")}</style>
</head>
<body class="wb-shell">
<header class="wb-top"><div class="wb-bar"><b>Workbench</b> <span class="wb-scope">{html.escape(page.title)}, read-only copy</span></div>
<div class="wb-state" id="wb-state"></div></header>
<main class="wb-main">
<div class="wb-page"><div id="wb-host"></div></div>
<p class="wb-scope">{f"Inputs: {inputs}. " if inputs else ""}{html.escape(page.stamp)}</p>
<details class="wb-why" id="why"><summary>Why these figures</summary><div class="jp-RenderedHTMLCommon">{page.prose}</div></details>
</main>
<script type="application/json" id="wb-view">{_json(page.view)}</script>
<script>{plotly}</script>
<script>{own}</script>
</body>
</html>
"""


def _folder(package: str) -> Path:
    found = find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise InputError(f"The package {package} is missing. Install the workbench again.")
    return Path(next(iter(found.submodule_search_locations)))


def _script(text: str) -> str:
    """Return a script that no text in it can end early."""
    return text.replace("</script", "<\\/script").replace("<!--", "<\\!--").replace("\r", "")


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _json(value: object) -> str:
    """Return JSON that stays data inside HTML, whatever texts it holds."""
    text = json.dumps(value, default=str, ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
