"""FOCUS rows: a charge worked by hand, the specification's own rules, totals to the pico-USD."""

import csv
import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_finance import SHEET, answer, row, rows, run
from tests.spine import NOW, ingest, write_jsonl
from workbench.exports.focus import OWN, VERSIONS, Charge, columns_of, focus_row, write_focus
from workbench.workspace import Workspace

CHARGE = Charge(
    day=date(2026, 12, 31), provider="openai", model="house-model", feature="chat",
    environment="production", meter="cache_read_tokens", quantity=Decimal(250_000),
    list_pico=250_000 * 500_000, contract_pico=250_000 * 400_000, unpriced_requests=2,
)  # fmt: skip
"""A quarter of a million cached tokens at 0.50 USD a million by list, 0.40 by contract."""


def written(**changes: Any) -> dict[str, str]:
    given = {name: getattr(CHARGE, name) for name in CHARGE.__slots__}
    return focus_row(Charge(**{**given, **changes}), workspace="ws", synthetic=True)


def test_a_charge_worked_by_hand():
    found = written()
    assert (found["ListCost"], found["ContractedCost"]) == ("0.125", "0.1")
    assert (found["ListUnitPrice"], found["ContractedUnitPrice"]) == ("0.5", "0.4")
    assert (found["PricingQuantity"], found["PricingUnit"]) == ("0.25", "1M Tokens")
    assert (found["ConsumedQuantity"], found["ConsumedUnit"]) == ("250000", "Tokens")
    assert found["ChargePeriodEnd"] == "2027-01-01T00:00:00Z"
    assert found["BillingPeriodStart"] == "2026-12-01T00:00:00Z"
    assert found["BillingPeriodEnd"] == "2027-01-01T00:00:00Z"
    assert json.loads(found["SkuPriceDetails"])["x_CacheStatus"] == "CacheRead"
    assert found["SkuMeter"] == "Input Tokens"
    assert found["x_CostBasis"] == "usage at contract prices, not invoiced"
    assert found["x_DataOrigin"] == "synthetic"
    assert found["x_UnpricedRequests"] == "2"


def test_a_day_of_two_prices_has_a_cost_and_no_unit_price():
    found = written(quantity=Decimal(3), contract_pico=10)
    assert (found["ContractedCost"], found["ContractedUnitPrice"]) == ("0.00000000001", "")


def test_a_surcharge_on_part_of_the_output_consumes_nothing_twice():
    found = written(meter="reasoning_tokens")
    assert (found["ConsumedQuantity"], found["ConsumedUnit"], found["ContractedCost"]) == (
        "",
        "",
        "0.1",
    )
    assert found["SkuMeter"] == "Output Tokens"


def test_what_is_no_token_is_priced_one_by_one():
    found = written(meter="images", quantity=Decimal(4), contract_pico=4 * 39_000_000_000)
    assert (found["PricingUnit"], found["ContractedUnitPrice"]) == ("Images", "0.039")
    assert written(meter="audio_seconds")["ConsumedUnit"] == "Seconds"


def test_text_from_logs_is_no_formula():
    found = written(feature="=cmd|' /C calc'!A0")
    assert found["x_Feature"].startswith("'=")
    assert not [name for name, text in found.items() if text.startswith(("=", "+", "@", "\t"))]


def test_names_of_a_version():
    assert "ProviderName" in columns_of("1.2")
    assert "ServiceProviderName" not in columns_of("1.2")
    assert {"ProviderName", "ServiceProviderName"} <= set(columns_of("1.3"))
    assert "PublisherName" not in columns_of("1.4")


@pytest.mark.parametrize("version", VERSIONS)
def test_rows_keep_the_rules_of_the_specification(shared: Path, tmp_path: Path, version: str):
    model = json.loads((shared / "formats/fixtures/focus/focus_1_4_model.json").read_text())
    rules = model["datasets"]["Cost and Usage"]["columns"]
    out = tmp_path / "focus.csv"
    others = [
        Charge(**{**{name: getattr(CHARGE, name) for name in CHARGE.__slots__}, **change})
        for change in ({"environment": "", "feature": ""}, {"meter": "pages"}, {"list_pico": None})
    ]
    charges = [CHARGE, *others]
    assert write_focus(out, charges, workspace="ws", synthetic=False, version=version) == 4
    with out.open(newline="") as file:
        found = list(csv.DictReader(file))
    known = set(rules) | (set() if version == "1.4" else {"ProviderName", "PublisherName"})
    assert {name for name in found[0] if not name.startswith("x_")} <= known
    mandatory = {name for name, rule in rules.items() if rule["feature_level"] == "Mandatory"}
    assert mandatory - set(found[0]) <= (
        {"HostProviderName", "ServiceProviderName"} if version == "1.2" else set()
    )
    for one in found:
        for name in set(one) & set(rules):
            keeps(rules[name], name, one[name])
        assert (
            model["service_subcategory_parents"][one["ServiceSubcategory"]]
            == one["ServiceCategory"]
        )
    assert set(OWN) <= set(found[0])


