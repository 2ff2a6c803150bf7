"""The workspace's own papers that pages need: dossiers and assumptions, as their owners wrote them."""

from pathlib import Path
from typing import Any

import yaml

from workbench.errors import InputError
from workbench.store.layout import Layout


def papers_of(layout: Layout) -> dict[str, Any]:
    """Return dossiers in the order of their files, and assumptions by question."""
    return {
        "dossiers": [_yaml(path) for path in sorted(layout.root.glob("dossiers/*.yaml"))],
        "assumptions": {
            path.stem: _yaml(path) for path in sorted(layout.root.glob("assumptions/*.yaml"))
        },
    }


def _yaml(path: Path) -> Any:  # noqa: ANN401
    try:
        return yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise InputError(f"{path}: not readable as YAML ({str(error)[:200]}).") from error
