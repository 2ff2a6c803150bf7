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
    text, content = read_yaml(path)
    return parse_dossier(content, name=str(path), text=text)


def read_yaml(path: Path) -> tuple[str, object]:
    """Return a file's text and what YAML makes of it.

    Raises
    ------
    InputError
        If it is no UTF-8, no YAML, or repeats a key, naming the line; if a few aliases unfold into
        more than a file could say.
    """
    try:
        text = path.read_text(encoding="utf-8")
        _refuse_odd_nodes(yaml.compose(text, Loader=yaml.SafeLoader), path=path)
        return text, yaml.safe_load(text)
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not readable as UTF-8 at byte {error.start}.") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f" line {mark.line + 1}" if mark else ""
        raise InputError(f"{path}{line}: not readable as YAML: {error.problem}.") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path}: not readable as YAML: {first}.") from error


MOST_NODES = 100_000
"""A dossier has hundreds of values; aliases that unfold into more are an attack or a slip."""


def _refuse_odd_nodes(root: yaml.Node | None, *, path: Path) -> None:
    """Refuse keys given twice, of which YAML keeps the last without a word, and endless aliases."""
    sizes: dict[int, int] = {}

    def size_of(node: yaml.Node) -> int:
        known = sizes.setdefault(id(node), -1)
        where = f"{path} line {node.start_mark.line + 1}"
        if known >= 0:
            return known
        if id(node) in open_nodes:
            raise InputError(f"{where}: an alias (*) leads back to itself. Write it out.")
        open_nodes.add(id(node))
        inner = node.value if isinstance(node, yaml.CollectionNode) else []
        if isinstance(node, yaml.MappingNode):
            keys = [str(key.value) for key, _ in inner]
            for place, (key, _) in enumerate(inner):
                if str(key.value) in keys[:place]:
                    line = key.start_mark.line + 1
                    raise InputError(f"{path} line {line}: key `{key.value}` is given twice.")
            inner = [value for _, value in inner]
        sizes[id(node)] = 1 + sum(size_of(one) for one in inner)
        open_nodes.discard(id(node))
        if sizes[id(node)] > MOST_NODES:
            raise InputError(f"{where}: aliases (*) unfold into over {MOST_NODES:,} values.")
        return sizes[id(node)]

    open_nodes: set[int] = set()
    if root is not None:
        size_of(root)


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
    node = yaml.compose(text, Loader=yaml.SafeLoader) if text else None
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
