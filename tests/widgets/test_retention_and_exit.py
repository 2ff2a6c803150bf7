"""The retention and exit pages on answers made from a small workspace."""

from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from tests.spine import ingest, requests, write_jsonl
from widgets import provider_exit, retention
from widgets.page import Page
from workbench.answers import Source
from workbench.answers import provider_exit as exit_answers
from workbench.answers import retention as retention_answers
from workbench.workspace import Workspace

DOSSIER = {
    "feature": "feature-0",
    "owner": {"role": "support lead"},
    "jurisdictions": ["EU"],
    "allowed_regions": ["eu"],
    "dependencies": [
        {"kind": "model", "provider": "openai", "model": "gpt-4.1", "region": "us"},
        {"kind": "backup", "provider": "anthropic", "model": "claude-sonnet-4-5"},
    ],
    "retention": [
        {"store": "usage", "data_class": "metering", "keep_days": 730},
        {"store": "content", "data_class": "personal", "keep_days": 60},
    ],
    "exit": {"impact_tolerance_hours": 8, "notice_days": 30},
}


class Published:
    """What a snapshot says, from documents in memory."""

    def __init__(self, documents: Mapping[str, Any]) -> None:
        self.documents = documents

    def document(self, name: str) -> Any:
        return self.documents.get(name)

    def state(self) -> dict[str, Any]:
        return {"snapshot": 1, "as_of": "2026-09-29", "requests": 3_000, "unpriced_requests": 0}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    root = tmp_path_factory.mktemp("pages")
    made = Workspace.init(root / "work")
    ingest(made, write_jsonl(root / "log.jsonl", requests(3_000)))
    (root / "work" / "dossiers" / "feature-0.yaml").write_text(yaml.safe_dump(DOSSIER))
    with made.reader(locked=False) as catalog:
        as_of = made.as_of(catalog)
        assert as_of is not None
        source = Source(made, catalog, as_of)
        return Published(
            {
                "retention": retention_answers.document(source),
                "provider_exit": exit_answers.document(source),
            }
        )


def tiles(page: Page) -> dict[str, Any]:
    return {one["label"]: one["value"] for one in page.charts.tiles}


def test_the_retention_page_answers_and_says_what_is_not_measured(published: Published) -> None:
    page = retention.page(published)
    assert page.charts.head["answer"].startswith("Keeping these records costs")
    assert "No prompts or answers are in this store" in page.charts.head["notice"]
    assert (page.inputs["days"].value, page.inputs["days"].tooltip) == (
        60, "stated in the dossiers, mean over requests",
    )  # fmt: skip
    # 3,000 requests inside the last 30 days are 100 a day
    assert "100 requests a day" in page.charts.head["scope"]
    assert page.inputs["volume"].value == "million"  # few cents a month say nothing by themselves
    assert "at 1 million requests a month (logged: 100 requests a day" in page.charts.head["scope"]
    places = next(one for one in page.charts.cards if "outside" in one["title"])
    assert places["title"] == "1 place lies outside; 1 of 2 lack a region or a limit"
    matrix = next(one for one in page.charts.cards if "must not" in one["title"])
    assert matrix["title"] == "1 of 2 places lies where the data must not"
    assert list(matrix["columns"][1:]) == ["EU", "US", "not stated"]
    assert [list(row) for row in matrix["rows"]] == [
        ["personal", "○ may", "✗ 1 breach", "? 1 not stated"]
    ]


def test_the_volume_scales_the_bill_and_the_year_as_logged_stays(published: Published) -> None:
    page = retention.page(published)
    at_scale, logged = (
        page.charts.tiles[0],
        float(tiles(page)["A month, steady state"]) * 3_000 / 1e6,
    )
    page.inputs["volume"].value = "1"
    assert float(tiles(page)["A month, steady state"]) == pytest.approx(logged, rel=0.01)
    assert page.charts.tiles[0]["delta"] == at_scale["delta"]


def test_sliders_move_the_bill_as_they_must(published: Published) -> None:
    page = retention.page(published)
    month = float(tiles(page)["A month, steady state"])
    page.inputs["days"].value = 600
    longer = float(tiles(page)["A month, steady state"])
    assert longer > month
    page.inputs["sampling"].value = 0.1
    assert float(tiles(page)["A month, steady state"]) < longer
    page.inputs["tier"].value = "AWS CloudWatch Logs Standard class (us-east-1)"
    assert "wrong lever" in page.charts.head["answer"]
    page.inputs["later"].value = "AWS S3 Glacier Deep Archive (us-east-1)"
    page.inputs["split"].value = "tier"
    assert any("by tier" in one["subtitle"] for one in page.charts.cards)
    assert not page.charts.head["stale"]


def test_the_exit_page_offers_the_stated_backup_first(published: Published) -> None:
    page = provider_exit.page(published)
    page.inputs["provider"].value = "openai"
    assert "anthropic/claude-sonnet-4-5" in page.charts.head["answer"]
    assert page.charts.head["answer"].startswith("Stay with openai")
    assert "The exit is insurance." in page.charts.head["answer"]
    table = next(one for one in page.charts.cards if "none is evaluated" in one["title"])
    assert "anthropic/claude-sonnet-4-5" in [row[0] for row in table["rows"]]
    page.inputs["variant"].value = "stressed"
    assert "no drill says how soon the backup serves" in page.charts.head["answer"]
    assert not page.charts.head["stale"]


def test_more_people_shorten_the_work_and_not_the_dual_run(published: Published) -> None:
    page = provider_exit.page(published)
    alone = float(tiles(page)["Time to leave, P50"])
    page.inputs["people"].value = 8
    together = float(tiles(page)["Time to leave, P50"])
    assert 21 < together < alone


def test_current_cost_is_that_of_the_rows(published: Published) -> None:
    one = published.documents["provider_exit"]["providers"]["openai"]
    # a third of 3,000 requests, none of them in other media
    assert one["current"]["requests"] == 1_000
    assert one["inventory"]["requests"] == 1_000
    assert one["plans"][0]["tolerance_hours"] == 8


def test_a_page_without_its_answer_says_what_to_do() -> None:
    for module in (retention, provider_exit):
        page = module.page(Published({}))
        assert "workbench publish" in page.charts.head["notice"]
