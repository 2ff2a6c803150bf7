"""Which rows is a bar made of? Every bar of the variance opened; its rows sum to it.

A row of a bridge between months is a line (feature, model and meter), a row of the legs of token
use a token class of a model, a row of the plan a month of a feature. Nothing is drawn here.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workbench.models.variance.bridge import LEG_WORDS
from workbench.models.variance.legs import LegRow, UsageLegs
from workbench.models.variance.months import Comparison
from workbench.models.variance.pvm import Line, LineVariance

MOVED_BY_LEG = {
    "users": "Users",
    "requests_per_user": "Requests per user",
    "tokens_per_request": "Mtok per request",
    "cache_share": "Share of the model's tokens",
    "model_mix": "Share of all tokens",
    "list_price": "List, USD per Mtok",
    "discount": "Discount off list",
    "fx": "FX rate",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedRow:
    """One row behind a bar."""

    name: str
    usd: float
    """Its part of the bar; positive is adverse in a step."""
    feature: str = ""
    before: float | None = None
    after: float | None = None
    unit: str = ""
    models: tuple[str, ...] = ()
    """Models whose priced usage it rests on; empty for a plan line."""
    months: tuple[str, ...] = ()
    source: str = ""
    """Where it comes from if not from usage: file and entry, owner, date, source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedBar:
    """A bar and its rows, the largest first."""

    key: str
    label: str
    usd: float
    rows: tuple[OpenedRow, ...]
    moved: str = ""
    """What `before` and `after` of the rows are."""
    note: str = ""

    @property
    def sum_usd(self) -> float:
        """All rows added up; equal to the bar but for the last bits of a float."""
        return math.fsum(row.usd for row in self.rows)


def variance_bar(
    key: str, compared: Comparison, *, months: tuple[str, str], followed: Mapping[str, str]
) -> OpenedBar | None:
    """Open a bar of the bridge between two months: `pvm/before`, `pvm/after` or `pvm/LEG`.

    Parameters
    ----------
    months
        The earlier and the later one, as names.
    followed
        Old model to the one it is compared as; empty where none is.

    Returns
    -------
    OpenedBar or None
        None for a key that names no bar.
    """
    part = key.removeprefix("pvm/")
    sides = {"before": (0, compared.split.base_usd), "after": (1, compared.split.actual_usd)}
    if part in sides:
        at, usd = sides[part]
        rows = [_total_row(line, months[at], followed, at) for line in compared.lines[at]]
        return _sorted(key, months[at], usd, rows, moved="Quantity")
    if part not in LEG_WORDS:
        return None
    before, after = ({line.key: line for line in lines} for lines in compared.lines)
    rows = [
        _leg_row(part, one, before.get((one.team, one.name)), after.get((one.team, one.name)),
                 months=months, followed=followed)
        for one in compared.split.lines
        if getattr(one, part) != 0
    ]  # fmt: skip
    moved = "USD" if part == "price" else "Quantity"
    return _sorted(key, LEG_WORDS[part], compared.split.leg(part), rows, moved=moved)


def legs_bar(key: str, usage: UsageLegs | None, *, months: tuple[str, str]) -> OpenedBar | None:
    """Open a bar of the legs of token use: `legs/base`, `legs/actual` or `legs/LEG`."""
    part = key.removeprefix("legs/")
    if usage is None or part not in usage.rows:
        return None
    if part in ("base", "actual"):
        at = part == "actual"
        usd, label, moved = (usage.base_usd, usage.actual_usd)[at], months[at], "Mtok"
        touched = (months[at],)
    else:
        usd, label, moved, touched = usage.legs[part], part, MOVED_BY_LEG[part], months
    rows = [_class_row(row, touched) for row in usage.rows[part]]
    return _sorted(key, label, usd, rows, moved=moved)


def cents_that_add(usd: Sequence[float], total_usd: float, *, digits: int = 2) -> list[float]:
    """Round to cents so that what is shown sums to the total shown (largest remainder).

    `digits` are the decimals, where cents are too coarse or too fine.

    Examples
    --------
    >>> cents_that_add([0.104, 0.104, 0.104], 0.312)
    [0.11, 0.1, 0.1]
    >>> cents_that_add([0.00014, 0.00014], 0.00028, digits=4)
    [0.0002, 0.0001]
    """
    fine = 10**digits
    exact = [value * fine for value in usd]
    cents = [math.floor(value) for value in exact]
    short = round(total_usd * fine) - sum(cents)
    order = sorted(range(len(exact)), key=lambda at: (cents[at] - exact[at], at))
    for place in range(min(max(short, 0), len(order))):
        cents[order[place]] += 1
    return [value / fine for value in cents]


def models_of(model: str, followed: Mapping[str, str]) -> tuple[str, ...]:
    """Return a model and all that it followed, directly or through others."""
    names = [model]
    for name in names:
        names += [old for old, new in followed.items() if new == name and old not in names]
    return tuple(names)


def _leg_row(
    part: str, one: LineVariance, before: Line | None, after: Line | None, *,
    months: tuple[str, str], followed: Mapping[str, str],
) -> OpenedRow:  # fmt: skip
    field = "unit_price_usd" if part == "price" else "quantity"
    some = before or after
    return OpenedRow(
        name=one.name, feature=one.team, usd=getattr(one, part), months=months,
        before=getattr(before, field, None), after=getattr(after, field, None),
        unit=("" if some is None else f"per {some.unit}" if part == "price" else some.unit),
        models=models_of(one.name.split(" · ", 1)[0], followed),
    )  # fmt: skip


def _total_row(line: Line, month: str, followed: Mapping[str, str], at: int) -> OpenedRow:
    sides = (None, line.quantity) if at else (line.quantity, None)
    return OpenedRow(
        name=line.name, feature=line.team, usd=line.cost_usd, months=(month,), unit=line.unit,
        before=sides[0], after=sides[1], models=models_of(line.name.split(" · ", 1)[0], followed),
    )  # fmt: skip


def _class_row(row: LegRow, months: tuple[str, ...]) -> OpenedRow:
    model = row.model.split("/", 1)[-1]
    return OpenedRow(
        name=f"{model} · {row.token_class.replace('_', ' ')}", usd=row.usd, before=row.before,
        after=row.after, models=(model,), months=months,
    )  # fmt: skip


def _sorted(
    key: str, label: str, usd: float, rows: Sequence[OpenedRow], *, moved: str
) -> OpenedBar:
    ordered = tuple(sorted(rows, key=lambda row: (-abs(row.usd), row.feature, row.name)))
    return OpenedBar(key=key, label=label, usd=usd, rows=ordered, moved=moved)
