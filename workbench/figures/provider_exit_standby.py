"""What a backup is worth, what starts the exit, what each target can do: the tables in Details."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.figures import theme
from workbench.figures.cards import Cell, Table
from workbench.models.provider_exit.outage import Availability

WORDS = {
    "availability_below": "share of requests served", "price_rise_above": "price rise in a year",
    "concentration_above": "HHI of spend by provider",
    "days_to_retirement_below": "days to the next published retirement",
    "acceptance_below": "share of judged requests accepted",
}  # fmt: skip
SHARES = ("availability_below", "price_rise_above", "acceptance_below")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """One way to serve: alone, with a standby, or both at once."""

    name: str
    availability: Availability
    loss_usd: float
    """Expected loss a month."""
    value_usd: float | None
    """Loss avoided minus the standby's cost a month; None for the provider alone."""


def arrangements(found: Sequence[Arrangement], *, title: str, subtitle: str, foot: str) -> Table:
    """Return hours down, availability, loss and worth of each arrangement."""
    rows = tuple(
        (
            one.name, theme.number(one.availability.down_hours, digits=2),
            f"{one.availability.share * 100:.3f} %",
            theme.number(one.availability.degraded_hours, digits=2), theme.money(one.loss_usd),
            "n/a" if one.value_usd is None else Cell(
                text=theme.money(one.value_usd), tone="good" if one.value_usd > 0 else "bad"
            ),
        )
        for one in found
    )  # fmt: skip
    return Table(
        title=title, subtitle=subtitle, rows=rows, foot=foot,
        columns=("Arrangement", "hours down", "availability", "hours on backup", "expected loss", "worth against its cost"),
    )  # fmt: skip


def triggers(found: Sequence[Mapping[str, Any]], *, provider: str) -> Table:
    """Return each indicator, its value, its limit and whether the exit plan starts."""
    tones = {"triggered": "bad", "calm": "good"}
    rows = tuple(
        (
            WORDS[one["name"]], _value(one["name"], one["value"]),
            "none" if one["limit"] is None
            else f"{'above' if one['name'].endswith('above') else 'below'} {_value(one['name'], one['limit'])}",
            Cell(text=one["verdict"], tone=tones.get(one["verdict"], "neutral"), tag=True),  # type: ignore[arg-type]
        )
        for one in found
    )  # fmt: skip
    crossed = sum(one["verdict"] == "triggered" for one in found)
    return Table(
        title=f"{crossed} of {len(found)} indicators start the exit plan" if crossed
        else "No indicator starts the exit plan",
        subtitle=f"{provider}, last 30 days; limits as the dossiers state them",
        columns=("Indicator", "measured", "limit", "state"), text_columns=("Indicator", "state"), rows=rows,
        foot="measured from logs and the price book; exactly at a limit is not beyond it",
    )  # fmt: skip


def _value(name: str, value: float | None) -> str:
    if value is None:
        return "not measured"
    return theme.percent(value) if name in SHARES else theme.number(value)


def capability_map(options: Sequence[Mapping[str, Any]]) -> Table:
    """Return what each target can do, each cell with how that is known."""
    shown = [one for one in options if one["capabilities"]]
    names = list(dict.fromkeys(name for one in shown for name in one["capabilities"]))
    rows = tuple(
        (one["target"], *(_capability(one["capabilities"].get(name)) for name in names))
        for one in shown
    )
    return Table(
        title="What each target can do, and who says so",
        subtitle="s stated by the workspace, c confirmed by two sources, r read at one, d derived from prices, ? disputed",
        columns=("Target", *names), text_columns=("Target", *names), rows=rows,
        foot="unknown is no yes and no no; your own word goes into capabilities.yaml",
        empty="No target was replayed.",
    )  # fmt: skip


def _capability(found: Sequence[str] | None) -> str | Cell:
    answer, confidence = (found[0], found[1]) if found else ("unknown", "")
    if answer == "unknown":
        return Cell(text="unknown", tone="neutral")
    letter = {"stated": "s", "confirmed": "c", "derived": "d", "disputed": "?"}.get(confidence, "r")
    return Cell(text=f"{answer} {letter}", tone="bad" if answer == "no" else "neutral")