def keeps(rule: dict[str, Any], name: str, text: str) -> None:
    if text == "":
        assert rule["allows_nulls"], f"{name} is null"
        return
    if rule["allowed_values"]:
        assert text in rule["allowed_values"], (name, text)
    if rule["data_type"] == "Decimal":
        assert re.fullmatch(r"-?\d+(\.\d+)?", text), (name, text)
        assert "non-negative" not in rule["value_format"] or Decimal(text) >= 0
    if rule["data_type"] == "Date/Time":
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text), (name, text)
    if rule["data_type"] == "JSON":
        assert isinstance(json.loads(text), dict)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "ws"
    workspace = Workspace.init(root)
    sheet = tmp_path / "contract.csv"
    sheet.write_text(SHEET)
    workspace.import_prices([sheet], now=NOW)
    odd = row(901, date(2026, 10, 5), 77, model="unheard-of")
    ingest(workspace, write_jsonl(tmp_path / "log.jsonl", [*rows(), odd]))
    return root


def test_the_command_writes_every_priced_pico_and_names_what_has_no_price(
    folder: Path, tmp_path: Path
):
    out = tmp_path / "focus.csv"
    done = answer(folder, "export", "focus", "--out", out)
    with out.open(newline="") as file:
        found = list(csv.DictReader(file))
    assert done["rows"] == len(found) == 61  # a row a day
    assert sum(Decimal(one["ContractedCost"]) for one in found) == 60 + 186
    assert Decimal(done["contract_cost_usd"]) == 246
    for one in found:
        assert Decimal(one["ContractedUnitPrice"]) * Decimal(one["PricingQuantity"]) == Decimal(
            one["ContractedCost"]
        )
    assert sum(Decimal(one["ConsumedQuantity"]) for one in found) == 92_000_000
    assert not [one for one in found if one["x_Model"] == "unheard-of"]
    beside = (tmp_path / "focus.unpriced.csv").read_text().splitlines()
    assert beside[1].startswith(
        "2026-10-05,openai,unheard-of,chat,production,uncached_input_tokens,77"
    )
    assert done["unpriced_rows"] == 1


def test_one_month_alone_and_a_month_without_usage(folder: Path, tmp_path: Path):
    out = tmp_path / "september.csv"
    assert answer(folder, "export", "focus", "--out", out, "--month", "2026-09")["rows"] == 30
    refused = run(folder, "export", "focus", "--out", tmp_path / "none.csv", "--month", "2025-01")
    assert "No usage in 2025-01" in str(refused.exception)
    assert not (tmp_path / "none.csv").exists()


def total_of(path: Path) -> Decimal:
    with path.open(encoding="utf-8", newline="") as file:
        return sum((Decimal(one["BilledCost"]) for one in csv.DictReader(file)), Decimal(0))


def test_the_file_sums_to_closed_figures_and_corrections(tmp_path: Path):
    root = tmp_path / "ws"
    workspace = Workspace.init(root)
    sheet = tmp_path / "contract.csv"
    sheet.write_text(SHEET)
    workspace.import_prices([sheet], now=NOW)
    ingest(workspace, write_jsonl(tmp_path / "log.jsonl", rows()))
    assert run(root, "close", "2026-09", "--as", "c").exit_code == 0
    out = tmp_path / "focus.csv"
    assert answer(root, "export", "focus", "--out", out)["corrections"] == 0
    before = total_of(out)

    # 5 Mtok of September at 2 USD come late, booked by October; 1 Mtok more after that.
    late = [row(900, date(2026, 9, 30), 5_000_000)]
    ingest(workspace, write_jsonl(tmp_path / "late.jsonl", late))
    done = answer(root, "export", "focus", "--out", out)
    assert (done["corrections"], Decimal(done["corrections_usd"])) == (1, Decimal(10))
    assert total_of(out) == before + 10 == Decimal(60 + 186 + 10)
    with out.open(encoding="utf-8", newline="") as file:
        (one,) = [found for found in csv.DictReader(file) if found["ChargeClass"]]
    assert one["ChargeClass"] == "Correction"
    assert (one["ChargePeriodStart"], one["ChargePeriodEnd"]) == (
        "2026-09-01T00:00:00Z",
        "2026-10-01T00:00:00Z",
    )
    assert one["BillingPeriodStart"] == "2026-10-01T00:00:00Z"
    assert (one["x_Model"], one["x_Feature"], one["ConsumedQuantity"]) == (
        "house-model",
        "chat",
        "",
    )

    assert run(root, "close", "2026-10", "--as", "c").exit_code == 0
    ingest(workspace, write_jsonl(tmp_path / "later.jsonl", [row(901, date(2026, 9, 29), 1_000_000)]))  # fmt: skip
    done = answer(root, "export", "focus", "--out", out)
    # 10 booked in October, 2 for the next close: November has 12 by model less the 10 before.
    assert Decimal(done["corrections_usd"]) == 12
    assert total_of(out) == Decimal(60 + 186 + 12)
    for month, usd in (("2026-09", 60), ("2026-10", 186 + 10), ("2026-11", 2)):
        answer(root, "export", "focus", "--out", out, "--month", month)
        assert total_of(out) == usd
    assert "No usage in 2026-12" in str(
        run(root, "export", "focus", "--out", out, "--month", "2026-12").exception
    )
