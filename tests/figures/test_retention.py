from dataclasses import replace
from datetime import date

import numpy as np
import plotly.graph_objects as go

from workbench.figures import retention as figures
from workbench.figures.caption import Caption
from workbench.figures.retention_places import matrix
from workbench.models.retention.cost import Plan, Tier, steady_state
from workbench.models.retention.optimizer import Choices, Limits, days_elasticity, optimize
from workbench.models.retention.periods import Period
from workbench.models.retention.resolver import RecordSeries, resolve
from workbench.models.retention.rules import Rule
from workbench.models.retention.sizes import Flow, Packet

CAPTION = Caption(title="Ingest is most of the bill", subtitle="Cost a month, {unit}")
FLOW = Flow(records_per_day=1e6, packet=Packet(text_bytes=1_000))
LOGS = Tier(name="logs", usd_per_gb_month=0.01, stores_raw=True, ingest_usd_per_gb=0.5)
COLD = Tier(name="cold", usd_per_gb_month=0.001)
PLAN = Plan(tiers=(LOGS,), starts=(0,), period_days=30)
MONTH = steady_state(FLOW, PLAN)


def rule(rule_id: str, kind: str, period: str | None, confidence: str = "confirmed") -> Rule:
    return Rule(
        rule_id=rule_id, citation=f"law {rule_id}", jurisdiction="US", sector="all", holder="h",
        record_class="c", kind=kind, period=Period.parse(period) if period else None,  # type: ignore[arg-type]
        trigger="record_made", confidence=confidence,
        place_words="EEA" if kind == "place" else "",
        allowed_regions=("EEA",) if kind == "place" else (),
    )  # fmt: skip


def resolved(*rules: Rule, stated_days: int | None = 400):
    series = RecordSeries(
        store="logs<b>", record_classes=frozenset({"c"}), jurisdictions=frozenset({"US"}),
        sectors=frozenset(), holders=frozenset({"h"}), stated_days=stated_days, region="US",
    )  # fmt: skip
    return resolve(series, rules, as_of=date(2026, 11, 24))


def test_the_answer_says_when_days_are_the_wrong_lever() -> None:
    told = figures.answer(MONTH, elasticity=days_elasticity(FLOW, PLAN))
    assert "98 % of it is ingest" in told
    assert "wrong lever" in told
    stored = steady_state(FLOW, Plan(tiers=(COLD,), starts=(0,), period_days=100))
    assert "10 % shorter saves 10 %" in figures.answer(stored, elasticity=1.0)


def test_causes_are_drawn_largest_first() -> None:
    chart = figures.causes(CAPTION, month=MONTH)
    assert [row[0] for row in chart.rows] == ["ingest", "storage"]
    assert go.Figure(chart.figure).data


def test_law_bands_show_bounds_stated_period_and_verdict() -> None:
    fine = resolved(rule("A", "minimum", "P1Y"), rule("B", "maximum", "P2Y"))
    broken = resolved(rule("A", "minimum", "P3Y"), rule("B", "maximum", "P2Y"))
    chart = figures.law_bands(CAPTION, resolutions=[fine, broken])
    assert [row[1:5] for row in chart.rows] == [
        ("366 d", "730 d", "400 d", "feasible"), ("1,096 d", "730 d", "400 d", "conflict"),
    ]  # fmt: skip
    allowed, stated = go.Figure(chart.figure).data
    assert list(allowed.x) == [364, 0]
    assert list(stated.x) == [400, 400]
    assert "logs<b>" not in str(chart.figure["layout"]["yaxis"]["ticktext"])


def test_conflicts_places_and_unverified_rules_are_listed() -> None:
    found = resolved(
        rule("A", "minimum", "P3Y"), rule("B", "maximum", "P2Y"), rule("C", "place", None),
        rule("D", "minimum", "P9Y", "unverified"),
    )  # fmt: skip
    table = figures.conflicts([found], title="To decide", subtitle="as of today")
    tags = [row[1].text for row in table.rows]  # type: ignore[union-attr]
    assert tags == ["conflict", "place fails", "stated period fails", "unverified"]
    assert figures.places([found], title="Places", subtitle="").rows[0][1] == "US"
    tiles = {tile.label: tile.value for tile in figures.tiles(MONTH, [found], as_of="24 Nov")}
    assert (tiles["Conflicts of law"], tiles["Stored and billed"]) == ("1", "30.0")


