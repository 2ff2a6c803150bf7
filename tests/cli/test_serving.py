import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from click.testing import CliRunner

from tests.spine import NOW, ingest, write_jsonl
from workbench.answers import Source, commitments, hosting
from workbench.answers.publish import publish
from workbench.cli import workbench as command
from workbench.store.snapshot import open_snapshot
from workbench.workspace import Workspace

FIRST = datetime(2026, 10, 5, tzinfo=UTC)  # a Monday; the last complete day is 1 November
UNIT = {"name": "u", "mtok_per_hour": 1.0, "usd_per_hour": 1.0, "spill_usd_per_mtok": 4.0}


def request(n, at, **more):
    return {
        "request_id": f"q{n}", "started_at": at.isoformat(), "provider": "google",
        "model": "gemini-2.5-flash", "feature": "summary", "environment": "production",
        "status": "ok", "uncached_input_tokens": 3_000, "cache_read_tokens": 1_000,
        "output_tokens": 500, "ttft_ms": 800, "region": "eu",
    } | more  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Four weeks: six requests in the ninth hour of each day, all in its first minute but one."""
    folder = tmp_path_factory.mktemp("serving") / "ws"
    workspace = Workspace.init(folder)
    rows = []
    for day in range(28):
        nine = FIRST + timedelta(days=day, hours=9)
        rows += [request(6 * day + n, nine + timedelta(seconds=n)) for n in range(5)]
        rows.append(request(6 * day + 5, nine + timedelta(minutes=30)))
    rows += [request(f"b{n}", FIRST + timedelta(hours=n), service_tier="batch") for n in range(99)]
    rows += [request(f"s{n}", FIRST + timedelta(hours=n), environment="sandbox") for n in range(99)]
    rows += [request("last", FIRST + timedelta(days=27, hours=23, minutes=59))]
    ingest(workspace, write_jsonl(folder.parent / "log.jsonl", rows))
    return folder


def asked(root, *arguments):
    result = CliRunner().invoke(command, [*arguments, "--workspace", str(root), "--json"])
    assert result.exception is None, result.output
    return json.loads(result.output)


@pytest.fixture(scope="module")
def summary(root):
    workspace = Workspace(root)
    with workspace.reader(locked=False) as catalog:
        document = hosting.document(Source(workspace, catalog, workspace.as_of(catalog)))
    (entry,) = document["features"]
    return entry


def test_only_what_somebody_waits_for_in_production_is_counted(summary):
    assert summary["requests"] == 28 * 6 + 1
    assert sum(summary["requests_by_hour"]) == 28 * 6 + 1
    assert summary["requests_by_hour"][9:34:24] == [6.0, 6.0]
    assert len(summary["requests_by_hour"]) == 28 * 24


def test_lengths_cache_and_prices_are_those_of_the_log(summary):
    assert (summary["mean_input_tokens"], summary["mean_output_tokens"]) == (4_000, 500)
    assert summary["cache_hit_rate"] == 0.25
    # the book: 0.30 in, 2.50 out, a tenth or a quarter of input for what is cached
    assert summary["usd_per_mtok"]["uncached"] == pytest.approx(0.3)
    assert summary["usd_per_mtok"]["output"] == pytest.approx(2.5)
    assert 0.02 <= summary["usd_per_mtok"]["cached"] <= 0.08
    assert summary["ttft_p95_s"] == pytest.approx(0.8)


def test_the_peak_of_an_hour_is_the_95th_percentile_of_its_minutes(summary):
    # sixty minutes hold 5, 1 and 58 zeros: the 95th percentile is 0, so the mean stands
    assert summary["peak_requests_per_s"][9] == pytest.approx(6 / 3_600, abs=1e-6)


def test_the_command_answers_from_the_workspaces_own_load(root):
    answer = asked(root, "model", "hosting")
    assert answer["feature"] == "summary"
    # (4,000 * (0.75 * 0.3 + 0.25 * cached) + 500 * 2.5) / 4,500, cached between 0.03 and 0.075
    assert 0.484 <= answer["api_usd_per_mtok"] <= 0.495
    assert answer["in_box"]


def test_a_feature_nobody_knows_is_refused(root):
    result = CliRunner().invoke(
        command, ["model", "hosting", "--workspace", str(root), "--feature", "nope"]
    )
    assert "There are: summary" in str(result.exception)


def test_commitments_answer_for_the_model_an_offer_is_made_for(root):
    answer = asked(root, "model", "commitments")
    assert answer["model"] == "gemini-2.5-flash"
    assert len(answer["offers"]) == 6
    # input 1, output 9, cached 0.1: 3,000 + 4,500 + 100 = 7,600 a request, 169 requests
    spilled = answer["offers"][0]["spill_mtok"]
    assert spilled == pytest.approx(169 * 7_600 / 1e6)
    assert all("unverified" in each["confidence"] for each in answer["offers"])


def test_a_document_sizes_a_commitment_by_hand(root, tmp_path):
    path = tmp_path / "load.json"
    path.write_text(json.dumps({"unit": UNIT, "mtok_by_hour": [2.0, 2.0, 2.0, 0.0]}))
    answer = asked(root, "model", "commitments", "--inputs", str(path))
    # two units: 8 for four hours against 24 at the spill price
    assert (answer["best"]["units"], answer["best"]["total_usd"]) == (2, 8.0)


def test_a_file_with_options_is_a_decision(root, tmp_path):
    home = {"regions": ["eu"], "data_classes": ["public"]}
    path = tmp_path / "options.json"
    path.write_text(json.dumps({
        "options": [{"name": "dear", "usd_per_mtok": 2.0, **home},
                    {"name": "cheap", "usd_per_mtok": 1.0, **home}],
        "mtok_per_month": [[100.0]], "tolerance": {"region": "eu", "data_class": "public"},
    }))  # fmt: skip
    assert asked(root, "model", "hosting", "--inputs", str(path))["chosen"] == "cheap"


def test_prediction_needs_both_files():
    result = CliRunner().invoke(command, ["model", "hosting", "--predict", "x.csv"])
    assert result.exit_code == 2
    assert "--predict and --out" in result.output


def test_both_answers_are_published(root):
    publish(Workspace(root), now=NOW)
    snapshot = open_snapshot(Workspace(root).layout.snapshots)
    assert snapshot.document("hosting")["features"][0]["feature"] == "summary"
    (one,) = snapshot.document("commitments")["models"]
    assert np.sum(one["output"]) == 169 * 500
    assert set(one) >= set(commitments.KINDS)


def test_images_are_counted_by_resolution(tmp_path):
    workspace = Workspace.init(tmp_path / "ws")
    made = {"model": "gemini-3.1-flash-image", "feature": "studio", "output_tokens": 0,
            "cache_read_tokens": 0, "uncached_input_tokens": 100}  # fmt: skip
    rows = [
        request(n, FIRST + timedelta(days=n), **made, images=2,
                price_variant=f"image_size={'4K' if n % 4 == 0 else '1K'}")
        for n in range(24)
    ]  # fmt: skip
    rows.append(request("last", FIRST + timedelta(days=27), **made, images=1))
    ingest(workspace, write_jsonl(tmp_path / "log.jsonl", rows))
    with workspace.reader(locked=False) as catalog:
        document = hosting.document(Source(workspace, catalog, workspace.as_of(catalog)))
    (studio,) = document["features"]
    assert studio["kind"] == "image"
    found = {one["resolution"]: one["images"] for one in studio["by_resolution"]}
    assert found == {"1K": 36, "4K": 12, "not stated": 1}
    assert sum(studio["images_by_hour"]) == 49
    assert document["own_capacity"] == []
