"""The rows behind a bar of the bridge from logs to invoices: providers, or their models."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from widgets.opened import MOST_ROWS, column_that_adds, exactly
from workbench.figures.cards import Table
from workbench.figures.reconciliation import END, START, UNEXPLAINED
from workbench.models.reconciliation import CAUSES, Reconciled
from workbench.units import PICO_PER_USD

if TYPE_CHECKING:
    from widgets.reconciliation import Reading

CHARGES = 'Charges: workbench sql "SELECT * FROM invoice_line"'


def behind(reading: "Reading", key: str) -> Table | None:
    """Open one bar of the bridge; None for a key that names none."""
    part = key.removeprefix("bridge/")
    names = {START: "the logs", END: "the invoices", UNEXPLAINED: "what is unexplained", **CAUSES}
    if part not in names or not reading.chosen:
        return None
    pico = {name: usd for one in reading.chosen for name, usd in _rows(one, part).items() if usd}
    ordered = sorted(pico, key=lambda name: (-abs(pico[name]), name))
    total = sum(_bar(one, part) for one in reading.chosen)
    cells, rest, whole = column_that_adds(
        [pico[name] / PICO_PER_USD for name in ordered], total / PICO_PER_USD
    )
    rows = list(zip(ordered[:MOST_ROWS], cells, strict=True))
    if rest:
        rows.append((f"{len(ordered) - MOST_ROWS:,} other rows", rest))
    gap = (sum(pico.values()) - total) / PICO_PER_USD
    return Table(
        title=f"Rows behind {names[part]}: {whole} USD",
        subtitle=f"{reading.month}, all environments, USD"
        + ("" if part in (START, END) else "; positive is more invoiced than logged"),
        columns=("Provider and model" if part == START else "Provider", "USD"),
        rows=(*rows, ("Sum of rows", whole)), has_total=True,
        foot=f"{exactly(len(ordered), gap)}. {CHARGES}",
    )  # fmt: skip


def _bar(one: Reconciled, part: str) -> int:
    totals = {START: one.logged_pico, END: one.billed_pico, UNEXPLAINED: one.unexplained_pico}
    return totals[part] if part in totals else one.causes_pico.get(part, 0)


def _rows(one: Reconciled, part: str) -> Mapping[str, int]:
    """Return a provider's part of a bar; of the logs by model, where they add up to it."""
    by_model = {f"{one.provider} · {gap.model}": gap.logged_pico for gap in one.models}
    if part == START and sum(by_model.values()) == one.logged_pico:
        return by_model
    return {one.provider: _bar(one, part)}
