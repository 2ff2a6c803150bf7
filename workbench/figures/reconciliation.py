"""How invoices are held against the logs: a bridge, what is left unexplained, and the list."""

from collections.abc import Mapping, Sequence

from workbench.figures import bars, bridges, charts, theme
from workbench.figures.caption import Caption
from workbench.figures.cards import Cell, Chart, Table, Tone
from workbench.models.reconciliation import CAUSES, Reconciled, Verdict
from workbench.units import PICO_PER_USD

START, UNEXPLAINED, END = "logs", "unexplained", "invoices"
"""Bars of the bridge that are no cause; a bar's key is `bridge/` and its name."""
TONES: Mapping[Verdict, Tone] = {"agrees": "good", "disagrees": "bad", "explain": "bad"}


def bridge(caption: Caption, *, months: Sequence[Reconciled]) -> Chart:
    """Draw the way from what the logs cost to what was invoiced, one bar a cause."""
    legs = [
        (name, label, _usd(sum(one.causes_pico.get(name, 0) for one in months)))
        for name, label in CAUSES.items()
    ]
    unexplained = _usd(sum(one.unexplained_pico for one in months))
    legs = [leg for leg in [*legs, (UNEXPLAINED, "Unexplained", unexplained)] if leg[2]]
    start = _usd(sum(one.logged_pico for one in months))
    return bridges.waterfall(
        caption,
        start=("Logs", start),
        legs=[(label, value) for _, label, value in legs],
        end=("Invoices", _usd(sum(one.billed_pico for one in months))),
        opens=[f"bridge/{name}" for name in (START, *(name for name, *_ in legs), END)],
    )


def unexplained_by_month(
    caption: Caption, *, months: Sequence[str], found: Sequence[Reconciled], tolerance: float
) -> Chart:
    """Draw the share that stays unexplained by month, a line a provider."""
    shares = {
        (one.provider, one.month): 100 * one.unexplained_share
        for one in found
        if one.unexplained_share is not None and one.requests
    }
    providers = sorted({provider for provider, _ in shares})
    tones = theme.colors(providers)
    return charts.lines(
        caption,
        x=list(months),
        series=[
            charts.Series(
                name=name,
                y=[shares.get((name, month)) for month in months],
                label=name,
                color=tones[name],
            )
            for name in providers
        ],
        marks=[charts.Mark(text="tolerance", y=100 * tolerance, color=theme.BAD)],
    )


def by_model(caption: Caption, *, one: Reconciled) -> Chart:
    """Draw billed against logged for each model, the dearest first."""
    models = sorted(one.models, key=lambda gap: -max(gap.billed_pico, gap.logged_pico))
    return bars.bars(
        caption,
        names=[gap.model for gap in models],
        values=[_usd(gap.billed_pico) for gap in models],
        previous=[_usd(gap.logged_pico) for gap in models],
    )


def listed(found: Sequence[Reconciled], *, title: str, subtitle: str, foot: str) -> Table:
    """List every provider's month with its causes and its verdict."""
    causes = [name for name in CAUSES if any(name in one.causes_pico for one in found)]
    return Table(
        title=title,
        subtitle=subtitle,
        columns=("Month", "Provider", "Logs", *(CAUSES[name] for name in causes), "Unexplained",
                 "Invoice", "Share", "Verdict"),
        text_columns=("Month", "Provider", "Verdict"),
        rows=tuple(
            (
                theme.month_name(one.month),
                one.provider,
                _money(one.logged_pico),
                *(_money(one.causes_pico.get(name, 0)) for name in causes),
                _money(one.unexplained_pico),
                _money(one.billed_pico),
                theme.percent(one.unexplained_share, digits=1),
                Cell(text=one.verdict(), tone=TONES.get(one.verdict(), "neutral"), tag=True),
            )
            for one in found
        ),
        foot=foot,
    )  # fmt: skip


def _usd(pico: int) -> float:
    return pico / PICO_PER_USD


def _money(pico: int) -> str:
    return theme.accounting(_usd(pico), digits=2)
