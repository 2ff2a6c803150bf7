"""Below the fold of the provider exit page: standby, triggers, concentration, paths, plans, drills."""

from widgets.provider_exit_data import YEARS, Leaving, Reading
from widgets.provider_exit_risks import Lives, Standing
from workbench.figures import provider_exit as figures
from workbench.figures import provider_exit_standby as standby
from workbench.figures.caption import Caption
from workbench.figures.cards import Cell, Chart, Table
from workbench.figures.theme import money, number, percent
from workbench.models.provider_exit.lifecycle import price_paths

PATH_MONTHS = 36
DAYS_A_MONTH = 30.4375


def details(
    reading: Reading, found: Leaving, lives: Lives, stands: Standing
) -> tuple[Chart | Table, ...]:
    """Return what the page holds below its four charts."""
    return (
        _arrangements(reading, stands),
        _concentration(reading, found),
        _triggers(reading),
        _forced(reading, found, lives),
        _paths(reading, found, lives),
        standby.capability_map(reading.options),
        _plans(reading),
        _drills(reading),
    )


def _arrangements(reading: Reading, stands: Standing) -> Table:
    best = max(stands.arrangements, key=lambda one: one.value_usd or 0)
    title = (
        f"{best.name.capitalize()} is worth {money(best.value_usd)} a month"
        if best.value_usd and reading.loss_usd_per_hour
        else "What an outage costs alone, and with a standby"
    )
    tolerated = (
        ""
        if stands.p_beyond_tolerance is None
        else f"; {percent(stands.p_beyond_tolerance)} likely to outlast the tolerance once a year"
    )
    return standby.arrangements(
        stands.arrangements, title=title,
        subtitle=(
            f"A mean month of {reading.provider}: {stands.incidents.per_month:.1f} incidents, median "
            f"{stands.incidents.median_hours:.1f} h, mean {stands.incidents.mean_hours:.1f} h{tolerated}"
        ),
        foot=(
            f"modelled, count Poisson, length lognormal; {stands.rests_on}; an hour down costs "
            f"{money(reading.loss_usd_per_hour)}, the standby fails as often"
        ),
    )  # fmt: skip


def _concentration(reading: Reading, found: Leaving) -> Chart:
    unknown = f"; cloud not stated: {', '.join(found.without_cloud)}" if found.without_cloud else ""
    caption = Caption(
        title=f"Concentration is {number(found.by_provider, digits=2)} by provider, "
              f"{number(found.by_cloud, digits=2)} by cloud",
        subtitle=f"Spend by provider, last {reading.window_days} days, {{unit}}",
        foot=f"measured, contract cost{unknown}",
    )  # fmt: skip
    return figures.concentration(
        caption, spend_usd={n: usd for n, usd in reading.spend.items() if usd > 0}
    )


def _triggers(reading: Reading) -> Table:
    return standby.triggers(reading.triggers, provider=reading.provider)


def _forced(reading: Reading, found: Leaving, lives: Lives) -> Table:
    """Return what forced moves add to each request, so that staying is not shown as free."""
    each, count = found.result.forced_usd, lives.forced
    requests = reading.replayed * YEARS * 365 / reading.window_days
    bare = reading.current_usd / reading.replayed if reading.replayed else 0.0
    rows = []
    for name, usd in (("P10", each.p10), ("P50", each.p50), ("P90", each.p90)):
        more = count * usd / requests if requests else 0.0
        rows.append(
            (
                name, money(usd), str(count), money(count * usd), f"${1_000 * bare:.2f}",
                f"${1_000 * (bare + more):.2f}", f"+{percent(more / bare) if bare else 'n/a'}",
            )
        )  # fmt: skip
    return Table(
        title=f"Forced moves add {rows[1][6].removeprefix('+')} to each request of {reading.provider}",
        subtitle=f"Moves to the provider's own successor inside {YEARS} years, at today's traffic",
        columns=("", "one move", "moves", "in all", "per 1,000 requests", "with moves", "more"), rows=tuple(rows),
        foot="modelled: prompts, evaluation, training, cache warm-up and re-validation; no contract changes hands",
    )  # fmt: skip


def _paths(reading: Reading, found: Leaving, lives: Lives) -> Chart:
    first = lives.shown[0].moves[:1] if lives.shown else ()
    month = int((first[0] - reading.as_of).days / DAYS_A_MONTH) if first else None
    scheduled = [
        (_months_to(reading, one["on"]), float(one["factor"])) for one in reading.scheduled
    ]
    inside = [one for one in scheduled if one[0] < PATH_MONTHS]
    paths = price_paths(
        months=PATH_MONTHS, retires_in_month=month if month is not None and month < PATH_MONTHS else None,
        scheduled=inside, introductory_until_month=None if inside else 12,
        migration_usd=found.result.forced_usd.p50,
    )  # fmt: skip
    usd = reading.current_usd * 30 / reading.window_days
    months = []
    for n in range(PATH_MONTHS):
        years, index = divmod(reading.as_of.year * 12 + reading.as_of.month + n, 12)
        months.append(f"{years:04d}-{index + 1:02d}")
    caption = Caption(
        title="Prices move in steps, not in slopes",
        subtitle="The same work, summed up month by month under scenarios seen before, {unit}",
        foot="shapes, not frequencies; a forced move is paid in the month it falls in",
    )
    return figures.price_paths(
        caption, paths=paths, usd_by_month=[usd] * PATH_MONTHS, months=months
    )


def _months_to(reading: Reading, day: str) -> int:
    year, month = int(day[:4]), int(day[5:7])
    return max(0, (year - reading.as_of.year) * 12 + month - reading.as_of.month - 1)


def _plans(reading: Reading) -> Table:
    rows = tuple(
        (
            one["feature"], f"{one['asked'] - len(one['missing'])} of {one['asked']}",
            one["alternative"] or Cell(text="not stated", tone="bad", tag=True),
            "not stated" if one["tolerance_hours"] is None else f"{one['tolerance_hours']:g} h",
            ", ".join(one["missing"][:3]) + (f" and {len(one['missing']) - 3} more" if len(one["missing"]) > 3 else ""),
        )
        for one in reading.plans
    )  # fmt: skip
    return Table(
        title="What the exit plans have on file", subtitle=f"Features that use {reading.provider}",
        columns=("Feature", "Points on file", "Alternative", "Tolerance", "Missing"), rows=rows,
        text_columns=("Feature", "Alternative", "Missing"),
        foot="DORA Art. 28(8), RTS 2024/1773 Art. 10, EBA/GL/2019/02, PRA SS2/21; not legal advice; "
             "as a document: workbench export exit-plan",
        empty="No dossier names a feature that uses this provider.",
    )  # fmt: skip


def _drills(reading: Reading) -> Table:
    rows = tuple(
        (
            one["started_at"][:10], f"{one['source']} to {one['target']}",
            "evidence" if one["is_evidence"] else "synthetic, no evidence" if one["is_synthetic"] else "not moved",
            "n/a" if one["failover_seconds"] is None else f"{one['failover_seconds']:.1f}",
            f"{one['failed_requests']} of {one['requests']}", f"${one['cost_usd']:.4f}",
        )
        for one in reading.drills
    )  # fmt: skip
    return Table(
        title="Failover drills", subtitle="Measured when traffic really moved; the newest real one sets the failover time",
        columns=("Day", "From, to", "Counts as", "Failover, s", "Failed", "Cost"), rows=rows,
        text_columns=("Day", "From, to", "Counts as"),
        empty="No drill is on file: workbench drill --plan FILE holds one.",
    )  # fmt: skip
