from datetime import datetime
from pathlib import Path

import pytest

from tests.spine import ingest, one_row, requests, write_jsonl
from workbench.errors import InputError
from workbench.models.provider_exit.capabilities import Capabilities
from workbench.models.provider_exit.conversion import Conversion
from workbench.playbook.replay import Target, replay_to, traffic_sql
from workbench.workspace import Workspace

OWN = (
    "SELECT CAST(sum(contract_cost_usd) * 1000000000000 AS DECIMAL(38,0)) AS pico, "
    "count_if(price_status = 'unpriced') AS unpriced, "
    "count_if(price_status = 'partial') AS partial, count(*) AS requests FROM priced_usage"
)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder: Path = tmp_path_factory.mktemp("replay")
    rows = requests(600, step_s=4_000)
    for number, row in enumerate(rows):
        if number % 40 == 0:
            row |= {"audio_seconds": 3.217, "input_audio_tokens": 55}
        if number % 60 == 1:
            row |= {"model": "nobody-knows-this"}
        if number % 9 == 0:
            row |= {"service_tier": "batch"}
        if number % 21 == 0:
            row |= {"reasoning_tokens": row["output_tokens"] // 2}
    made = Workspace.init(folder / "work")
    ingest(made, write_jsonl(folder / "log.jsonl", rows))
    return made


def usage(workspace: Workspace, where: str = "true"):
    return workspace.sql(traffic_sql(where))


def test_a_log_replayed_where_it_was_served_costs_the_same_to_the_pico_dollar(workspace) -> None:
    report = replay_to(usage(workspace), workspace.book(), None)
    own = one_row(workspace, OWN)
    assert report.cost.is_exact
    assert report.cost.pico_usd == int(own["pico"])
    assert report.cost.unpriced_requests == own["unpriced"]
    assert report.cost.partial_requests == own["partial"]
    assert report.cost.requests == own["requests"] == 600
    assert own["unpriced"] > 0


def test_replaying_writes_no_usage(workspace) -> None:
    files = {path: path.stat().st_mtime_ns for path in workspace.layout.store.rglob("*.parquet")}
    replay_to(usage(workspace), workspace.book(), "openai/gpt-4.1")
    assert {path: path.stat().st_mtime_ns for path in files} == files
    assert one_row(workspace, "SELECT count(*) AS n FROM usage")["n"] == 600


def test_a_target_is_priced_and_its_assumptions_are_said(workspace) -> None:
    plain = "provider = 'anthropic' AND web_searches = 0 AND meter_mask < 64 AND service_tier = 'standard'"
    rows = usage(workspace, plain)
    at = datetime(2026, 11, 24)  # noqa: DTZ001 - naive UTC
    report = replay_to(rows, workspace.book(), "openai/gpt-4.1", at=at)
    # list prices of gpt-4.1: 2 USD input, 0.5 USD cache reads, 8 USD output, a million tokens
    sums = one_row(
        workspace,
        "SELECT sum(uncached_input_tokens) * 2000000 + sum(cache_read_tokens) * 500000 "
        f"+ sum(output_tokens) * 8000000 AS pico FROM usage WHERE {plain}",
    )
    assert report.cost.pico_usd == int(sums["pico"])
    data = report.as_data()
    assert data["requests"] == rows.num_rows
    assert data["unpriced_requests"] == 0
    assert any("was not measured" in one for one in data["assumptions"])
    assert "prices as of 2026-11-24" in data["assumptions"]


def test_a_converted_replay_is_fractional_and_says_how_its_ratio_is_known(workspace) -> None:
    rows = usage(workspace, "provider = 'anthropic'")
    plain = replay_to(rows, workspace.book(), "openai/gpt-4.1")
    target = Target(
        name="openai/gpt-4.1", ratio_basis="single-sample",
        conversion=Conversion(input_ratio=1.25, output_ratio=1.25),
    )  # fmt: skip
    dearer = replay_to(rows, workspace.book(), target)
    assert not dearer.cost.is_exact
    assert plain.cost.cost_usd < dearer.cost.cost_usd < 1.2501 * plain.cost.cost_usd
    assert any("single-sample" in one for one in dearer.assumptions)


def test_requests_beyond_the_window_are_counted_and_not_priced(workspace) -> None:
    rows = usage(workspace, "provider = 'anthropic'")
    size = "context_tokens + output_tokens > 1500"
    fits = usage(workspace, f"provider = 'anthropic' AND NOT ({size})")
    beyond = rows.num_rows - fits.num_rows
    assert 0 < beyond < rows.num_rows
    small = Target(name="openai/gpt-4.1", capabilities=Capabilities(context_tokens=1_500))
    at = datetime(2026, 11, 24)  # noqa: DTZ001 - naive UTC
    report = replay_to(rows, workspace.book(), small, at=at)
    rest = replay_to(fits, workspace.book(), "openai/gpt-4.1", at=at)
    assert report.cost.pico_usd == rest.cost.pico_usd
    assert report.cost.unpriced_requests == beyond + rest.cost.unpriced_requests
    data = report.as_data()
    assert data["not_servable"] == {"context": beyond}
    assert data["requests_beyond_context"] == beyond
    # What the model served itself did fit, whatever a table says of its window.
    own = replay_to(rows, workspace.book(), None)
    named = str(rows["model"][0])
    served = usage(workspace, f"provider = 'anthropic' AND model = '{named}'")
    again = Target(name=f"anthropic/{named}", capabilities=Capabilities(context_tokens=1))
    assert replay_to(served, workspace.book(), again).not_servable == {}
    assert own.not_servable == {}


def test_a_dated_name_of_the_own_model_keeps_its_variants(workspace) -> None:
    rows = usage(workspace, "provider = 'openai' AND model = 'gpt-4.1'")
    dated = replay_to(rows, workspace.book(), "openai/gpt-4.1-2025-04-14")
    assert dated.cost == replay_to(rows, workspace.book(), None).cost


@pytest.mark.parametrize("target", ["gpt-4.1", "openai/", "nobody/nothing-at-all"])
def test_a_target_without_a_price_is_refused(workspace, target: str) -> None:
    with pytest.raises(InputError, match=r"PROVIDER/MODEL|no price"):
        replay_to(usage(workspace), workspace.book(), target)


def test_no_usage_is_refused(workspace) -> None:
    with pytest.raises(InputError, match="no usage to replay"):
        replay_to(usage(workspace, "false"), workspace.book(), None)
