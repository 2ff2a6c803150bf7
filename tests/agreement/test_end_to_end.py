"""Outside answers through the whole path: ingest, price, read back from the views."""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.agreement.price_cases import read_cases, usage_rows
from tests.spine import NOW, ingest, one_row, write_jsonl
from workbench.workspace import Workspace

TRACES = {
    "code": (18_059_974, 245_896, "57.868362", 8_819),
    "conv": (22_361_870, 4_088_665, "128.415585", 19_366),
}
UNDATED_SHEET = """provider,model,meter,usd,per
anthropic,claude-sonnet-4-5,uncached_input_tokens,3,1000000
anthropic,claude-sonnet-4-5,output_tokens,15,1000000
"""


@pytest.mark.parametrize("name", TRACES)
def test_azure_trace_is_read_whole_and_priced_to_the_micro_dollar(
    shared: Path, tmp_path: Path, name: str
):
    tokens_in, tokens_out, usd, requests = TRACES[name]
    workspace = Workspace.init(tmp_path / "ws")
    sheet = tmp_path / "contract.csv"
    sheet.write_text(UNDATED_SHEET)
    workspace.import_prices([sheet], now=NOW)
    constants = {"provider": "anthropic", "model": "claude-sonnet-4-5", "feature": "chat"}
    trace = shared / "traces" / f"AzureLLMInferenceTrace_{name}.csv"
    (staged,) = ingest(workspace, trace, constants=constants).staged
    assert (staged.format, staged.loaded, staged.lines) == (
        "azure_llm_trace",
        requests,
        requests + 1,
    )
    found = one_row(
        workspace,
        "SELECT count(*) AS n, sum(uncached_input_tokens) AS i, sum(output_tokens) AS o, "
        "sum(contract_cost_usd) AS usd FROM priced_usage",
    )
    assert (found["n"], found["i"], found["o"]) == (requests, tokens_in, tokens_out)
    assert found["usd"] == Decimal(usd)
    daily = one_row(workspace, "SELECT sum(contract_cost_usd) AS usd FROM daily_cost")
    assert daily["usd"] == Decimal(usd)
    assert workspace.verify() == []


def _jsonable(row: dict[str, object]) -> dict[str, object]:
    return {k: float(v) if isinstance(v, Decimal) else v for k, v in row.items()}


def test_price_cases_agree_through_the_views(shared: Path, tmp_path: Path, capsys):
    cases = read_cases(shared / "oracles" / "price_cases_genai_prices.csv")
    workspace = Workspace.init(tmp_path / "ws", layers=("default",))
    log = write_jsonl(tmp_path / "cases.jsonl", [_jsonable(usage_rows(case)) for case in cases])
    assert ingest(workspace, log).loaded == len(cases)
    priced = {
        row["request_id"]: row for row in workspace.sql("SELECT * FROM priced_usage").to_pylist()
    }
    exact, near, wrong = [], [], []
    for case in cases:
        row = priced[case["case_id"]]
        off = abs((row["list_cost_usd"] or Decimal(0)) - Decimal(case["expected_usd"]))
        units = sum(v for k, v in row.items() if k.endswith(("_tokens", "_seconds")) and v)
        bucket = exact if off == 0 else near if off <= units * Decimal("5e-13") else wrong
        bucket.append(case["case_id"])
    with capsys.disabled():
        print(
            f"\n{len(exact)} exact, {len(near)} within half a pico-USD a unit, {len(wrong)} wrong"
        )
    assert wrong == []
    assert len(exact) >= 800
