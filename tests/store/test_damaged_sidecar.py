"""A damaged or foreign sidecar is named by every command, and the store works again without it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.spine import NOW, ingest, one_row, requests, write_jsonl
from workbench.errors import StoreError
from workbench.workspace import Workspace


def _short_rate_key(content: dict[str, Any]) -> None:
    content["rate_keys"] = [key[:-1] for key in content["rate_keys"]]


def _word_for_a_number(content: dict[str, Any]) -> None:
    content["records"] = "many"


def _file_elsewhere(content: dict[str, Any]) -> None:
    content["segments"][0]["file"] = "../../elsewhere.parquet"


def _no_manifest(content: dict[str, Any]) -> None:
    del content["sha256"]


def _not_a_key(content: dict[str, Any]) -> None:
    content["rate_keys"] = [["x", *key[1:]] for key in content["rate_keys"]]


def _newer(content: dict[str, Any]) -> None:
    content["sidecar_version"] = 99


def _lost_segment(content: dict[str, Any]) -> None:
    content["segments"][0]["file"] = "usage/2026-09/gone.parquet"


@pytest.mark.parametrize(
    "damage",
    [_short_rate_key, _word_for_a_number, _file_elsewhere, _no_manifest, _not_a_key, _newer, _lost_segment],
)  # fmt: skip
def test_every_command_names_it_and_works_again_without_it(
    tmp_path: Path, damage: Callable[[dict[str, Any]], None]
):
    workspace = Workspace.init(tmp_path / "ws")
    ingest(workspace, write_jsonl(tmp_path / "good.jsonl", requests(20)))
    other = Workspace.init(tmp_path / "other")
    ingest(other, write_jsonl(tmp_path / "foreign.jsonl", requests(5, first=100)))
    (sidecar,) = other.layout.store.glob("usage/*/*.json")
    content = json.loads(sidecar.read_text())
    damage(content)
    foreign = workspace.layout.store / "usage" / sidecar.parent.name / sidecar.name
    foreign.write_text(json.dumps(content))
    for command in (
        workspace.status,
        lambda: workspace.sql("SELECT 1"),
        lambda: workspace.ingest([tmp_path / "good.jsonl"], now=NOW),
    ):
        with pytest.raises(StoreError, match=f"{foreign.name}.*move it"):
            command()
    foreign.unlink()
    assert one_row(workspace, "SELECT count(*) AS n FROM usage") == {"n": 20}
    assert workspace.verify() == []
