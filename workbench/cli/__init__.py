"""The commands: parse, call, print. Nothing is computed here, and only here is the clock read."""

from workbench.cli import (
    allocation,
    analysis,
    assumptions,
    closes,
    data,
    envelope,
    exit,
    exit_evidence,
    exports,
    pages,
    playbook,
    prices,
    reconcile,
    retention,
    serving,
    terraform,
    variance,
)
from workbench.cli.app import main, workbench
from workbench.cli.examples import add_examples

for _module in (
    data, prices, reconcile, analysis, pages, playbook, envelope, variance,
    allocation, closes, assumptions, exports, retention, exit,
    exit_evidence, serving, terraform,
):  # fmt: skip
    _module.register(workbench)
add_examples(workbench)

__all__ = ["main", "workbench"]
