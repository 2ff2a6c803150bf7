"""How does an envelope become one that was signed? Drafts, approvals and locks of registers."""

import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Any

import workbench
from workbench.answers import Source
from workbench.answers.envelope import chosen_register, envelope
from workbench.answers.vintages import drafts_folder, locked_folder, version_of
from workbench.errors import InputError
from workbench.playbook.assumptions.register import Register
from workbench.playbook.assumptions.scenarios import expired
from workbench.playbook.assumptions.versions import (
    Version,
    approve,
    draft,
    lock,
    send_back,
    submit,
    version_hash,
)
from workbench.store import files


def hash_of(source: Source, register: Register) -> str:
    """Return the version hash of a register over this workspace's prices and data."""
    imports = sorted(path.stem for path in source.workspace.layout.imports.glob("*.parquet"))
    batches = source.rows("SELECT sha256 FROM manifest ORDER BY sha256")
    return version_hash(
        register,
        prices_sha256=_sha256(imports),
        snapshot_sha256=_sha256([row["sha256"] for row in batches]),
        code_version=workbench.__version__,
    )


def move(
    source: Source, step: str, *, register_name: str | None, by: str, on: date, note: str
) -> Version:
    """Take a register's version one step on its way: draft, submit, approve, back or lock.

    Raises
    ------
    InputError
        If the step does not follow, the maker approves, or figures changed since the draft.
    """
    register = chosen_register(source.workspace.layout.root, register_name)
    return move_register(source, step, register, by=by, on=on, note=note)


def move_register(
    source: Source, step: str, register: Register, *, by: str, on: date, note: str
) -> Version:
    """Take one step with a register that need not lie in the workspace; as `move`."""
    folder = source.workspace.layout.root
    hash_ = hash_of(source, register)
    path = drafts_folder(folder) / f"{hash_[:12]}.json"
    if (locked_folder(folder) / path.name).exists():
        raise InputError(f"Version {hash_[:12]} is locked already; a change makes a new version.")
    if step == "draft":
        if path.exists():
            raise InputError(f"Version {hash_[:12]} has been drafted: {path}.")
        version = draft(hash_=hash_, name=register.name, maker=by, on=on)
    else:
        version = _moved(_read(path, hash_), step, by=by, on=on, note=note, register=register)
    if version.state == "locked":
        _lock(source, register, version, path)
    else:
        files.write_json(path, version.as_dict(), staging=source.workspace.layout.staging)
    return version


def _moved(
    version: Version, step: str, *, by: str, on: date, note: str, register: Register
) -> Version:
    if step == "submit":
        return submit(version, by=by, on=on, note=note)
    if step == "approve":
        return approve(version, by=by, on=on, note=note)
    if step == "back":
        return send_back(version, by=by, on=on, note=note)
    return lock(version, by=by, on=on, expired_entries=expired(register, [], as_of=on))


def _lock(source: Source, register: Register, version: Version, drafted: Path) -> None:
    """Write the locked bundle: what was signed, and the envelope to score later."""
    drawn = envelope(source, register)
    content = {
        "version": version.as_dict(),
        "locked_on": version.signatures[-1].on.isoformat(),
        "as_of": source.as_of.isoformat(),
        "register": register.as_dict(),
        "report": drawn.as_dict(),
    }
    final = locked_folder(source.workspace.layout.root) / drafted.name
    files.write_json(final, content, staging=source.workspace.layout.staging)
    final.chmod(0o400)
    drafted.unlink()


def _read(path: Path, hash_: str) -> Version:
    if not path.exists():
        raise InputError(
            f"No draft of version {hash_[:12]}: the register, the prices or the data changed since, "
            "or it was never drafted. Run `workbench assumptions draft --as NAME`."
        )
    return version_of(json.loads(path.read_text(encoding="utf-8")))


def _sha256(content: list[Any]) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
