"""Do our models give the hand-worked answers? Run: worked_examples.py FILE.json [ID ...].

The file holds `examples`, each with `id`, `inputs`, `expected` and `abs_tolerance`. For every
id the expected keys are computed from the inputs by the adapter of that id and printed beside
the answer. Every module in the folder `adapters` beside this file is imported; each has a
dictionary `ADAPTERS` of id -> function(inputs) -> computed values. To add an id, add a file
there. Ids without an adapter are named and do not fail the run.

Exit code: 0 when every computed example agrees, 1 when one does not, 2 for a wrong call.
"""

import importlib.util
import json
import math
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
ADAPTERS_FOLDER = Path(__file__).resolve().parent / "adapters"
DEFAULT_TOLERANCE = 1e-6

Adapter = Callable[[dict[str, Any]], Mapping[str, Any]]


def load_adapters(folder: Path = ADAPTERS_FOLDER) -> dict[str, Adapter]:
    """Return the adapters of every module in `folder`; one id in two files is an error."""
    found: dict[str, Adapter] = {}
    for path in sorted(folder.glob("*.py")):
        spec = importlib.util.spec_from_file_location(f"worked_examples_{path.stem}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for key, adapter in getattr(module, "ADAPTERS", {}).items():
            if key in found:
                raise ValueError(f"{path.name}: a second adapter for {key!r}; keep one of the two.")
            found[key] = adapter
    return found


def agrees(computed: object, expected: object, *, tolerance: float) -> bool:
    """Return whether two JSON values are equal, numbers within `tolerance`."""
    if isinstance(expected, Mapping):
        return isinstance(computed, Mapping) and all(
            key in computed and agrees(computed[key], value, tolerance=tolerance)
            for key, value in expected.items()
        )
    if isinstance(expected, list):
        values = list(computed) if hasattr(computed, "__iter__") else None  # type: ignore[call-overload]
        return (
            values is not None
            and len(values) == len(expected)
            and all(
                agrees(a, b, tolerance=tolerance) for a, b in zip(values, expected, strict=True)
            )
        )
    if _is_number(expected) and _is_number(computed):
        return math.isclose(
            float(computed),  # type: ignore[arg-type]
            float(expected),  # type: ignore[arg-type]
            rel_tol=0.0,
            abs_tol=tolerance,
        )
    return type(computed) is type(expected) and computed == expected


def _is_number(value: object) -> bool:
    is_real = hasattr(value, "__float__") and not isinstance(value, (str, bytes))
    return is_real and not isinstance(value, bool)


def run_example(example: dict[str, Any], adapter: Adapter) -> list[tuple[str, Any, Any, bool]]:
    """Return (key, expected, computed, agrees) for every expected key of one example."""
    computed = adapter(example["inputs"])
    tolerance = float(example.get("abs_tolerance", DEFAULT_TOLERANCE))
    return [
        (key, value, computed.get(key), agrees(computed.get(key), value, tolerance=tolerance))
        for key, value in example["expected"].items()
    ]


def report(examples: list[dict[str, Any]], adapters: Mapping[str, Adapter]) -> bool:
    """Print every example; return whether all that have a model agree."""
    no_model: list[str] = []
    all_agree = True
    for example in examples:
        adapter = adapters.get(example["id"])
        if adapter is None:
            no_model.append(example["id"])
            continue
        try:
            rows = run_example(example, adapter)
        except KeyError as problem:
            print(f"{example['id']}: DISAGREES, KeyError: {problem} is missing from the inputs")
            all_agree = False
            continue
        except Exception as problem:  # an example must not hide the ones after it
            print(f"{example['id']}: DISAGREES, {type(problem).__name__}: {problem}")
            all_agree = False
            continue
        good = sum(ok for *_, ok in rows)
        all_agree &= good == len(rows)
        verdict = "agrees" if good == len(rows) else "DISAGREES"
        print(f"{example['id']}: {verdict} ({good} of {len(rows)})")
        for key, expected, computed, ok in rows:
            print(f"  {'ok ' if ok else 'NOT'} {key} computed={computed} expected={expected}")
    for key in no_model:
        print(f"{key}: no model yet")
    return all_agree


def read_examples(path: Path) -> list[dict[str, Any]]:
    """Return the examples of a file; a ValueError says which one lacks what."""
    document = json.loads(path.read_text(encoding="utf-8"))
    examples = document.get("examples") if isinstance(document, dict) else document
    if not isinstance(examples, list):
        raise ValueError("expected a list of examples, or an object with `examples`.")
    for at, example in enumerate(examples):
        for key, kind in (("id", str), ("inputs", dict), ("expected", dict)):
            if not isinstance(example, dict) or not isinstance(example.get(key), kind):
                raise ValueError(f"example {at} needs `{key}`.")
    return examples


def main(arguments: list[str]) -> int:
    """Run the examples of a file; see the first lines of this module."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(__doc__)
        return 2
    path, wanted = Path(arguments[0]), set(arguments[1:])
    if not path.is_file():
        print(f"No file {path}. Give a file in the form of worked_examples.json.")
        return 2
    try:
        examples = read_examples(path)
    except ValueError as problem:
        print(f"{path}: {problem}")
        return 2
    sys.path.insert(0, str(CHECKOUT))
    chosen = [example for example in examples if not wanted or example["id"] in wanted]
    return 0 if report(chosen, load_adapters()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
