"""The commands: parse, call, print. Nothing is computed here, and only here is the clock read."""

from workbench.cli import (
    analysis,
    data,
    exit,
    exit_evidence,
    exports,
    finance,
    pages,
    playbook,
    prices,
    reconcile,
    retention,
    serving,
    terraform,
)
from workbench.cli.app import main, workbench

for _module in (
    data, prices, reconcile, analysis, pages, playbook, finance, exports, retention, exit,
    exit_evidence, serving, terraform,
):  # fmt: skip
    _module.register(workbench)

__all__ = ["main", "workbench"]
