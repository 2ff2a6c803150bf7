"""The workspace's own papers that pages need: dossiers and assumptions, as their owners wrote them."""

from typing import Any

from workbench.store.layout import Layout
from workbench.yaml_files import read_yaml


def papers_of(layout: Layout) -> dict[str, Any]:
    """Return dossiers in the order of their files, and assumptions by question."""
    return {
        "dossiers": [read_yaml(path) for path in sorted(layout.root.glob("dossiers/*.yaml"))],
        "assumptions": {
            path.stem: read_yaml(path) for path in sorted(layout.root.glob("assumptions/*.yaml"))
        },
    }
