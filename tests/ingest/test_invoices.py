"""Invoices of every known shape: exact amounts, kinds, months; one bad line refuses the file."""

import json
from pathlib import Path

import pytest

from workbench.errors import IngestError
from workbench.ingest.invoices import read_invoice

CENT = 10**10
SHEET = """provider,month,usd,kind,model,invoice_id
openai,2026-10,12.34,usage,gpt-5,A-1
openai,2026-12,-1.5,credit,,A-1
"""
FOCUS = """BilledCost,BillingCurrency,ChargeCategory,ChargeClass,ChargePeriodStart,ChargePeriodEnd,ServiceCategory,ServiceName,ProviderName,SkuPriceDetails,InvoiceId
0.0356700000,USD,Usage,,2026-10-02T09:00:00Z,2026-10-02T10:00:00Z,AI and Machine Learning,Amazon Bedrock,AWS,"{""x_Model"": ""claude-sonnet-4-6""}",INV
5,USD,Usage,,2026-10-02T09:00:00Z,2026-10-02T10:00:00Z,Compute,Amazon EC2,AWS,,INV
-2,USD,Usage,Correction,10/31/26,11/1/26,,Vertex AI,Google Cloud,NULL,NULL
8,USD,Tax,NULL,2026-10-01 00:00:00,2026-11-01 00:00:00,AI and Machine Learning,Azure OpenAI,Microsoft,,
"""
OPENAI = {
    "object": "page", "has_more": False,
    "data": [{"object": "bucket", "start_time": 1793577600, "end_time": 1793664000, "results": [
        {"amount": {"value": "3.06", "currency": "usd"}, "line_item": "gpt-5, input"},
        {"amount": {"value": 0.06, "currency": "usd"}, "line_item": "Web search tool calls"},
    ]}],
}  # fmt: skip
ANTHROPIC = {
    "has_more": False,
    "data": [{"starting_at": "2026-10-31T00:00:00Z", "ending_at": "2026-11-01T00:00:00Z", "results": [
        {"amount": "123.78912", "currency": "USD", "model": "claude-opus-5", "description": "input"},
    ]}],
}  # fmt: skip


def written(tmp_path: Path, text: str, name: str = "invoice") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8-sig")
    return path


def test_the_sheet(tmp_path: Path):
    found = read_invoice(written(tmp_path, SHEET))
    first, second = found.lines
    assert (first.billed_pico, first.month, first.model, first.kind) == (1234 * CENT, "2026-10", "gpt-5", "usage")  # fmt: skip
    assert (second.billed_pico, second.month, second.kind) == (-150 * CENT, "2026-12", "credit")
    assert f"{second.charge_to:%Y-%m-%d}" == "2027-01-01"
    assert (found.records, found.format) == (2, "sheet")


def test_focus_takes_ai_services_only(tmp_path: Path):
    found = read_invoice(written(tmp_path, FOCUS))
    assert found.records == len(found.lines) + sum(found.skipped.values()) == 4
    told = [(one.provider, one.kind, one.billed_pico, one.month, one.model) for one in found.lines]
    assert told == [
        ("aws", "usage", 35_670_000_000, "2026-10", "claude-sonnet-4-6"),
        ("google", "adjustment", -200 * CENT, "2026-10", None),
        ("azure", "tax", 800 * CENT, "2026-10", None),
    ]


def test_cost_reports_of_the_providers(tmp_path: Path):
    both = read_invoice(written(tmp_path, json.dumps(OPENAI)))
    assert [(one.billed_pico, one.model) for one in both.lines] == [(306 * CENT, "gpt-5"), (6 * CENT, None)]  # fmt: skip
    assert f"{both.lines[0].charge_from:%Y-%m-%d}" == "2026-11-02"
    pages = "\n".join([json.dumps(OPENAI), json.dumps(OPENAI)])
    assert len(read_invoice(written(tmp_path, pages)).lines) == 4
    (line,) = read_invoice(written(tmp_path, json.dumps(ANTHROPIC))).lines
    # Anthropic states cents: 123.78912 cents are 1.2378912 USD.
    assert (line.billed_pico, line.model, line.month) == (1_237_891_200_000, "claude-opus-5", "2026-10")  # fmt: skip
    (other,) = read_invoice(written(tmp_path, json.dumps(ANTHROPIC)), provider="claude-eu").lines
    assert other.provider == "claude-eu"


BAD = {
    "no amount": (SHEET.replace("12.34", "much"), "record 1, usd: 'much' is no amount"),
    "not a number": (SHEET.replace("12.34", "NaN"), "is no amount"),
    "underscore": (SHEET.replace("12.34", "1_0"), "is no amount"),
    "no currency": (
        FOCUS.replace("BillingCurrency", "Currency"),
        "FOCUS without the column BillingCurrency",
    ),
    "euro": (FOCUS.replace("-2,USD", "-2,EUR"), "is not USD"),
    "usage report": (
        json.dumps({"data": [{"starting_at": "2026-10-31", "results": [{"output_tokens": 5}]}]}),
        "usage report",
    ),
    "huge": (SHEET.replace("12.34", "1e30"), "beyond any invoice"),
    "kind": (SHEET.replace("credit", "gift"), "record 2, kind: 'gift' is none of usage"),
    "month": (SHEET.replace("2026-12", "2026-13"), "is no time such as"),
    "currency": (SHEET.replace("kind", "currency").replace("usage", "EUR"), "is not USD"),
    "column": (SHEET.replace("kind", "sort"), "'sort' is unknown"),
    "short row": (SHEET + "openai,2026-10\n", "another number of fields"),
    "other csv": ("a,b\n1,2\n", "is no invoice that is known. There are: CSV with the FOCUS"),
    "broken json": ('{"data": [', "is no JSON"),
    "other json": ("[1]", "is not JSON of OpenAI's organization costs"),
    "no buckets": ('{"data": []}', "holds no bucket"),
    "no value": (
        json.dumps(OPENAI).replace('"value"', '"worth"'),
        "is missing or of the wrong type",
    ),
    "more pages": (json.dumps(OPENAI | {"has_more": True}), "fetch the pages that follow"),
    "no ai": (
        "\n".join(FOCUS.splitlines()[:1] + FOCUS.splitlines()[2:3]),
        "no charge for an AI service",
    ),
    "category": (FOCUS.replace("Tax", "Gift"), "record 4, ChargeCategory: 'Gift' is none of"),
}


@pytest.mark.parametrize(("text", "says"), BAD.values(), ids=BAD)
def test_a_bad_invoice_is_refused_whole(tmp_path: Path, text: str, says: str):
    with pytest.raises(IngestError) as refused:
        read_invoice(written(tmp_path, text))
    assert says in str(refused.value)
    assert str(tmp_path / "invoice") in str(refused.value)


def test_invoices_of_the_outside_fixtures(shared: Path):
    fixtures = shared / "formats" / "fixtures"
    assert len(read_invoice(fixtures / "openai_usage" / "costs.json").lines) == 2
    assert len(read_invoice(fixtures / "anthropic_admin" / "cost_report.json").lines) == 1
    focus = read_invoice(shared / "traces" / "focus" / "focus_sample.csv")
    assert focus.records == 1_000
    assert len(focus.lines) + focus.skipped["not an AI service"] == 1_000
