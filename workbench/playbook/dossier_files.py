"""Read and check dossier files, and ship their JSON schema to editors."""

import difflib
import json
from collections.abc import Iterable
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from workbench.errors import InputError
from workbench.playbook.dossier import Dossier
from workbench.yaml_files import LOADER, read_yaml

SCHEMA_NAME = "dossier.schema.json"


def read_dossiers(folder: Path) -> tuple[Dossier, ...]:
    """Return the dossiers of `folder/*.yaml`, by name of feature.

    Raises
    ------
    InputError
        If a file cannot be read as a dossier, or two files describe one feature.
    """
    found: dict[str, Path] = {}
    dossiers = []
    for path in sorted(folder.glob("*.yaml")) + sorted(folder.glob("*.yml")):
        dossier = read_dossier(path)
        if dossier.feature in found:
            raise InputError(
                f"{path}: feature {dossier.feature!r} already has a dossier in "
                f"{found[dossier.feature].name}. Keep one file per feature."
            )
        found[dossier.feature] = path
        dossiers.append(dossier)
    return tuple(sorted(dossiers, key=lambda dossier: dossier.feature))


def read_dossier(path: Path) -> Dossier:
    """Return one dossier.

    Raises
    ------
    InputError
        Naming the file, the key and, for an unknown key, the closest one there is.
    """
    content = read_yaml(path)
    return parse_dossier(content, name=str(path), text=path.read_text(encoding="utf-8"))


def parse_dossier(content: object, *, name: str, text: str = "") -> Dossier:
    """Return the dossier in `content`, as YAML gave it; `name` stands in error messages.

    With the file's `text` an error names the line as well.
    """
    if not isinstance(content, dict):
        raise InputError(f"{name}: a dossier is a mapping of keys, and starts with `feature: …`.")
    try:
        return Dossier.model_validate(content)
    except ValidationError as error:
        raise InputError(explained(error, model=Dossier, name=name, text=text)) from error


def line_of(text: str, steps: Iterable[int | str]) -> int | None:
    """Return the line on which a key, or the nearest one above it, stands; None for no text."""
    node = yaml.compose(text, Loader=LOADER) if text else None
    line = None
    for step in steps:
        if isinstance(node, yaml.MappingNode):
            pair = next((pair for pair in node.value if pair[0].value == str(step)), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif (
            isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value)
        ):
            node = node.value[step]
            line = node.start_mark.line + 1
    return line


def explained(error: ValidationError, *, model: type[BaseModel], name: str, text: str = "") -> str:
    """Put pydantic's findings in words: file, line, key, what is wrong, closest key."""
    found = error.errors(include_url=False)
    lines = []
    for one in found[:5]:
        line = line_of(text, one["loc"])
        lines.append(
            f"line {line}: {_sentence(one, model=model)}" if line else _sentence(one, model=model)
        )
    if len(found) > 5:
        lines.append(f"and {len(found) - 5} more")
    return f"{name}: " + "; ".join(lines) + "."


def _sentence(found: ErrorDetails, *, model: type[BaseModel]) -> str:
    place = ".".join(str(step) for step in found["loc"])
    if found["type"] == "missing":
        return f"key `{place}` is missing"
    if found["type"] != "extra_forbidden":
        return f"`{place}`: {found['msg'][0].lower()}{found['msg'][1:]}"
    known = sorted(_model_at(model, found["loc"][:-1]).model_fields)
    close = difflib.get_close_matches(str(found["loc"][-1]), known, n=1, cutoff=0.5)
    hint = f"did you mean `{close[0]}`?" if close else "known keys: " + ", ".join(known)
    return f"unknown key `{place}`, {hint}"


def _model_at(model: type[BaseModel], steps: Iterable[int | str]) -> type[BaseModel]:
    for step in steps:
        field = model.model_fields.get(str(step))
        inner = _model_in(field.annotation) if field else None
        model = inner or model
    return model


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) is None and not isinstance(annotation, UnionType):
        return None
    inner = (_model_in(part) for part in get_args(annotation))
    return next((part for part in inner if part is not None), None)


def dossier_schema() -> dict[str, Any]:
    """Return the JSON schema of a dossier, for editors and outside checks."""
    schema = Dossier.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "AI feature dossier"
    return schema


def write_schema(folder: Path) -> Path:
    """Write the JSON schema beside the dossiers, where editors look for it."""
    path = folder / SCHEMA_NAME
    path.write_text(json.dumps(dossier_schema(), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return path
