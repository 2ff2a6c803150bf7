"""Rows held for many queries are the rows of the segments, whatever part of them is held."""

import pytest

from tests.spine import NOW, ingest, requests, write_jsonl
from workbench.store import recent
from workbench.store.catalog import Catalog
from workbench.workspace import Workspace

SHEET = "provider,model,meter,usd,per\nanthropic,claude-sonnet-4-5,output_tokens,12,1000000\n"
DAYS = 21
QUERIES = (
    "SELECT * FROM usage ORDER BY source_id, source_row",
    "SELECT * FROM priced_usage ORDER BY source_id, source_row",
    "SELECT count(*), sum(contract_pico), max(price_version) FROM priced_usage WHERE started_at >= TIMESTAMP '2026-10-10'",
    "SELECT feature, count(*) FROM usage WHERE started_at >= TIMESTAMP '2026-09-30' AND started_at < TIMESTAMP '2026-10-12' GROUP BY 1 ORDER BY 1",
    "SELECT count(DISTINCT user_hash) FROM usage",
)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("recent")
    made = Workspace.init(folder / "ws")
    sheet = folder / "sheet.csv"
    sheet.write_text(SHEET)
    made.import_prices([sheet], now=NOW)
    rows = requests(DAYS * 24, step_s=3_600)
    ingest(made, write_jsonl(folder / "a.jsonl", rows[:300]))
    ingest(made, write_jsonl(folder / "b.jsonl", rows[300:]))
    return made


def answers(catalog: Catalog) -> list[list[dict]]:
    return [catalog.rows(query) for query in QUERIES]


@pytest.mark.parametrize(
    ("most_rows", "least", "most"),
    [(10_000, DAYS * 24, DAYS * 24), (300, 200, 300), (100, 1, 100), (1, 0, 0)],
)
def test_held_rows_change_no_answer(workspace: Workspace, most_rows: int, least: int, most: int):
    with workspace.reader(locked=False) as catalog:
        before = answers(catalog)
        recent.hold(catalog, most_rows=most_rows)
        assert answers(catalog) == before
        is_held = catalog.one("SELECT 1 FROM duckdb_tables() WHERE table_name = 'recent_rows'")
        count = catalog.one("SELECT count(*) FROM recent_rows") if is_held else (0,)
    assert count is not None
    assert least <= count[0] <= most


def test_a_query_of_held_days_opens_no_segment(workspace: Workspace):
    query = "EXPLAIN SELECT count(*) FROM {} WHERE started_at >= TIMESTAMP '2026-10-17'"
    with workspace.reader(locked=False) as catalog:
        plans = [str(catalog.rows(query.format(view))) for view in ("usage", "priced_usage")]
        assert all("PARQUET" in plan for plan in plans)
        recent.hold(catalog, most_rows=240)
        plans = [str(catalog.rows(query.format(view))) for view in ("usage", "priced_usage")]
        assert not any("PARQUET" in plan for plan in plans)
