"""What each close books and for which month, so that nothing is booked twice.

A closed month stands in the accounts with its accrual (or its invoice, where it was closed on one).
Later closes book what its late rows and prices known since come to, take estimates back whose logs
have come, and true the month up to its invoice. The true-up is what is left to the invoice after
all the others: late rows that are in the invoice are not paid for a second time, and once an
invoice is known the month stands in the accounts with exactly that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.errors import InputError
from workbench.models.close import HALF_A_CENT_USD, Accrual

Records = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """What the close at hand books for earlier months beside true-ups, USD by month."""

    adjustments_usd: Mapping[str, float]
    taken_back_usd: Mapping[str, float]
    """Estimates whose logs have come."""

    def moves_usd(self, month: str) -> float:
        """Return what it adds to a month."""
        return self.adjustments_usd.get(month, 0.0) - self.taken_back_usd.get(month, 0.0)


def journal(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the lines of one close: the month, what it is, USD."""
    figures = record["figures"]
    accrual = figures.get("accrual")
    if accrual:
        first = {"what": "accrual", "usd": Accrual(**accrual).usd}
    elif figures.get("invoice_usd") is not None:
        first = {"what": "invoice", "usd": figures["invoice_usd"]}
    else:
        first = {"what": "cost", "usd": float(record["totals"]["contract_cost_usd"])}
    return [
        {"month": record["period"], **first},
        *(
            {"month": one["period"], "what": "prior-period adjustment", "usd": float(one["usd"])}
            for one in record.get("prior_period_adjustments", ())
        ),
        *(
            {"month": one["period"], "what": "estimate taken back", "usd": -one["estimated_usd"]}
            for one in record.get("estimate_true_ups", ())
        ),
        *(
            {"month": month, "what": "true-up", "usd": one["true_up_usd"]}
            for month, one in record.get("true_ups", {}).items()
        ),
    ]


def in_accounts_usd(there: Records) -> dict[str, float]:
    """Return what all closes together have booked for each closed month, USD."""
    found: dict[str, float] = {}
    for record in there:
        for line in journal(record):
            found[line["month"]] = found.get(line["month"], 0.0) + line["usd"]
    return found


def accruals(there: Records) -> dict[str, Accrual]:
    """Return the accruals of closed months that no true-up has settled, by month."""
    settled = {month for one in there for month in one.get("true_ups", ())}
    return {
        one["period"]: Accrual(**one["figures"]["accrual"])
        for one in there
        if one["figures"].get("accrual") and one["period"] not in settled
    }


def true_ups(
    there: Records, invoices_usd: Mapping[str, float], later: Later
) -> dict[str, dict[str, Any]]:
    """Return what brings each invoiced earlier month to its invoice, where anything is left.

        true-up = invoice - what is booked for the month - what this close books for it

    Parameters
    ----------
    invoices_usd
        Invoices that come with this close, by month that was closed on an accrual.

    Raises
    ------
    InputError
        If such a month is not closed, was closed on its invoice, or has had its true-up.
    """
    waiting = accruals(there)
    unknown = sorted(set(invoices_usd) - set(waiting))
    if unknown:
        raise InputError(
            f"{unknown[0]} has no open accrual; there: {', '.join(waiting) or 'none'}. A true-up is "
            "booked once, for a month that was closed without its invoice."
        )
    booked = in_accounts_usd(there)
    found: dict[str, dict[str, Any]] = {}
    for month, invoice in sorted({**_known_invoices(there), **invoices_usd}.items()):
        usd = invoice - booked[month] - later.moves_usd(month)
        if month not in invoices_usd and abs(usd) < HALF_A_CENT_USD:
            continue
        accrual = waiting.get(month)
        found[month] = {
            "accrued_usd": accrual.usd if accrual else booked[month], "invoice_usd": invoice,
            "adjustments_usd": later.adjustments_usd.get(month, 0.0),
            "true_up_usd": usd, "accuracy": accrual.accuracy(invoice) if accrual else None,
        }  # fmt: skip
    return found


def _known_invoices(there: Records) -> dict[str, float]:
    """Return the invoices of months closed on one, or trued up to one before."""
    found = {
        one["period"]: float(one["figures"]["invoice_usd"])
        for one in there
        if one["figures"].get("invoice_usd") is not None
    }
    for record in there:
        for month, one in record.get("true_ups", {}).items():
            found[month] = float(one["invoice_usd"])
    return found
