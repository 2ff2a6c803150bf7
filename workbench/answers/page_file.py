"""A dashboard's page as one HTML file: the published snapshot, drawn as the page draws it."""

import json
from collections.abc import Mapping
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from workbench import __version__
from workbench.errors import InputError
from workbench.exports.html import PageFile, page_html
from workbench.store.snapshot import open_snapshot


def export_page(
    workspace: Path,
    question: str,
    out: Path,
    *,
    title: str,
    notebook: Path,
    inputs: Mapping[str, str],
    now: datetime,
) -> dict[str, Any]:
    """Write a page with its inputs set as asked, whole or not at all.

    Parameters
    ----------
    workspace
        Its published snapshot is read, and nothing else.
    question
        Name of the page, which is that of its file in `widgets`.
    title, notebook
        What the navigation calls it, and where its explanation stands.
    inputs
        As in the page's address: name and value of each input that is moved; `open` names a bar.

    Raises
    ------
    InputError
        If there is no such page or input, or the page has no figures; the text says why.
    """
    snapshot = open_snapshot(workspace / "store" / "snapshots")
    page = import_module(f"widgets.{question}").page(snapshot)
    refused = page.apply(inputs)
    if refused:
        offered = ", ".join(page.inputs) or "none"
        raise InputError(
            f"{question}: {', '.join(refused)} not taken. Its inputs are {offered}, with the values "
            "the page offers."
        )
    head = page.charts.head
    if not head or head.get("stale") or not page.charts.cards:
        raise InputError(f"{question}: {head.get('notice') or 'the page has no figures'}")
    state = snapshot.state()
    synthetic = " Synthetic sample data." if state.get("synthetic") else ""
    stamp = (
        f"Figures as of {state.get('as_of')}, snapshot {state.get('snapshot')} published "
        f"{state.get('published_at')}; exported {now:%Y-%m-%d %H:%M} UTC by workbench {__version__}. "
        f"A copy: it does not change when the data do.{synthetic}"
    )
    text = page_html(
        PageFile(
            title=title, stamp=stamp, prose=_prose(notebook),
            view={**page.charts.view(), "rows": page.all_rows()},
            inputs=[(box.description, _shown(box)) for box in page.inputs.values()],
        )
    )  # fmt: skip
    partial = out.with_name(f"{out.name}.partial")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
    return {
        "page": question,
        "out": str(out),
        "bytes": len(text.encode()),
        "as_of": state.get("as_of"),
    }


def _shown(box: Any) -> str:  # noqa: ANN401 - an ipywidget
    return str(getattr(box, "label", None) or f"{box.value:.6g}")


def _prose(notebook: Path) -> str:
    """Return the explanations of the page's notebook, our own text, as HTML."""
    from nbconvert.filters.markdown_mistune import markdown2html_mistune

    content = json.loads(notebook.read_text("utf-8"))
    cells = [
        "".join(cell["source"]) for cell in content["cells"] if cell["cell_type"] == "markdown"
    ]
    return "\n".join(markdown2html_mistune(text) for text in cells)
