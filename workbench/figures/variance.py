"""How a variance is drawn: bridge from budget to actual to outlook, legs, and the lines behind."""

from workbench.figures import bridges, theme
from workbench.figures.caption import Caption
from workbench.figures.cards import Chart, Table
from workbench.models.variance.bridge import Bridge, variance_steps
from workbench.models.variance.legs import UsageLegs
from workbench.models.variance.pvm import PriceVolumeMix

LEG_NAMES = {
    "users": "Users",
    "requests_per_user": "Requests per user",
    "tokens_per_request": "Tokens per request",
    "cache_share": "Cache share",
    "model_mix": "Model mix",
    "list_price": "List price",
    "discount": "Discount",
    "fx": "FX",
}
HALF_A_CENT_USD = 0.005
COLUMNS = ("volume", "mix", "mix_relative", "price", "new", "discontinued")


def bridge_to_actual(caption: Caption, *, bridge: Bridge) -> Chart:
    """Draw the steps between the first total and the actual; shorten a long bridge before."""
    totals = [at for at, bar in enumerate(bridge.bars) if bar.kind == "total"]
    return _between(caption, bridge, totals[0], totals[1])


def bridge_to_outlook(caption: Caption, *, bridge: Bridge) -> Chart:
    """Draw the forecast between the actual and the outlook.

    Raises
    ------
    ValueError
        If the bridge ends at the actual.
    """
    totals = [at for at, bar in enumerate(bridge.bars) if bar.kind == "total"]
    if len(totals) < 3:
        raise ValueError("the bridge has no outlook; give the rest of the year to budget_bridge")
    return _between(caption, bridge, totals[1], totals[2])


def between_months(caption: Caption, *, split: PriceVolumeMix, before: str, after: str) -> Chart:
    """Draw the legs between two months' costs; a leg of nothing is left out."""
    steps = [step for step in variance_steps(split) if step.value_usd]
    return bridges.waterfall(
        caption, start=(before, split.base_usd), end=(after, split.actual_usd),
        legs=[(step.label, step.value_usd) for step in steps],
        opens=["pvm/before", *(f"pvm/{step.label.lower()}" for step in steps), "pvm/after"],
    )  # fmt: skip


def usage_legs(caption: Caption, *, legs: UsageLegs, before: str, after: str) -> Chart:
    """Draw the legs from users to FX between two periods; a leg below half a cent is left out."""
    moved = [name for name, value in legs.legs.items() if abs(value) >= HALF_A_CENT_USD]
    return bridges.waterfall(
        caption,
        start=(before, legs.base_usd),
        legs=[(LEG_NAMES[name], legs.legs[name]) for name in moved],
        end=(after, legs.actual_usd),
        opens=[f"legs/{name}" for name in ("base", *moved, "actual")],
    )


def lines_table(
    split: PriceVolumeMix,
    *,
    title: str,
    subtitle: str,
    most: int | None = None,
    team: str = "Team",
) -> Table:
    """List every line with its legs; the last row adds them up.

    Parameters
    ----------
    most
        Lines to show, those that moved most first; the others are added up in one row.
    team
        What the second column is called.
    """
    chosen = sorted(split.lines, key=lambda line: -sum(abs(getattr(line, leg)) for leg in COLUMNS))
    shown = chosen if most is None else chosen[:most]
    body = [
        (line.name, line.team, *(_cents(getattr(line, leg)) for leg in COLUMNS)) for line in shown
    ]
    if len(shown) < len(chosen):
        rest = [sum(getattr(line, leg) for line in chosen[len(shown) :]) for leg in COLUMNS]
        body.append((f"{len(chosen) - len(shown)} other lines", "", *(map(_cents, rest))))
    sums = [sum(getattr(line, leg) for line in chosen) for leg in COLUMNS]
    total = ("Total", "", *(map(_cents, sums)))
    return Table(
        title=title,
        subtitle=subtitle,
        columns=("Line", team, "Volume", "Mix", "Mix, relative", "Price", "New", "Discontinued"),
        rows=(*body, total),
        text_columns=(team,),
        foot="Relative mix has the same total and is negative where share moved to a cheap line.",
        has_total=True,
    )


def otherwise_table(split: PriceVolumeMix, *, team: str = "feature") -> Table:
    """Tell the same change in other splits: three-way, mix within and between, new and gone."""
    rows = (
        ("Price at the earlier quantity", split.leg("price_at_base_quantity")),
        ("Quantity at the earlier price", split.leg("quantity_at_base_price")),
        ("Both at once (joint)", split.leg("joint")),
        ("New lines", split.leg("new")),
        ("Discontinued lines", split.leg("discontinued")),
    )
    mix = (
        (f"Mix within {team}s", split.leg("mix_within")),
        (f"Mix between {team}s", split.mix_between_teams),
    )
    return Table(
        title="The same change, told otherwise",
        subtitle=f"Three-way split of the whole change, and the mix within and between {team}s, USD",
        columns=("Part", "USD"),
        rows=(
            *((name, _cents(usd)) for name, usd in rows),
            ("Change", _cents(split.total)),
            *((name, _cents(usd)) for name, usd in mix),
        ),
        foot="The first five add up to the change; the last two add up to the mix of the bridge.",
    )


def _cents(usd: float) -> str:
    return theme.accounting(usd if abs(usd) >= HALF_A_CENT_USD else 0.0, digits=2)


def _between(caption: Caption, bridge: Bridge, first: int, last: int) -> Chart:
    start, end = bridge.bars[first], bridge.bars[last]
    return bridges.waterfall(
        caption,
        start=(start.label, start.end_usd),
        legs=[(bar.label, bar.value_usd) for bar in bridge.bars[first + 1 : last]],
        end=(end.label, end.end_usd),
        forecast={bar.label for bar in bridge.bars if bar.scenario == "FC"},
        opens=[bar.key for bar in bridge.bars[first : last + 1]],
    )
