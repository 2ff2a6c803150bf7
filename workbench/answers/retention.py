"""What may go, what must stay, and doing it: retention plans, disposal, erasing a person."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np

from workbench.answers import Source
from workbench.answers.closes import close_records
from workbench.answers.retention_places import places_of, where_kept
from workbench.errors import InputError, shown
from workbench.models.forecast.rolling import forecast_fan
from workbench.models.plain import made
from workbench.models.retention.resolver import Resolution
from workbench.playbook.dossier import Dossier
from workbench.playbook.dossier_files import read_dossiers
from workbench.playbook.retention_plan import retain_plan
from workbench.store import (
    certificates,
    disposition,
    erasure,
    kept_counts,
    row_disposal,
    upkeep,
)
from workbench.store.catalog import Catalog
from workbench.store.layout import Layout
from workbench.store.measured_sizes import measured_sizes
from workbench.workspace import Workspace
from workbench.yaml_files import read_yaml

HOLDS = "holds.yaml"
SCOPE = (
    "Content goes by month. So do metering rows and outcomes of closed months; their rollups, "
    "counts and closed figures stay. Of quarantined records the excerpt goes, the reason stays."
)


def legal_holds(layout: Layout) -> list[disposition.Hold]:
    """Return the legal holds on file in the workspace's holds.yaml, none where there is no file.

    Raises
    ------
    InputError
        If the file is no list of holds: a hold that cannot be read must not be passed over.
    """
    path = layout.root / HOLDS
    if not path.exists():
        return []
    try:
        content = read_yaml(path)
        return [_hold(one) for one in content or []]
    except (TypeError, ValueError, AttributeError, InputError) as error:
        raise InputError(
            f"{path}: not readable as a list of holds, each with a name and optionally data_class, "
            f"since, until ({str(error)[:200]})."
        ) from error


def _hold(one: Mapping[str, Any]) -> disposition.Hold:
    days = {
        name: date.fromisoformat(one[name])
        for name in ("since", "until")
        if isinstance(one.get(name), str)
    }
    hold = made(disposition.Hold, {**one, **days})
    if hold.since and hold.until and hold.until < hold.since:
        raise InputError(f"hold {hold.name}: until {hold.until} lies before since {hold.since}")
    return hold


def _known_holds(layout: Layout, dossiers: Sequence[Dossier]) -> list[disposition.Hold]:
    """Return the legal holds, each of a class that there is: a misspelt one would hold nothing."""
    holds = legal_holds(layout)
    classes = {*row_disposal.CLASSES.values(), "*"}
    classes |= {path.name for path in layout.content.glob("*") if path.is_dir()}
    classes |= {kept.data_class for one in dossiers for kept in one.retention}
    for hold in holds:
        if hold.data_class not in classes:
            raise InputError(
                f"{layout.root / HOLDS}: hold {hold.name} is for class {hold.data_class!r}, of which "
                f"there is none, so it would hold nothing. There are: {shown(sorted(classes))}."
            )
    return holds


def plan(
    workspace: Workspace, *, as_of: date, features: Sequence[str] | None = None
) -> tuple[list[disposition.Item], list[Resolution]]:
    """Return what would go on a day and why, and what the law asks of every store.

    `features` are those that have metering rows; they are read from the store where None.

    Raises
    ------
    InputError
        If a dossier, a hold or the workspace's own period cannot be read.
    """
    layout = workspace.layout
    if features is None:
        with workspace.reader() as catalog:
            features = [one["feature"] for one in catalog.rows(_FEATURES)]
    dossiers = read_dossiers(layout.root / "dossiers")
    return retain_plan(
        layout,
        dossiers,
        holds=_known_holds(layout, dossiers),
        as_of=as_of,
        closed=frozenset(one["period"] for one in close_records(layout.root)),
        features=features,
        default_days=_own_period(workspace),
    )


_FEATURES = "SELECT DISTINCT coalesce(feature, '') AS feature FROM rollup_day ORDER BY 1"


def _own_period(workspace: Workspace) -> int | None:
    """Return `metering_days` of [retention] in workbench.toml; None where it states none."""
    days = workspace.settings().get("retention", {}).get("metering_days")
    if days is None or (isinstance(days, int) and not isinstance(days, bool) and days >= 0):
        return days
    raise InputError(
        f"{workspace.layout.config}: [retention] metering_days is {days!r}. Write whole days, such as 2555."
    )


def apply(workspace: Workspace, *, as_of: date, now: datetime) -> dict[str, Any] | None:
    """Dispose of what the plan says and return the certificate; None if nothing goes.

    A day gone by is asked too, with the law as it was; nothing goes that today's law keeps.

    Raises
    ------
    InputError
        If `as_of` lies ahead: nothing goes before its time.
    """
    if as_of > now.date():
        raise InputError(f"{as_of} lies ahead: records go on their day, not before it.")
    with workspace.reader(locked=False):
        pass  # mended and rolled up, so that what is kept next is complete
    with upkeep.removing(workspace.layout):
        items, _ = plan(workspace, as_of=as_of)
        today, _ = plan(workspace, as_of=now.date())
        may_go = {one.file for one in today if one.decision == "dispose"}
        items = [one for one in items if one.file in may_go]
        return disposition.apply(workspace.layout, items, at=_iso(now))


def erase(
    workspace: Workspace,
    *,
    subject: str | None = None,
    user_id: str | None = None,
    now: datetime,
) -> dict[str, Any]:
    """Remove one person, named by hash or by plain id, and return the certificate.

    Costs, meters, closed figures and counts of users stay.

    Raises
    ------
    InputError
        If a legal hold is on file: whom it covers is for a person to say.
    """
    layout = workspace.layout
    key = layout.user_key.read_bytes()
    if user_id is not None:
        terms = [erasure.user_hash(key, user_id), user_id]
    elif subject is not None:
        terms = [subject]
    else:
        raise InputError("Name the person by --subject or --user-id.")
    with workspace.reader(locked=False):
        pass  # mended and rolled up, so that what is counted next is complete
    with upkeep.removing(layout):
        with Catalog.open(layout) as catalog:
            kept_counts.keep(catalog)
        is_held = bool(legal_holds(layout))
        return erasure.erase(layout, terms, user_key=key, at=_iso(now), is_held=is_held)


def _iso(now: datetime) -> str:
    return now.isoformat(timespec="microseconds")


WINDOW_DAYS = 30
_RECORDS = """
SELECT coalesce(d.feature, '') AS feature, d.requests_per_day, coalesce(t.tokens_per_day, 0) AS tokens_per_day
FROM (
    SELECT feature, CAST(sum(requests) AS DOUBLE) / $days AS requests_per_day FROM rollup_day
    WHERE day > $last::DATE - $days AND day <= $last::DATE GROUP BY feature
) AS d LEFT JOIN (
    SELECT feature, CAST(sum(quantity) AS DOUBLE) / $days AS tokens_per_day FROM rollup_class
    WHERE day > $last::DATE - $days AND day <= $last::DATE AND meter IN ($meters) GROUP BY feature
) AS t ON t.feature IS NOT DISTINCT FROM d.feature ORDER BY 1
"""
TEXT_METERS = (
    "uncached_input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens",
    "cache_write_unknown_tokens", "output_tokens",
)  # fmt: skip


def document(source: Source) -> dict[str, Any] | None:
    """Return what the retention page needs: volumes, measured sizes, stores, places, what is due."""
    layout = source.workspace.layout
    dossiers = read_dossiers(layout.root / "dossiers")
    features = [one["feature"] for one in source.rows(_FEATURES)]
    items, found = plan(source.workspace, as_of=source.as_of, features=features)
    due = [one for one in items if one.decision == "dispose"]
    owners = [(one.feature, kept) for one in dossiers for kept in one.retention]
    meters = ", ".join(f"'{name}'" for name in TEXT_METERS)
    return {
        "as_of": source.as_of.isoformat(),
        "window_days": WINDOW_DAYS,
        "records": source.rows(
            _RECORDS.replace("$meters", meters),
            {"days": WINDOW_DAYS, "last": source.as_of.isoformat()},
        ),
        "forecasts": _forecasts(source),
        "sizes": [
            {
                "name": one.name, "rows": one.rows, "stored_bytes": one.stored_bytes,
                "raw_bytes": one.raw_bytes, "requests": one.requests,
            }
            for one in measured_sizes(layout)
        ],
        "series": [
            {
                "feature": feature, "data_class": kept.data_class, "store": one.series.store,
                "record_classes": sorted(one.series.record_classes),
                "jurisdictions": sorted(one.series.jurisdictions),
                "sectors": sorted(one.series.sectors), "holders": sorted(one.series.holders),
                "region": one.series.region, "stated_days": one.series.stated_days,
                "on_hold": one.series.on_hold,
                "kept_in": kept.kept_in, "conflict_decision": kept.conflict_decision,
            }
            for (feature, kept), one in zip(owners, found, strict=True)
        ],
        "places": [place for dossier in dossiers for place in places_of(dossier)],
        "unplaced": [one.feature for one in dossiers for kept in one.retention if where_kept(kept) is None],
        "due": {"files": len(due), "bytes": sum(one.bytes for one in due)},
        "certificates": len(certificates.certificates(layout)),
    }  # fmt: skip


HORIZONS_DAYS = (30, 60, 90)
SHORTEST_SERIES_DAYS = 28
"""Four weeks: below that the days of the week are not known, and nothing is forecast."""
_DAILY = """
SELECT CAST(c.day AS VARCHAR) AS day, r.feature, CAST(sum(r.requests) AS DOUBLE) AS requests
FROM (SELECT DISTINCT day FROM rollup_day WHERE day <= $last::DATE) AS c
JOIN rollup_day AS r ON r.day = c.day GROUP BY ALL ORDER BY 1, 2
"""


def _forecasts(source: Source) -> list[dict[str, Any]]:
    """Return for all features together (feature None), and each, what requests may come to.

    Running totals at each horizon, P10, P50 and P90 from the past errors of such totals.
    """
    rows = source.rows(_DAILY, {"last": source.as_of.isoformat()})
    days = sorted({row["day"] for row in rows})
    place = {day: number for number, day in enumerate(days)}
    series: dict[str | None, Any] = {None: np.zeros(len(days))}
    for row in rows:
        series[None][place[row["day"]]] += row["requests"]
        if row["feature"]:
            series.setdefault(row["feature"], np.zeros(len(days)))[place[row["day"]]] += row[
                "requests"
            ]
    found = []
    for feature, values in series.items():
        if values.size >= SHORTEST_SERIES_DAYS:
            fan = forecast_fan(values, horizons_days=list(HORIZONS_DAYS))
            found.append(
                {
                    "feature": feature, "horizons_days": list(HORIZONS_DAYS),
                    "totals": [[one.p10, one.p50, one.p90] for one in fan],
                    "calibrated": all(one.calibrated for one in fan),
                }
            )  # fmt: skip
    return found
