"""One file for an auditor, signed: the checks' verdicts with everything they were read from."""

import json
import zipfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from workbench.answers import Source
from workbench.answers.readiness import evidence_of
from workbench.errors import InputError, WorkbenchError
from workbench.exports.pdf import browser, write_pdf
from workbench.playbook.audit import PAGE, write_audit
from workbench.playbook.run import run_checks
from workbench.store.signing import check_signature, signed, signing_key


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditExport:
    """Where the pack, its certificate and its printed page are."""

    pack: Path
    certificate: Path
    head_sha256: str
    fingerprint: str
    pdf: Path | None
    no_pdf: str
    """Why there is no PDF; empty where there is one."""


def certificate_of(pack: Path) -> Path:
    """Return where the certificate of a pack lies: beside it."""
    return pack.with_name(f"{pack.name}.certificate.json")


def export(source: Source, pack: Path, *, by: str, now: datetime) -> AuditExport:
    """Run all checks, write the pack, sign its last hash and print its page where that is possible.

    Parameters
    ----------
    source
        The open workspace.
    pack
        File to write, .zip.
    by
        Who exports; recorded, not authenticated. The attestations' signatories stay blank.
    now
        The caller's clock, recorded in the certificate and not in the pack.
    """
    evidence = evidence_of(source)
    head = write_audit(evidence, run_checks(evidence), path=pack)
    key = signing_key(source.workspace.layout.signing_key)
    record = signed(
        {
            "what": "audit pack", "pack": pack.name, "head_sha256": head, "exported_by": by,
            "exported_at": now.isoformat(timespec="seconds"), "as_of": str(source.as_of),
            "workspace": source.workspace.layout.root.resolve().name,
        },
        key,
    )  # fmt: skip
    certificate = certificate_of(pack)
    certificate.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    pdf, why = _printed(pack)
    return AuditExport(
        pack=pack, certificate=certificate, head_sha256=head, pdf=pdf, no_pdf=why,
        fingerprint=str(record["fingerprint"]),
    )  # fmt: skip


def _printed(pack: Path) -> tuple[Path | None, str]:
    if browser() is None:
        return None, "no Chromium is installed; print audit.html of the pack from a browser"
    with zipfile.ZipFile(pack) as archive:
        html = archive.read(PAGE).decode()
    try:
        return write_pdf(html, pack.with_suffix(".pdf")), ""
    except WorkbenchError as error:
        return None, str(error)


def certified_by(pack: Path, *, head_sha256: str | None) -> str | None:
    """Return the fingerprint that signed a pack's last hash; None where no certificate lies beside it.

    Raises
    ------
    InputError
        If the certificate is not signed as it claims, or names another hash.
    """
    path = certificate_of(pack)
    if not path.is_file():
        return None
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: not readable as JSON ({error}).") from error
    fault = check_signature(record) if isinstance(record, dict) else "it is no certificate"
    if fault is not None:
        raise InputError(f"{path}: {fault}.")
    if record.get("head_sha256") != head_sha256:
        raise InputError(
            f"{path} names {record.get('head_sha256')}, the pack ends in {head_sha256}."
        )
    return str(record["fingerprint"])
