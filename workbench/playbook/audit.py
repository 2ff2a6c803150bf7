"""One file an auditor can keep: every check with its evidence, verifiable without us.

The pack is a zip of stored (not compressed) members in fixed order with fixed times, so that the
same report gives the same bytes. `manifest.jsonl` chains the hashes of all members; verification
rebuilds the archive from its members and compares byte by byte, so a change anywhere is placed.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.errors import InputError
from workbench.playbook.audit_page import audit_html
from workbench.playbook.evidence import Evidence, canonical, sha256_of
from workbench.playbook.fairness import fairness_rows
from workbench.playbook.run import GENESIS, CheckReport, broken_link
from workbench.reference import read_table

MANIFEST, REPORT, PAGE = "manifest.jsonl", "report.json", "audit.html"
ATTESTATIONS, FAIRNESS = "attestations.json", "fairness.json"
_TIME = (1980, 1, 1, 0, 0, 0)
AREAS = {"privacy": ("G2", "G4-04", "G4-05", "G4-06", "G5-05"), "fairness": ("G5-06",),
         "resilience": ("G2-05", "G2-06", "G3-03", "G4-07", "G4-08", "G4-09", "G5-07")}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditVerdict:
    """Whether a pack is whole; where it is not, which member, which part and which byte."""

    whole: bool
    where: str
    head_sha256: str | None


def write_audit(evidence: Evidence, report: CheckReport, *, path: Path) -> str:
    """Write the audit pack and return the hash that stands for it: write it down elsewhere.

    The pack holds the report, one HTML page, an attestation per regulation with the signatory
    left blank, waivers, dossiers, and every file a check read.

    Raises
    ------
    InputError
        If a file a check read was changed since.
    """
    content = report.as_json()
    attestations = list(attested(content))
    groups = fairness_rows(evidence)
    members: dict[str, bytes] = {
        REPORT: _lines(content),
        ATTESTATIONS: _lines({"attestations": attestations}),
        FAIRNESS: _lines({"groups": groups}),
    }
    for name, digest in sorted(_files_read(content).items()):
        raw = (evidence.folder / name).read_bytes()
        if hashlib.sha256(raw).hexdigest() != digest:
            raise InputError(f"{name} was changed after the checks ran. Run them again.")
        members[f"evidence/{name}"] = raw
    for kept in ("waivers.yaml",):
        if (evidence.folder / kept).is_file():
            members[kept] = (evidence.folder / kept).read_bytes()
    for dossier in sorted((evidence.folder / "dossiers").glob("*.y*ml")):
        members[f"dossiers/{dossier.name}"] = dossier.read_bytes()
    members[PAGE] = audit_html(content, attestations, areas=AREAS, groups=groups).encode()
    entries = list(_chained(members))
    members[MANIFEST] = "".join(canonical(entry) + "\n" for entry in entries).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_archive(members))
    return str(entries[-1]["sha256"])


def attested(report: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield one attestation per regulation: controls, evidence, verdicts, gaps, no signature."""
    checks = {check["id"]: check for check in report["checks"]}
    anchors: dict[str, list[str]] = {}
    for row in read_table("gate_checks"):
        for law in (
            "EU AI Act",
            "GDPR",
            "DORA",
            "PCI DSS",
            "ECOA",
            "NIST AI RMF",
            "ISO 42001",
            "SS2/21",
        ):
            if law in row["anchor"] and row["check_id"] in checks:
                anchors.setdefault(law, []).append(row["check_id"])
    for law, ids in sorted(anchors.items()):
        gaps = [i for i in ids if checks[i]["verdict"] in ("fail", "insufficient evidence")]
        yield {
            "regulation": law,
            "controls": [
                {"id": i, "control": checks[i]["question"], "rule": checks[i]["pass_rule"],
                 "verdict": checks[i]["verdict"], "evidence": checks[i]["reason"],
                 "sha256": checks[i]["sha256"]}
                for i in ids
            ],
            "gaps": gaps, "signatory": "", "signed_on": "",
        }  # fmt: skip


def verify_audit(path: Path, *, head_sha256: str | None = None) -> AuditVerdict:
    """Say whether a pack is as it was written, and where it is not.

    Parameters
    ----------
    path
        The zip file.
    head_sha256
        Hash that `write_audit` returned. Without it the pack is only checked against itself:
        someone who rewrote all of it would not be noticed.
    """
    raw = path.read_bytes()
    try:
        members = _members(raw)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, KeyError) as error:
        return AuditVerdict(whole=False, where=_broken_archive(raw, error), head_sha256=None)
    where, head = _manifest_fault(members)
    if where is None:
        where = _report_fault(members[REPORT])
    if where is None:
        rebuilt = _archive(members)
        if rebuilt != raw:
            where = f"archive structure, byte {_first_difference(raw, rebuilt)}"
    if where is None and head_sha256 is not None and head != head_sha256:
        where = f"{MANIFEST}: its last hash is {head}, expected {head_sha256}"
    return AuditVerdict(whole=where is None, where=where or "nothing changed", head_sha256=head)


