"""The one place where readers, prices, kernel and store meet: what commands and notebooks call."""

from workbench.workspace.home import Workspace
from workbench.workspace.reading import IngestReport, Progress, utc_now

__all__ = ["IngestReport", "Progress", "Workspace", "utc_now"]
