"""What an invoice charges for usage, shared over the priced usage it is for, to the pico-USD.

    share of a cell = charge x its contract cost / contract cost of all cells of the charge

A charge that names a model is that model's, one that names a day is that day's; one that names
neither is all of the provider's month. Tax, credits, commitments, adjustments, and charges for
usage that is not in the logs or has no price, are nobody's share: reconciliation names them.
Shares are differences of the floor of the running total, so that they add up exactly.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedCell:
    """One provider's model on one day, with all that its priced requests cost."""

    key: tuple[date, int]
    """Names the cell; cells are taken in its order."""
    provider: str
    model: str
    day: date
    contract_pico: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageCharge:
    """One charge of an invoice for usage; `model` and `day` are None where it names none."""

    provider: str
    month: str
    billed_pico: int
    model: str | None = None
    day: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocated:
    """Shares by cell, and what of each provider's month found no cell."""

    cells_pico: Mapping[tuple[date, int], int]
    left_pico: Mapping[tuple[str, str], int]
    """By (provider, month), in the order of the charges."""


def shares(amount: int, weights: Sequence[int]) -> list[int]:
    """Cut a whole amount by weights; the parts are whole and add up to it.

    Examples
    --------
    >>> shares(100, [1, 1, 1])
    [33, 33, 34]
    """
    total, before, running, found = sum(weights), 0, 0, []
    for weight in weights:
        running += weight
        upto = amount * running // total
        found.append(upto - before)
        before = upto
    return found


def allocate(charges: Iterable[UsageCharge], cells: Iterable[PricedCell]) -> Allocated:
    """Share every charge over the cells it is for.

    Parameters
    ----------
    charges
        For usage only.
    cells
        Providers and models named as the charges name them. Cells that cost nothing take no
        share and are no cell of a charge.
    """
    by_month: dict[tuple[str, str], list[PricedCell]] = {}
    for cell in sorted(cells, key=lambda cell: cell.key):
        if cell.contract_pico > 0:
            by_month.setdefault((cell.provider, f"{cell.day:%Y-%m}"), []).append(cell)
    pools: dict[UsageCharge, int] = {}
    for charge in charges:
        named = UsageCharge(
            provider=charge.provider, month=charge.month, billed_pico=0, model=charge.model,
            day=charge.day,
        )  # fmt: skip
        pools[named] = pools.get(named, 0) + charge.billed_pico
    found: dict[tuple[date, int], int] = {}
    left: dict[tuple[str, str], int] = {}
    for named, amount in pools.items():
        month = named.provider, named.month
        mine = [
            cell
            for cell in by_month.get(month, ())
            if named.model in (None, cell.model) and named.day in (None, cell.day)
        ]
        if not mine:
            left[month] = left.get(month, 0) + amount
            continue
        parts = shares(amount, [cell.contract_pico for cell in mine])
        for cell, part in zip(mine, parts, strict=True):
            found[cell.key] = found.get(cell.key, 0) + part
    return Allocated(cells_pico=found, left_pico=left)
