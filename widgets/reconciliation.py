"""Do the invoices agree with the logs? The page: a month, its bridge, what stays unexplained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from widgets.page import Choice, Control, Page, Section, Snapshot, Values, day
from widgets.periods import ALL
from widgets.reconciliation_opened import behind
from workbench.errors import InputError
from workbench.figures import reconciliation as figures
from workbench.figures.caption import Caption
from workbench.figures.cards import Chart, Link, Tile, View
from workbench.figures.theme import count, money, money_parts, month_name, percent
from workbench.models.reconciliation import CAUSES, FINDINGS, ModelGap, Reconciled
from workbench.units import PICO_PER_USD

NO_INVOICE = (
    "No invoice is in the store. Import one with `workbench reconcile INVOICE`, then run "
    "`workbench publish`."
)
MOST_ROWS = 12
CENT_USD = 0.01
MEASURED = "Measured: invoices as imported, logs at contract prices"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was published, and what of it is chosen."""

    every: tuple[Reconciled, ...]
    chosen: tuple[Reconciled, ...]
    month: str
    tolerance: float
    as_of: str
    files: int


def page(snapshot: Snapshot | None = None) -> Page:
    """Return the page on the workspace's current snapshot, or on the one given."""
    return Page(
        question="reconciliation",
        controls=controls,
        load=read,
        draw=draw,
        behind=behind,
        snapshot=snapshot,
    )


def published(snapshot: Any) -> Mapping[str, Any]:  # noqa: ANN401 - a Snapshot or a test's
    """Return the published document.

    Raises
    ------
    InputError
        If no invoice was imported when the snapshot was published.
    """
    document = snapshot.document("reconciliation")
    if not document:
        raise InputError(NO_INVOICE)
    if "refused" in document:
        raise InputError(str(document["refused"]))
    return document


def controls(snapshot: Any) -> list[Control]:  # noqa: ANN401
    """Return the inputs: which month, and whose invoices."""
    rows = published(snapshot)["reconciled"]
    months = sorted({one["month"] for one in rows}, reverse=True)
    providers = sorted({one["provider"] for one in rows})
    logged = next((one["month"] for one in rows if one["requests"]), months[0])
    return [
        Section("Show"),
        Choice(name="month", label="Month", value=logged,
               options=[(month_name(month), month) for month in months]),
        Choice(name="provider", label="Provider",
               options=[("All that were invoiced", ALL), *((name, name) for name in providers)]),
    ]  # fmt: skip


def read(snapshot: Any, values: Values) -> Reading:  # noqa: ANN401
    """Read the comparisons of one month."""
    document = published(snapshot)
    every = tuple(_reconciled(one) for one in document["reconciled"])
    chosen = tuple(
        one
        for one in every
        if one.month == values["month"] and values["provider"] in (ALL, one.provider)
    )
    return Reading(
        every=every, chosen=chosen, month=month_name(values["month"]),
        tolerance=document["tolerance"], as_of=day(document["as_of"]), files=len(document["files"]),
    )  # fmt: skip


def draw(reading: Reading, _: Values) -> View:
    """Return all the page shows for one month."""
    return View(
        answer=answer(reading),
        scope=f"{reading.month}, {_names(reading.chosen)}, all environments, US dollars, UTC months",
        notice=notice(reading),
        tiles=tiles(reading),
        cards=(
            *_bridge(reading),
            *_models(reading),
            *_history(reading),
            figures.listed(
                reading.every[:MOST_ROWS],
                title="Every invoiced month",
                subtitle="Logs + causes + unexplained = invoice, USD",
                foot=f"{reading.files} invoice file{'' if reading.files == 1 else 's'}; up to {percent(reading.tolerance)} unexplained agrees",
            ),
        ),
        details=(
            figures.listed(
                reading.every, title="All of them", subtitle="USD, exact to the cent", foot=MEASURED
            ),
        ),
    )


def answer(reading: Reading) -> str:
    """Say whether the month's invoices agree, and what the largest finding is."""
    billed, rest = _usd(reading.chosen, "billed_pico"), _unexplained_usd(reading.chosen)
    if not reading.chosen:
        return f"No invoice of {reading.month} is in the store."
    share = rest / abs(billed) if billed else 0.0
    told = (
        f"{reading.month} was invoiced at {money(billed)}; {money(rest)} of it "
        f"({percent(share, digits=1)}) stays unexplained"
    )
    found = _findings(reading)
    if found:
        name, usd = max(found.items(), key=lambda item: abs(item[1]))
        told += f", and {CAUSES[name].lower()} make {money(abs(usd))}"
    return f"{told}."


def notice(reading: Reading) -> str:
    """Say what the comparison cannot know."""
    short = sum(one.unpriced_requests for one in reading.chosen)
    blind = [one.provider for one in reading.chosen if not one.requests]
    found = [f"{short:,} requests have no full price and are in no sum."] if short else []
    if blind:
        found.append(f"No log of {', '.join(blind)} is in the store: only the invoice is known.")
    return " ".join(found)


