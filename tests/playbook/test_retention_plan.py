import json
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.spine import ingest, requests, write_jsonl
from workbench.playbook.dossier import Dossier
from workbench.playbook.retention_plan import (
    as_data,
    policies,
    resolutions,
    retain_plan,
    shipped_rules,
)
from workbench.store.disposition import Hold
from workbench.store.layout import Layout
from workbench.store.measured_sizes import measured_sizes
from workbench.workspace import Workspace

TODAY = date(2026, 11, 24)
CHAT = {
    "feature": "chat",
    "synthetic": True,
    "jurisdictions": ["US"],
    "sector": "finance",
    "retention": [
        {
            "store": "answers",
            "data_class": "communications",
            "keep_days": 30,
            "rule_ids": ["RET-19"],
        },
        {"store": "drafts", "data_class": "drafts", "keep_days": 30},
    ],
}


def content(layout: Layout, data_class: str, month: str) -> None:
    path = layout.content / data_class / month / "part.parquet"
    path.parent.mkdir(parents=True)
    pq.write_table(pa.table({"text": ["one", "two"]}), path)


def test_the_law_lengthens_a_period_that_is_too_short_and_the_plan_says_by_which_rule(
    tmp_path,
) -> None:
    layout = Layout(tmp_path)
    for data_class in ("communications", "drafts"):
        content(layout, data_class, "2024-01")
    items, resolved = retain_plan(layout, [Dossier.model_validate(CHAT)], as_of=TODAY)
    decisions = {one.data_class: (one.decision, one.rule_ids) for one in items}
    assert decisions == {"communications": ("keep", ("RET-19",)), "drafts": ("dispose", ())}
    data = json.loads(json.dumps(as_data(items, resolved)))
    assert [one["data_class"] for one in data["dispose"]] == ["drafts"]
    assert data["law"][0]["bands"][0]["lower_days"] == 1_096
    assert any(f["verdict"] == "fail" for f in data["law"][0]["findings"])


def test_a_hold_keeps_what_the_period_would_let_go(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    content(layout, "drafts", "2024-01")
    hold = Hold(name="case 7", data_class="drafts")
    [item], resolved = retain_plan(
        layout, [Dossier.model_validate(CHAT)], holds=[hold], as_of=TODAY
    )
    assert item.decision == "keep"
    assert [one.may_dispose for one in resolved] == [True, False]


def test_two_features_of_one_class_keep_it_for_the_longer_of_their_periods() -> None:
    second = CHAT | {"feature": "mail", "retention": [
        {"store": "drafts", "data_class": "drafts", "keep_days": 400}]}  # fmt: skip
    dossiers = [Dossier.model_validate(one) for one in (CHAT, second)]
    rules = shipped_rules()
    stated = [
        pair
        for one in dossiers
        for pair in zip(one.retention, resolutions(one, rules, as_of=TODAY), strict=True)
    ]
    found = {one.data_class: one.keep_days for one in policies(stated)}
    assert found == {"communications": 30, "drafts": 400}


def test_a_high_risk_deployer_gets_its_role_and_the_unverified_date_binds_nothing() -> None:
    dossier = Dossier.model_validate(
        {"feature": "score", "jurisdictions": ["EU"], "ai_act": {"role": "deployer", "risk_class": "high"},
         "retention": [{"store": "logs", "data_class": "event_logs", "keep_days": 90}]}
    )  # fmt: skip
    [found] = resolutions(dossier, shipped_rules(), as_of=date(2028, 1, 1))
    assert "high_risk_ai_deployer" in found.series.holders
    assert [(rule.rule_id, why) for rule, why in found.not_binding] == [("RET-05", "unverified")]


def test_sizes_are_counted_from_the_store(tmp_path: Path) -> None:
    workspace = Workspace.init(tmp_path / "work")
    log = write_jsonl(tmp_path / "log.jsonl", requests(2_000))
    ingest(workspace, log)
    content(workspace.layout, "prompts", "2026-10")
    sizes = {one.name: one for one in measured_sizes(workspace.layout)}
    usage = sizes["usage"]
    on_disk = sum(path.stat().st_size for path in workspace.layout.rows("usage").rglob("*.parquet"))
    assert (usage.rows, usage.stored_bytes, usage.raw_bytes) == (2_000, on_disk, log.stat().st_size)
    assert usage.compression == pytest.approx(log.stat().st_size / on_disk)
    print(f"{usage.stored_bytes_per_row:.1f} bytes a row, compression {usage.compression:.1f}")
    assert sizes["prompts"].rows == 2
