import csv
import gzip
import hashlib
import io
import json
from collections import Counter
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
import zstandard

from workbench import schema
from workbench.playbook.dossier_files import read_dossiers
from workbench.samples import catalogue
from workbench.samples.generate import SampleSummary, ingest_plan, price_sheets, write_samples

REQUESTS = 6_000


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SampleSummary]:
    folder = tmp_path_factory.mktemp("samples")
    return folder, write_samples(folder, seed=7, requests=REQUESTS)


def _lines(path: Path) -> list[str]:
    content = path.read_bytes()
    if path.suffix == ".zst":
        reader = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(content))
        content = reader.read()
    elif path.suffix == ".gz":
        content = gzip.decompress(content)
    return content.decode().splitlines()


def _bytes_of(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _expected(summary: SampleSummary, name: str) -> dict[str, int]:
    found = next(file for file in summary.files if file.path == f"logs/{name}")
    return {"loaded": found.loaded, **found.meters}


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(tmp_path: Path) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        write_samples(tmp_path / name, seed=seed, requests=2_000)
    a, b, c = (_bytes_of(tmp_path / name) for name in "abc")
    assert a == b
    assert a["logs/" + catalogue.SUPPORT_FILE] != c["logs/" + catalogue.SUPPORT_FILE]


def test_every_request_is_in_exactly_one_file(samples) -> None:
    _, summary = samples
    assert sum(file.loaded for file in summary.files if file.format != "outcomes") == REQUESTS


def test_own_lines_hold_what_the_summary_says(samples) -> None:
    folder, summary = samples
    expected = _expected(summary, catalogue.SUPPORT_FILE)
    file = summary.files[0]
    good: dict[tuple, dict] = {}
    bad = repeated = 0
    for line in _lines(folder / "logs" / catalogue.SUPPORT_FILE):
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            bad += 1
            continue
        whole = isinstance(record["output_tokens"], int) and record["output_tokens"] >= 0
        if not whole or not record["started_at"].endswith("Z") or "model" not in record:
            bad += 1
            continue
        key = (record["request_id"], record["attempt"])
        repeated += key in good
        assert good.setdefault(key, record) == record
        assert record["x_synthetic"] is True
    assert (bad, repeated) == (file.quarantined, file.duplicates) == (20, 25)
    sums = {"loaded": len(good)} | {
        meter: sum(record.get(meter, 0) for record in good.values()) for meter in schema.METER_NAMES
    }
    assert {name: value for name, value in sums.items() if value} == expected


def test_own_files_have_only_columns_of_the_data_dictionary(samples) -> None:
    folder, summary = samples
    known = {c.name for c in (*schema.USAGE_COLUMNS, *schema.METER_COLUMNS)} | {"user_id"}
    table = pl.read_parquet(folder / "logs" / catalogue.STUDIO_FILE)
    with (folder / "logs" / catalogue.PAGES_FILE).open(newline="") as file:
        rows = list(csv.DictReader(file))
    for columns in (table.columns, list(rows[0])):
        assert [c for c in columns if c not in known and not c.startswith("x_")] == []
    expected = _expected(summary, catalogue.PAGES_FILE)
    assert {"loaded": len(rows), "pages": sum(int(r["pages"]) for r in rows)} == expected
    assert table["images"].sum() == _expected(summary, catalogue.STUDIO_FILE)["images"]
    sizes = table.filter(pl.col("images") > 0)["price_variant"].unique().to_list()
    assert sorted(sizes) == ["image_size=1K", "image_size=2K", "image_size=4K"]


def test_the_gateway_counts_the_cache_inside_its_input(samples) -> None:
    folder, summary = samples
    records = [json.loads(line) for line in _lines(folder / "logs" / catalogue.GATEWAY_FILE)]
    expected = _expected(summary, catalogue.GATEWAY_FILE)
    cached = sum(
        r["metadata"]["additional_usage_values"]["cache_read_input_tokens"] for r in records
    )
    assert len(records) == expected["loaded"]
    assert cached == expected["cache_read_tokens"]
    assert (
        sum(r["prompt_tokens"] for r in records)
        == expected["uncached_input_tokens"] + expected["cache_read_tokens"]
    )
    one = next(r for r in records if r["model"] == "gpt-5.4")
    read = one["metadata"]["additional_usage_values"]["cache_read_input_tokens"]
    usd = (
        Decimal("2.5") * (one["prompt_tokens"] - read)
        + Decimal("0.25") * read
        + 15 * one["completion_tokens"]
    ) / 1_000_000
    assert Decimal(str(one["spend"])) == pytest.approx(usd, abs=Decimal("1e-9"))


@pytest.mark.parametrize("name", [catalogue.LAYOUT_FILE, catalogue.BRAND_FILE])
def test_spans_are_whole_and_their_counts_are_text(samples, name: str) -> None:
    folder, summary = samples
    totals: Counter[str] = Counter()
    spans = set()
    for line in _lines(folder / "logs" / name):
        resource = json.loads(line)["resourceSpans"][0]
        assert {"key": "x_synthetic", "value": {"boolValue": True}} in resource["resource"][
            "attributes"
        ]
        for span in resource["scopeSpans"][0]["spans"]:
            spans.add((span["traceId"], span["spanId"]))
            assert len(span["traceId"]) == 32
            assert len(span["spanId"]) == 16
            for attribute in span["attributes"]:
                if "intValue" in attribute["value"]:
                    assert isinstance(attribute["value"]["intValue"], str)
                    totals[attribute["key"]] += int(attribute["value"]["intValue"])
    expected = _expected(summary, name)
    assert len(spans) == expected["loaded"]
    assert totals["gen_ai.usage.input_tokens"] == expected["uncached_input_tokens"] + expected.get(
        "cache_read_tokens", 0
    )
    assert totals["gen_ai.usage.output_tokens"] == expected["output_tokens"]


def test_sessions_repeat_each_answer_and_the_fullest_line_counts(samples) -> None:
    folder, summary = samples
    fullest: dict[str, int] = {}
    lines = 0
    for path in (folder / "logs" / catalogue.SESSIONS_FOLDER).rglob("*.jsonl"):
        assert path.name.startswith("synthetic-")
        for line in _lines(path):
            if '"usage":{' in line:
                lines += 1
                message = json.loads(line)["message"]
                tokens = message["usage"]["output_tokens"]
                fullest[message["id"]] = max(tokens, fullest.get(message["id"], 0))
    expected = _expected(summary, catalogue.SESSIONS_FOLDER)
    assert len(fullest) == expected["loaded"]
    assert lines == 2 * len(fullest)
    assert sum(fullest.values()) == expected["output_tokens"]


def test_outcomes_name_one_kind_of_work_and_some_match_nothing(samples) -> None:
    folder, summary = samples
    records = [json.loads(line) for line in _lines(folder / "logs" / catalogue.OUTCOMES_FILE)]
    own = _lines(folder / "logs" / catalogue.SUPPORT_FILE)
    tickets = {json.loads(line).get("ticket_id") for line in own if line.endswith("}")}
    unmatched = {r["ticket_id"] for r in records if r["ticket_id"]} - tickets
    assert len(unmatched) == summary.unmatched_outcomes
    for record in records:
        keys = [record["request_id"], record["session_id"], record["ticket_id"]]
        assert sum(key is not None for key in keys) == 1
        assert record["outcome"] in schema.OUTCOMES
    last = {r["ticket_id"]: r["outcome"] for r in records if r["ticket_id"]}
    assert set(last.values()) == {"resolved", "reopened", "escalated", "failed"}


def test_the_plan_names_files_that_exist_and_covers_all_of_them(samples) -> None:
    folder, summary = samples
    plan = ingest_plan(folder)
    assert [str(path.relative_to(folder)) for path, _, _ in plan] == [f.path for f in summary.files]
    assert all(path.exists() for path, _, _ in plan)
    assert all(path.is_file() for path in price_sheets(folder))
    assert json.loads((folder / "summary.json").read_text())["requests"] == REQUESTS


def test_the_contract_sheet_names_known_meters_and_never_overlaps(samples) -> None:
    folder, _ = samples
    with price_sheets(folder)[0].open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["meter"] for row in rows} <= set(schema.METER_NAMES)
    spans: dict[tuple, list[tuple[str, str]]] = {}
    for row in rows:
        key = (row["provider"], row["model"], row["meter"])
        spans.setdefault(key, []).append((row["effective_from"], row["effective_to"] or "9999"))
    for parts in spans.values():
        ends = sorted(parts)
        assert all(a[1] <= b[0] for a, b in pairwise(ends))
    assert any(len(parts) == 2 for parts in spans.values())


def test_every_feature_has_a_dossier_the_playbook_accepts(samples) -> None:
    folder, _ = samples
    dossiers = read_dossiers(folder / "dossiers")
    assert [d.feature for d in dossiers] == sorted(f.name for f in catalogue.FEATURES)
    assert all(d.unit_of_value is not None and d.owner and d.synthetic for d in dossiers)


def test_models_have_list_prices_but_for_the_one_that_must_not() -> None:
    genai_prices = pytest.importorskip("genai_prices")
    usage = genai_prices.Usage(input_tokens=1_000, output_tokens=10)
    priced = {(f.provider, model) for f in catalogue.FEATURES for model in (f.model, f.successor)}
    for provider, model in priced:
        if model is not None:
            genai_prices.calc_price(usage, model, provider_id=provider)
    for provider in {provider for provider, _ in priced}:
        with pytest.raises(LookupError):
            genai_prices.calc_price(usage, catalogue.UNPRICED_MODEL, provider_id=provider)


def test_too_few_requests_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 2,000"):
        write_samples(tmp_path, requests=100)
