"""The largest records at the highest prices are priced exactly, and nothing larger gets in."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.spine import NOW, ingest, one_row, write_jsonl
from workbench import schema
from workbench.errors import PriceError
from workbench.kernel import price
from workbench.pricing.sheet import parse_sheet
from workbench.pricing.shipped import shipped_imports
from workbench.store.catalog import Catalog
from workbench.workspace import Workspace

BIGINT_MAX = 2**63 - 1
WHOLES = [meter for meter in schema.METERS if meter.part_of is None]
AT = "2026-10-05T12:00:00Z"
HIGHEST_PER_MILLION = {1: "900", 1_000: "900000", 10_000: "9000000"}


def dearest_sheet(path: Path) -> Path:
    lines = [
        f"acme,dear,{meter.name},{HIGHEST_PER_MILLION[meter.weight]},1000000" for meter in WHOLES
    ]
    path.write_text("\n".join(["provider,model,meter,usd,per", *lines]) + "\n")
    return path


@pytest.fixture(scope="module")
def dearest(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("dearest")
    workspace = Workspace.init(folder / "ws")
    workspace.import_prices([dearest_sheet(folder / "dear.csv")], now=NOW)
    alone = [
        {"request_id": meter.name, "started_at": AT, "provider": "acme", "model": "dear", meter.name: meter.most}
        for meter in WHOLES
    ]  # fmt: skip
    ingest(workspace, write_jsonl(folder / "alone.jsonl", alone))
    return workspace


@pytest.fixture(scope="module")
def catalog(dearest: Workspace) -> Iterator[Catalog]:
    with dearest.reader(locked=False) as opened:
        yield opened


def test_the_largest_record_of_each_meter_costs_nine_million_dollars(dearest: Workspace):
    found = dearest.sql(
        "SELECT request_id, CAST(contract_cost_usd AS VARCHAR) AS usd FROM priced_usage"
    ).to_pylist()
    assert {row["request_id"] for row in found} == {meter.name for meter in WHOLES}
    # a record of calls is itself a call, and is billed as one where requests have a price
    implied = {"9000000.000000000000", "9000009.000000000000"}
    assert {row["usd"] for row in found} <= implied
    total = one_row(
        dearest,
        f"SELECT sum(contract_cost_usd) >= 9000000 * {len(WHOLES)} AS all_of_it FROM daily_cost",
    )
    assert total["all_of_it"]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(WHOLES), st.integers(1, 100)), min_size=1, max_size=8))
def test_any_mixture_up_to_the_limit_is_priced_without_overflow(
    catalog: Catalog, parts: list[tuple[schema.Meter, int]]
):
    share = schema.MOST_PER_RECORD // sum(weight for _, weight in parts)
    held: dict[str, int] = {}
    for meter, weight in parts:
        held[meter.name] = held.get(meter.name, 0) + share * weight // meter.weight
    mask = schema.mask_of(tuple(name for name, many in held.items() if many))
    filled = ", ".join(f"CAST({many} AS {kind}) AS {name}" for name, many in held.items()
                       for kind in [next(m.type for m in WHOLES if m.name == name)])  # fmt: skip
    usage = (
        f"(SELECT * REPLACE ({filled}, CAST({mask} AS BIGINT) AS meter_mask) FROM "
        "(SELECT * REPLACE (0 AS uncached_input_tokens, 0 AS meter_mask, 0 AS context_tokens) "
        "FROM segment_rows WHERE request_id = 'uncached_input_tokens'))"
    )
    inner = price.priced_rows(
        usage=usage,
        changes=catalog.price_changes(),
        columns=["request_id"],
        request_prices=catalog.has_request_prices(),
    )
    row = catalog.one(f"SELECT contract_pico FROM ({inner})")
    assert row is not None
    prices = {meter.name: 9 * 10**8 * meter.weight for meter in WHOLES}
    expected = sum(many * prices[name] for name, many in held.items())
    a_call = 9 * 10**12 if not held.get("billed_requests") and mask else 0
    assert row[0] == expected + a_call <= BIGINT_MAX


def test_larger_records_are_quarantined_and_say_why(tmp_path: Path):
    workspace = Workspace.init(tmp_path / "ws")
    base = {"started_at": AT, "provider": "anthropic", "model": "claude-sonnet-4-5"}
    hostile = [
        {"output_tokens": 10**10 + 1},
        {"output_tokens": 6 * 10**9, "uncached_input_tokens": 5 * 10**9},
        {"images": 10**6 + 1},
        {"audio_seconds": 10**7 + 1},
        {"characters": 999_999_999_999_999_999},
        {"output_tokens": 1, "reported_cost_usd": "99999999999999999999999999"},
        {"output_tokens": 1, "latency_ms": 1e300},
    ]
    path = tmp_path / "hostile.jsonl"
    path.write_text(
        "".join(json.dumps(base | row) + "\n" for row in [*hostile, {"output_tokens": 7}])
    )
    report = ingest(workspace, path)
    assert (report.loaded, report.staged[0].quarantined) == (1, 7)
    reasons = [row["reason"] for row in workspace.sql("SELECT reason FROM quarantine ORDER BY source_row").to_pylist()]  # fmt: skip
    assert "output_tokens is 10000000001: not a whole number from 0 to 10,000,000,000" in reasons[0]
    assert "more than one record may hold" in reasons[1]
    assert "from 0 to 1,000,000" in reasons[2]
    assert "from 0 to 10,000,000" in reasons[3]
    assert "reported_cost_usd" in reasons[5]
    assert one_row(workspace, "SELECT sum(output_tokens) AS n FROM priced_usage") == {"n": 7}


def test_a_price_that_could_overflow_is_refused_with_the_highest_allowed():
    text = "provider,model,meter,usd,per\na,m,output_tokens,8000001,1\n"
    with pytest.raises(PriceError, match="more than 8,000,000 USD, the highest price of output"):
        parse_sheet(text, name="s.csv")
    [row] = parse_sheet(text.replace("8000001", "8000000"), name="s.csv")
    assert row.pico == 8 * 10**18


def test_a_cost_that_no_integer_holds_is_unpriced_and_stops_no_other_figure(tmp_path: Path):
    workspace = Workspace.init(tmp_path / "ws")
    sheet = tmp_path / "absurd.csv"
    sheet.write_text("provider,model,meter,usd,per\nacme,absurd,output_tokens,1,1\n")
    workspace.import_prices([sheet], now=NOW)
    base = {"started_at": AT, "provider": "acme", "model": "absurd"}
    rows = [base | {"request_id": str(many), "output_tokens": many} for many in (7, 10**10)]
    ingest(workspace, write_jsonl(tmp_path / "log.jsonl", rows))
    found = one_row(
        workspace,
        "SELECT count(*) AS n, count_if(price_status = 'unpriced') AS unpriced, "
        "CAST(sum(contract_cost_usd) AS VARCHAR) AS usd FROM priced_usage",
    )
    assert found == {"n": 2, "unpriced": 1, "usd": "7.000000000000"}
    assert workspace.verify() == []


def test_no_shipped_price_can_overflow():
    highest = {meter.name: 9 * 10**8 * meter.weight for meter in schema.METERS}
    over = [
        row
        for one in shipped_imports()
        for row in one.rows
        if row.pico is not None and row.pico * 11 > highest[row.meter] * 10
    ]  # regions charge at most a tenth more
    assert over == []
