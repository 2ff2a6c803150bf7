"""Give a new workspace its toolkit: Terraform modules, prompt library, runbooks, schema."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from workbench.errors import InputError
from workbench.playbook.dossier_files import SCHEMA_NAME, parse_dossier, write_schema
from workbench.playbook.prompts import Prompt
from workbench.playbook.tables import TABLES

TOOLKIT = Path(__file__).parent / "toolkit"
_SQL = re.compile(r"```sql\n(.*?)```", re.DOTALL)


def scaffold(folder: Path) -> tuple[Path, ...]:
    """Write the toolkit into a workspace; a file that is there already is left as it is.

    Writes `terraform/`, `prompts/`, `runbooks/`, the JSON schemas of dossiers and prompts, and
    `evidence/README.md`.

    Returns
    -------
    tuple of Path
        The files written.
    """
    written = []
    for source in sorted(TOOLKIT.rglob("*")):
        if source.is_file() and source.suffix not in (".py", ".pyc"):
            target = folder / source.relative_to(TOOLKIT)
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(source.read_bytes())
                written.append(target)
    (folder / "dossiers").mkdir(parents=True, exist_ok=True)
    written.append(write_schema(folder / "dossiers"))
    prompt_schema = folder / "prompts" / "prompt.schema.json"
    text = json.dumps(Prompt.model_json_schema(), indent=1, sort_keys=True)
    prompt_schema.write_text(text + "\n", encoding="utf-8")
    guide = folder / "evidence" / "README.md"
    guide.parent.mkdir(exist_ok=True)
    guide.write_text(_evidence_guide(), encoding="utf-8")
    return (*written, prompt_schema, guide)


def first_dossier(
    folder: Path, *, feature: str, owner_role: str, unit_of_value: str, jurisdictions: list[str],
    more: Mapping[str, Any] | None = None,
) -> Path:  # fmt: skip
    """Write a feature's dossier with what cannot be defaulted; one that is there stays as it is.

    `more` are further keys of a dossier; empty ones are left out. Editors find the JSON schema by
    the file's first line.

    Raises
    ------
    InputError
        If the feature's name cannot be a file's name.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", feature):
        raise InputError(f"{feature!r}: name a feature with letters, digits, dots and dashes.")
    path = folder / "dossiers" / f"{feature}.yaml"
    content = {
        "feature": feature, "owner": {"role": owner_role},
        "unit_of_value": {"name": unit_of_value}, "jurisdictions": jurisdictions,
        **{key: value for key, value in (more or {}).items() if value},
    }  # fmt: skip
    parse_dossier(content, name=path.name)
    if not path.exists():
        head = f"# yaml-language-server: $schema={SCHEMA_NAME}\n"
        path.write_text(
            head + yaml.safe_dump(content, sort_keys=False, allow_unicode=True), "utf-8"
        )
    return path


def runbook_queries(folder: Path) -> Mapping[str, tuple[str, ...]]:
    """Return the SQL of each runbook in `runbooks/*.md`, by name: they run on the store's views."""
    return {
        path.stem: tuple(query.strip() for query in _SQL.findall(path.read_text(encoding="utf-8")))
        for path in sorted((folder / "runbooks").glob("*.md"))
    }


def _evidence_guide() -> str:
    lines = [
        "# Evidence tables",
        "",
        "CSV files the checks read. `feature` may be added to any of them; a row without it is about",
        "every feature. A kind with ? may be empty or left out. Times are UTC.",
    ]
    for name, table in TABLES.items():
        columns = ", ".join(f"`{column}` {kind}" for column, kind in table.columns.items())
        lines += [
            "",
            f"## {name}.csv",
            "",
            f"{table.meaning[0].upper()}{table.meaning[1:]}: {columns}",
        ]
    lines += [
        "", "## Other files", "",
        "- `packets.jsonl`: explainability packets, one a line, each with the hash of the one before",
        "- `screening_set.jsonl`: `text` and `spans` (kind, start, end), to measure the screening",
        "- `openlineage.jsonl`: OpenLineage run events of other systems, one a line; they count as lineage",
        "- `stored_texts.jsonl`: `feature` and `text`, a sample of what another system stores",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"