def test_policies_and_constraint_prices_come_from_the_grid() -> None:
    choices = Choices(
        plans=(((LOGS,), (0,)), ((COLD,), (0,))), periods_days=(30, 365), records_per_object=(1.0,)
    )
    optimum = optimize(FLOW, choices, Limits(lower_days=365))
    table = figures.policies(optimum, title="Cheapest", subtitle="")
    assert table.rows[0][:2] == ("cold", "365 d")
    assert "4 policies costed, 2 inside the limits" in table.foot
    chart = figures.constraint_costs(CAPTION, optimum=optimum)
    # cold: 365 GB x 0.001 = 0.365 against 30 GB x 0.001 = 0.03
    assert chart.rows == (("lower days", "0.335"),)


def test_the_fan_and_the_path_are_valid_figures() -> None:
    months = ["2026-10", "2026-11"]
    draws = np.array([[0.0, 1.0], [10.0, 11.0]])
    fan = figures.cost_fan(CAPTION, months=months, usd=draws)
    assert go.Figure(fan.figure).data
    path = figures.cost_over_time(
        CAPTION, months=months, usd_by_tier={"hot": [1, 2], "cold": [0, 3]}
    )
    assert [row[-1] for row in path.rows] == ["1.00", "5.00"]


def test_a_small_month_is_told_by_the_million_and_a_large_one_by_the_month() -> None:
    small = replace(MONTH, ingest_usd=0.0, storage_usd=0.03)
    told = figures.answer(small, elasticity=1.0, usd_per_million=1.62)
    assert told.startswith("Keeping these records costs $1.62 per million requests, $")
    year = small.total_usd * 365 / 30
    assert figures.theme.money(year) in told
    large = replace(MONTH, storage_usd=5_000.0)
    assert "a month once the stock is full" in figures.answer(large, elasticity=1.0, usd_per_million=1.62)  # fmt: skip


def test_the_lever_says_that_days_are_the_wrong_one_where_ingest_is_most() -> None:
    ingested = replace(MONTH, ingest_usd=90.0, storage_usd=10.0)
    tile = figures.lever(ingested, elasticity=0.1, text_share=0.95)
    assert (tile.value, tile.unit, tile.tone) == ("1", "%", "bad")
    assert tile.delta == "▼ the wrong lever: 10 % less text kept saves 9.5 %"
    stored = replace(MONTH, ingest_usd=0.0, storage_usd=100.0)
    assert figures.lever(stored, elasticity=0.98, text_share=0.95).tone == "neutral"


def test_the_matrix_says_the_gravest_state_of_a_class_in_a_place() -> None:
    flows = [
        {"feature": "a", "regions": ["eu"], "allowed": ["EU"]},
        {"feature": "a", "regions": ["us"], "allowed": ["EU"]},
        {"feature": "b", "regions": ["eu"], "allowed": ["EU", "us"]},
        {"feature": "c", "regions": ["apac"], "allowed": []},
        {"feature": "d", "regions": [], "allowed": ["eu"]},
    ]
    classes = {"a": ["personal"], "b": ["personal", "internal"], "c": ["logs"]}
    drawn = matrix(Caption(title="Places", subtitle=""), flows=flows, classes=classes)
    assert drawn.columns == ("Data class", "apac", "EU", "US", "not stated")
    assert {row[0]: row[1:] for row in drawn.rows} == {
        "internal": ("– must not", "✓ 1 lives", "○ may", "– must not"),
        "logs": ("? 1 no limit", "○ may", "○ may", "– must not"),
        "personal": ("– must not", "✓ 2 lives", "✗ 1 breach", "– must not"),
        "class not stated": ("– must not", "○ may", "– must not", "? 1 not stated"),
    }


def test_a_store_keeps_its_own_class_and_a_region_lies_in_its_union() -> None:
    flows = [
        {"feature": "a", "regions": ["eu-central-1"], "allowed": ["eu"], "data_class": "logs"},
        {"feature": "a", "regions": ["us-east-1"], "allowed": ["eu", "global"], "data_class": "text"},
    ]  # fmt: skip
    drawn = matrix(Caption(title="", subtitle=""), flows=flows, classes={"a": ["text", "logs"]})
    rows = {row[0]: dict(zip(drawn.columns[1:], row[1:], strict=True)) for row in drawn.rows}
    assert rows["logs"]["eu-central-1"] == "✓ 1 lives"
    assert rows["logs"]["us-east-1"] == "– must not"
    assert rows["text"]["us-east-1"] == "✗ 1 breach"
    assert rows["text"]["eu-central-1"] == "○ may"