def _members(raw: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return {entry.filename: _stored(raw, entry) for entry in archive.infolist()}


def _stored(raw: bytes, entry: zipfile.ZipInfo) -> bytes:
    """Read a member's bytes without its checksum: the manifest says which member is wrong."""
    start = entry.header_offset
    if raw[start : start + 4] != b"PK\x03\x04" or entry.compress_type != zipfile.ZIP_STORED:
        raise zipfile.BadZipFile(f"header of {entry.filename} at byte {start}")
    name = int.from_bytes(raw[start + 26 : start + 28], "little")
    extra = int.from_bytes(raw[start + 28 : start + 30], "little")
    begin = start + 30 + name + extra
    return raw[begin : begin + entry.file_size]


def _broken_archive(raw: bytes, error: Exception) -> str:
    tail = raw.rfind(b"PK\x05\x06")
    where = f"at byte {tail}" if tail >= 0 else f"in the last 22 of {len(raw)} bytes"
    return f"archive directory, {where}: {error}"


def _manifest_fault(members: Mapping[str, bytes]) -> tuple[str | None, str | None]:
    if MANIFEST not in members:
        return f"{MANIFEST} is missing", None
    entries: list[Any] = []
    for number, line in enumerate(members[MANIFEST].splitlines(), start=1):
        try:
            entries.append(json.loads(line))
        except ValueError:
            return f"{MANIFEST} line {number} is not readable", None
    previous = GENESIS
    for number, entry in enumerate(entries, start=1):
        body = {key: value for key, value in entry.items() if key not in ("previous", "sha256")}
        if entry.get("previous") != previous or entry.get("sha256") != sha256_of([previous, body]):
            return f"{MANIFEST} line {number} ({entry.get('name')})", None
        previous = entry["sha256"]
    listed = {str(entry["name"]): entry for entry in entries}
    for name in [*listed, *(n for n in members if n != MANIFEST)]:
        if name not in members:
            return f"{name} is missing", previous
        if name not in listed:
            return f"{name} is not in the manifest", previous
        if hashlib.sha256(members[name]).hexdigest() != listed[name]["content_sha256"]:
            return _changed_part(name, members[name], listed[name]["blocks"]), previous
    for place, (found, written) in enumerate(zip(members, [*listed, MANIFEST], strict=True), 1):
        if found != written:
            return f"member {place} is {found}, written was {written}: the order changed", previous
    return None, previous


def _changed_part(name: str, raw: bytes, blocks: Sequence[str]) -> str:
    found = _block_hashes(raw)
    place = next(
        (i for i, (a, b) in enumerate(zip(found, blocks, strict=False)) if a != b),
        min(len(found), len(blocks)),
    )
    line = raw[: place * _BLOCK].count(b"\n") + 1
    last = raw[: (place + 1) * _BLOCK].count(b"\n") + 1
    return f"{name}, bytes {place * _BLOCK} to {(place + 1) * _BLOCK}, lines {line} to {last}"


def _report_fault(raw: bytes) -> str | None:
    broken = broken_link(json.loads(raw)["checks"])
    return f"{REPORT}: the chain of results breaks at {broken}" if broken else None


_BLOCK = 256


def _block_hashes(raw: bytes) -> list[str]:
    """Hash each 256 bytes, so that a change is placed without a copy of the original."""
    return [
        hashlib.sha256(raw[i : i + _BLOCK]).hexdigest()[:16] for i in range(0, len(raw), _BLOCK)
    ]


def _chained(members: Mapping[str, bytes]) -> Iterator[dict[str, Any]]:
    previous = GENESIS
    for name, raw in members.items():
        body = {
            "name": name, "bytes": len(raw), "content_sha256": hashlib.sha256(raw).hexdigest(),
            "blocks": _block_hashes(raw),
        }  # fmt: skip
        digest = sha256_of([previous, body])
        yield {**body, "previous": previous, "sha256": digest}
        previous = digest


def _files_read(report: Mapping[str, Any]) -> dict[str, str]:
    return {
        looked["what"]: looked["input_sha256"]
        for check in report["checks"]
        for feature in check["features"]
        for looked in feature["evidence"]
        if "\n" not in looked["what"] and not looked["what"].startswith("dossier:")
    }


def _archive(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, raw in members.items():
            entry = zipfile.ZipInfo(name, date_time=_TIME)
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, raw)
    return buffer.getvalue()


def _first_difference(first: bytes, second: bytes) -> int:
    pairs = zip(first, second, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(first), len(second)))


def _lines(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, indent=1, sort_keys=True, default=str) + "\n").encode()
