"""A packet that goes with its person leaves a signed note; a packet dropped by hand is still found."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.spine import NOW, ingest, requests, write_jsonl
from workbench.answers import retention as answers
from workbench.playbook.packets import chained, incomplete_packets, unchained_packet
from workbench.store import packets
from workbench.store.occurrences import occurrences
from workbench.store.packets import trusted_fingerprints
from workbench.workspace import Workspace

PERSON = "user-3"


def packet(row: dict) -> dict:
    return {
        "request_id": row["request_id"], "feature": row["feature"], "at": row["started_at"],
        "model": row["model"], "model_snapshot": row["model"], "prompt_id": "p", "prompt_version": "1",
        "parameters": {}, "retrieved": [], "embedding_sha256": None, "embedding_model": None,
        "output_sha256": "0" * 64, "safety_verdicts": {"toxic": "no"}, "cost_usd": 0.01,
        "latency_ms": 10, "reviewer": "none required", "session_id": row["session_id"], "user": row["user_id"],
    }  # fmt: skip


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace.init(tmp_path / "work")
    ingest(made, write_jsonl(tmp_path / "log.jsonl", requests(44)))
    (made.layout.root / "evidence").mkdir(exist_ok=True)
    write_jsonl(made.layout.root / packets.FILE, chained([packet(row) for row in requests(44)]))
    return made


def lines(workspace: Workspace) -> list[dict]:
    text = (workspace.layout.root / packets.FILE).read_text()
    return [json.loads(line) for line in text.splitlines()]


def broken_at(workspace: Workspace, found: list[dict] | None = None) -> int | None:
    trusted = trusted_fingerprints(workspace.layout)
    return unchained_packet(lines(workspace) if found is None else found, trusted=trusted)


def test_an_erasure_leaves_a_chain_that_holds_and_nobody_in_it(workspace: Workspace) -> None:
    before = lines(workspace)
    assert broken_at(workspace) is None
    certificate = answers.erase(workspace, user_id=PERSON, now=NOW)
    after = lines(workspace)
    assert occurrences(workspace.layout, [PERSON]) == []
    assert certificate["still_found_in"] == []
    assert broken_at(workspace) is None
    assert [one["sha256"] for one in after] == [one["sha256"] for one in before]
    gone = [n for n, one in enumerate(after) if packets.is_removed(one)]
    assert gone == [3, 14, 25, 36]
    # 3 requests a session: the two others of each lost the session they shared, and nothing else
    altered = [n for n, one in enumerate(after) if packets.NOTE in one and n not in gone]
    assert altered == [4, 5, 12, 13, 24, 26, 37, 38]
    assert certificate["packets_amended"] == len(gone) + len(altered)
    for n in altered:
        changed = {k for k, v in before[n].items() if after[n].get(k) != v}
        assert changed == {"session_id"}
    assert incomplete_packets(after) == {}
    answers.erase(workspace, user_id="user-4", now=NOW)
    assert broken_at(workspace) is None
    assert occurrences(workspace.layout, ["user-4"]) == []


def test_what_is_done_by_hand_is_found(workspace: Workspace) -> None:
    answers.erase(workspace, user_id=PERSON, now=NOW)
    found = lines(workspace)
    assert broken_at(workspace, [*found[:7], *found[8:]]) == 8  # a whole packet dropped
    assert broken_at(workspace, [*found[:3], *found[4:]]) == 4  # and a note
    assert broken_at(workspace, [*found[:6], {**found[6], "cost_usd": 9}, *found[7:]]) == 7
    assert broken_at(workspace, [*found[:4], {**found[4], "cost_usd": 9}, *found[5:]]) == 5
    moved = {**found[14], packets.NOTE: found[3][packets.NOTE]}
    assert broken_at(workspace, [*found[:14], moved, *found[15:]]) == 15
    own = packets.amended(found[6], None, at="now", key=Ed25519PrivateKey.generate())
    assert broken_at(workspace, [*found[:6], own, *found[7:]]) == 7  # another key
    unsigned = {**own, packets.NOTE: {"removed": True}}
    assert broken_at(workspace, [*found[:6], unsigned, *found[7:]]) == 7
    assert unchained_packet(found) == 4  # nobody trusted, no note holds


def test_a_copy_without_keys_trusts_the_key_of_the_certificates(workspace: Workspace) -> None:
    answers.erase(workspace, user_id=PERSON, now=NOW)
    with_key = trusted_fingerprints(workspace.layout)
    workspace.layout.signing_key.unlink()
    assert trusted_fingerprints(workspace.layout) == with_key
    assert broken_at(workspace) is None
