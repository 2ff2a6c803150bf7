"""What keeping one class of records costs, as plain data, for commands and pages."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any

from workbench.errors import InputError, shown
from workbench.models.plain import made, part
from workbench.models.retention.cost import MonthlyCost, Plan, Reading, Tier, steady_state
from workbench.models.retention.optimizer import (
    AccessNeed,
    Choices,
    Limits,
    Policy,
    days_elasticity,
    optimize,
    two_stage_plans,
)
from workbench.models.retention.prices import PricedTier, priced_tiers
from workbench.models.retention.sizes import Flow, Packet

AGES_DAYS = (30, 90, 180)


def retention_report(
    inputs: Mapping[str, Any], price_rows: Iterable[Mapping[str, str]]
) -> dict[str, Any]:
    """Cost a retention policy and search for cheaper ones, from plain data.

    Parameters
    ----------
    inputs
        `packet` and `flow` (the fields of `Packet` and `Flow`), `plan` with `tiers` (labels such
        as `AWS S3 Standard (us-east-1)`), `starts` and `period_days`, and optionally `reading`,
        `limits` (with `access`, a list of needs) and `choices` (tiers, periods_days,
        records_per_object, samplings, precisions, text_shares, ages_days).
    price_rows
        Rows of data/reference/storage_prices.csv.

    Returns
    -------
    dict
        The month in steady state by cause, how far days move the bill, and with `choices` the
        ten cheapest policies and what each limit costs.
    """
    packet = made(Packet, part(inputs, "packet"))
    flow = made(Flow, {**part(inputs, "flow"), "packet": packet})
    places = {
        one.label: one for one in priced_tiers(price_rows, raw_bytes_per_record=packet.raw_bytes)
    }
    given = part(inputs, "plan")
    tiers = _tiers(given.get("tiers", ()), places)
    plan = Plan(
        tiers=tuple(tiers),
        starts=tuple(given.get("starts", (0,))),
        period_days=int(given.get("period_days", 0)),
    )
    reading = _reading(inputs.get("reading", {}))
    month = steady_state(flow, plan, reading)
    report: dict[str, Any] = {
        "month": _month(month),
        "days_elasticity": days_elasticity(flow, plan, reading),
        "price_confidence": {name: places[name].confidence for name in given.get("tiers", ())},
    }
    if "choices" in inputs:
        report["optimum"] = _optimum(inputs, flow, reading, places)
    return report


def _optimum(
    inputs: Mapping[str, Any], flow: Flow, reading: Reading, places: Mapping[str, PricedTier]
) -> dict[str, Any]:
    given = dict(part(inputs, "choices"))
    tiers = _tiers(given.pop("tiers", ()), places)
    plans = two_stage_plans(tiers, ages_days=tuple(given.pop("ages_days", AGES_DAYS)))
    unsure = frozenset(one for one, place in places.items() if not place.may_lead)
    as_measured = {
        "records_per_object": (flow.records_per_object,),
        "precisions": (flow.packet.precision,),
    }
    grid = as_measured | {name: tuple(values) for name, values in given.items()}
    choices = made(Choices, {**grid, "plans": plans, "unconfirmed": unsure})
    found = optimize(flow, choices, _limits(inputs.get("limits", {})), reading)
    return {
        "best": [{**_policy(one.policy), "month": _month(one.month)} for one in found.best],
        "usd_per_month_by_constraint": dict(found.usd_per_month_by_constraint),
        "considered": found.considered,
        "allowed": found.allowed,
    }


def _tiers(labels: Iterable[str], places: Mapping[str, PricedTier]) -> list[Tier]:
    unknown = [label for label in labels if label not in places]
    if unknown:
        raise InputError(f"No storage price for {shown(unknown)}. There are: {', '.join(places)}.")
    # The label, not the bare tier name, tells two clouds' Standard tiers apart.
    return [replace(places[label].tier, name=label) for label in labels]


def _policy(policy: Policy) -> dict[str, Any]:
    return {
        "tiers": [tier.name for tier in policy.tiers],
        "starts": list(policy.starts),
        "period_days": policy.period_days,
        "records_per_object": policy.records_per_object,
        "sampling": policy.sampling,
        "precision": policy.precision,
        "text_share": policy.text_share,
    }


def _month(month: MonthlyCost) -> dict[str, Any]:
    return {**asdict(month), "total_usd": month.total_usd, "ingest_share": month.ingest_share}


def _reading(given: Mapping[str, Any]) -> Reading:
    shares = tuple(given.get("read_share_per_month", ()))
    return made(Reading, {**given, "read_share_per_month": shares})


def _limits(given: Mapping[str, Any]) -> Limits:
    access = tuple(made(AccessNeed, one) for one in given.get("access", ()))
    return made(Limits, {**given, "access": access})
