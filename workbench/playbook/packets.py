"""What explains one answer: the explainability packet, its completeness and its hash chain.

`evidence/packets.jsonl` holds one packet a line. Prompt and embedding are kept by hash (and the
embedding's model), so that the packet explains without repeating personal data.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workbench.playbook.evidence import Case, need, sha256_of
from workbench.store.packets import NOTE, is_removed, problem

GENESIS = "0" * 64
Text = Annotated[str, Field(min_length=1)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Packet(BaseModel):
    """One answer's packet. Every field must be there and hold something."""

    model_config = ConfigDict(extra="allow")

    request_id: Text
    feature: Text
    at: datetime
    model: Text
    model_snapshot: Text
    prompt_id: Text
    prompt_version: Text
    parameters: dict[str, Any]
    retrieved: list[dict[str, Any]]
    """Document id and version each; an empty list says that nothing was retrieved."""
    embedding_sha256: Sha256 | None
    embedding_model: Text | None
    output_sha256: Sha256
    safety_verdicts: Annotated[dict[str, Any], Field(min_length=1)]
    cost_usd: Annotated[float, Field(ge=0)]
    latency_ms: Annotated[float, Field(ge=0)]
    reviewer: Text
    """Role that reviewed the answer, or `none required`."""


def read_packets(case: Case) -> list[dict[str, Any]]:
    """Return the feature's packets in order of the file; none is insufficient evidence."""
    path = case.evidence.folder / "evidence" / "packets.jsonl"
    need(path.is_file(), "there is no evidence/packets.jsonl")
    raw = path.read_bytes()
    packets = []
    for number, line in enumerate(raw.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            packet = json.loads(line)
        except json.JSONDecodeError:
            packet = None
        need(isinstance(packet, dict), f"evidence/packets.jsonl line {number} is no JSON object")
        packets.append(packet)
    case.note_file(path, raw, rows=len(packets))
    need(packets, "evidence/packets.jsonl is empty")
    return packets


def chained(packets: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the packets with `previous_sha256` and `sha256` set: each over itself and the one before.

    A packet that an erasure amended keeps its hash: its note is signed, see `store.packets`.
    """
    previous, linked = GENESIS, []
    for packet in packets:
        if NOTE in packet:
            linked.append({**packet, "previous_sha256": previous})
            previous = packet.get("sha256")
            continue
        body = {k: v for k, v in packet.items() if k not in ("previous_sha256", "sha256")}
        digest = sha256_of([previous, body])
        linked.append({**body, "previous_sha256": previous, "sha256": digest})
        previous = digest
    return linked


def unchained_packet(
    packets: Sequence[Mapping[str, Any]], *, trusted: frozenset[str] = frozenset()
) -> int | None:
    """Return the number (from 1) of the first packet that does not follow, or None.

    `trusted` are the fingerprints of the keys whose notes on amended packets hold.
    """
    for number, (packet, right) in enumerate(zip(packets, chained(packets), strict=True), start=1):
        wrong = packet.get("previous_sha256") != right["previous_sha256"]
        wrong = wrong or (NOTE in packet and problem(packet, trusted) is not None)
        if wrong or packet.get("sha256") != right["sha256"]:
            return number
    return None


def incomplete_packets(packets: Sequence[Mapping[str, Any]]) -> dict[int, list[str]]:
    """Return place (from 0) to the fields that are missing or empty."""
    found = {}
    for place, packet in enumerate(packets):
        if is_removed(packet):
            continue
        try:
            Packet.model_validate(packet)
        except ValidationError as error:
            found[place] = sorted({str(one["loc"][0]) for one in error.errors()})
        else:
            if packet["retrieved"] and not (
                packet["embedding_sha256"] and packet["embedding_model"]
            ):
                found[place] = ["embedding_sha256"]
    return found