def tiles(reading: Reading) -> tuple[Tile, ...]:
    """Return invoiced, logged, explained, unexplained, findings and prices assumed."""
    billed, logged = _usd(reading.chosen, "billed_pico"), _usd(reading.chosen, "logged_pico")
    explained = billed - logged - _usd(reading.chosen, "unexplained_pico")
    rest = _unexplained_usd(reading.chosen)
    share = rest / abs(billed) if billed else None
    within = share is not None and share <= reading.tolerance
    agreeing = sum(one.verdict(reading.tolerance) == "agrees" for one in reading.chosen)
    assumed = sum(one.assumed_requests for one in reading.chosen)
    findings = sum(abs(usd) for usd in _findings(reading).values())
    why = Link(anchor="definitions")
    return (
        _money_tile("Invoiced", billed, f"{sum(one.lines for one in reading.chosen)} charges", why),
        _money_tile("By the logs", logged, "measured, contract prices", why),
        _money_tile("Explained", explained, "named causes", why),
        Tile(label="Unexplained", value=percent(share, digits=1).removesuffix(" %"), unit="%",
             delta="within tolerance" if within else "above tolerance", why=why,
             tone="good" if within else "bad", foot=f"{money(rest)}, up to {percent(reading.tolerance)} agrees"),
        Tile(label="Providers that agree", value=f"{agreeing}/{len(reading.chosen)}", why=why,
             delta="all agree" if agreeing == len(reading.chosen) else f"{money(findings)} to act on",
             tone="good" if agreeing == len(reading.chosen) else "bad", foot=f"as of {reading.as_of}"),
        Tile(label="At an assumed price", value=count(assumed), unit="requests", why=why,
             delta="tier or cache lifetime unknown", foot="may explain a rest"),
    )  # fmt: skip


def _money_tile(label: str, usd: float, foot: str, why: Link) -> Tile:
    value, unit = money_parts(usd)
    return Tile(label=label, value=value, unit=unit, foot=foot, why=why)


def _bridge(reading: Reading) -> tuple[Chart, ...]:
    if not reading.chosen:
        return ()
    totals = {
        label: _usd_of(sum(one.causes_pico.get(name, 0) for one in reading.chosen))
        for name, label in CAUSES.items()
    }
    largest = max(totals, key=lambda label: abs(totals[label]))
    title = (
        f"The largest difference: {largest[0].lower()}{largest[1:]}, {money(abs(totals[largest]))}"
        if totals[largest]
        else "No named cause: what differs is unexplained"
    )
    return (
        figures.bridge(
            Caption(title=title, subtitle=f"From the logs to the invoices, {reading.month}, {{unit}}",
                    foot=f"{MEASURED}; bars add up exactly", span="wide", why=Link(anchor="definitions")),
            months=reading.chosen,
        ),
    )  # fmt: skip


def _models(reading: Reading) -> tuple[Chart, ...]:
    """Draw the models of the provider with the largest gap at a model, where invoices name any."""
    named = [one for one in reading.chosen if any(gap.billed_pico for gap in one.models)]
    if not named:
        return ()
    one = max(named, key=lambda each: abs(each.models[0].gap_pico))
    gap = one.models[0]
    side = "more" if gap.gap_pico > 0 else "less"
    apart = abs(_usd_of(gap.gap_pico))
    title = (
        f"{gap.model}: {money(apart)} {side} invoiced than logged"
        if apart >= CENT_USD
        else "Invoice and logs agree model by model"
    )
    return (
        figures.by_model(
            Caption(
                title=title,
                subtitle=f"{one.provider}, {reading.month}, {{unit}} · strong: invoice, pale: logs",
                foot=MEASURED, span="narrow", why=Link(anchor="definitions"),
            ),
            one=one,
        ),
    )  # fmt: skip


def _history(reading: Reading) -> tuple[Chart, ...]:
    months = sorted({one.month for one in reading.every if one.requests})
    if len(months) < 2:
        return ()
    over = sum((one.unexplained_share or 0) > reading.tolerance for one in reading.every)
    title = (
        f"{over} of {len(reading.every)} invoiced months {'is' if over == 1 else 'are'} above tolerance"
        if over
        else "Every invoiced month stays within tolerance"
    )
    return (
        figures.unexplained_by_month(
            Caption(title=title, subtitle="Unexplained share of the invoice by provider, %",
                    foot=MEASURED, unit="%", span="full", why=Link(anchor="definitions")),
            months=months, found=reading.every, tolerance=reading.tolerance,
        ),
    )  # fmt: skip


def _findings(reading: Reading) -> dict[str, float]:
    found = {
        name: _usd_of(sum(one.causes_pico.get(name, 0) for one in reading.chosen))
        for name in FINDINGS
    }
    return {name: usd for name, usd in found.items() if usd}


def _names(chosen: Sequence[Reconciled]) -> str:
    return ", ".join(one.provider for one in chosen) or "no provider"


def _usd(chosen: Sequence[Reconciled], name: str) -> float:
    return _usd_of(sum(getattr(one, name) for one in chosen))


def _unexplained_usd(chosen: Sequence[Reconciled]) -> float:
    """Return what is unexplained at each provider, added without signs: rests never cancel."""
    return _usd_of(sum(abs(one.unexplained_pico) for one in chosen))


def _usd_of(pico: int) -> float:
    return pico / PICO_PER_USD


def _reconciled(one: Mapping[str, Any]) -> Reconciled:
    derived = ("gap_pico", "unexplained_share", "verdict", "models")
    plain = {name: value for name, value in one.items() if name not in derived}
    return Reconciled(**plain, models=tuple(ModelGap(**gap) for gap in one["models"]))
