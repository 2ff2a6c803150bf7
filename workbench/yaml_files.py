"""How every YAML or JSON file of a workspace is read: one way, quick, and strict about slips."""

import json
import math
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from workbench.errors import InputError

LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The parser in C, ten times as quick, where the package was built with it; plain values only."""


def read_yaml(path: Path) -> Any:  # noqa: ANN401  # what a file holds is its reader's to check
    """Return what a YAML file, or a JSON file by its name, holds; an empty YAML file is None.

    JSON is not read as YAML, which would take 1e5 for a word and stumble over tabs.

    Raises
    ------
    InputError
        If it cannot be read, is no UTF-8 or no YAML, or repeats a key, naming the line; if a few
        aliases unfold into more than a file could say.
    """
    try:
        return deepcopy(_content_of(path, path.read_text(encoding="utf-8")))
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not readable as UTF-8 at byte {error.start}.") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f" line {mark.line + 1}" if mark else ""
        raise InputError(f"{path}{line}: not readable as YAML: {error.problem}.") from error
    except json.JSONDecodeError as error:
        raise InputError(
            f"{path} line {error.lineno}: not readable as JSON: {error.msg}."
        ) from error
    except (OSError, yaml.YAMLError, ValueError, RecursionError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path}: not readable: {first}.") from error


@lru_cache(maxsize=256)
def _content_of(path: Path, text: str) -> Any:  # noqa: ANN401
    """Parse once what many questions read: a publish asks for each dossier twenty times."""
    if path.suffix.lower() == ".json":
        return json.loads(text, object_pairs_hook=_named_once)
    loader = LOADER(text)
    root = loader.get_single_node()
    _refuse_odd_nodes(root, path=path)
    return None if root is None else loader.construct_document(root)


def read_mapping(path: Path) -> dict[str, Any]:
    """Return the named parts a YAML or JSON file holds.

    Raises
    ------
    InputError
        As `read_yaml`, and if the file holds anything but names with values, or NaN or infinity.
    """
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise InputError(f"{path}: holds no names with values; write `name: value` lines.")
    if (where := _no_number(content)) is not None:
        raise InputError(f"{path}: {where or 'a value'} is not a finite number. Correct it.")
    return content


def _no_number(content: object, where: str = "") -> str | None:
    """Return the place of the first NaN or infinity, which JSON and YAML can both write; or None."""
    if isinstance(content, float):
        return None if math.isfinite(content) else where
    if isinstance(content, dict):
        inner = [(f"{where}.{key}".lstrip("."), value) for key, value in content.items()]
    elif isinstance(content, list):
        inner = [(f"{where}[{n}]", value) for n, value in enumerate(content)]
    else:
        return None
    return next(
        (found for place, one in inner if (found := _no_number(one, place)) is not None), None
    )


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse keys given twice, of which JSON keeps the last without a word."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"key {twice!r} is given twice")
    return found


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
