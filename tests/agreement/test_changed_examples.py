"""Every number of every worked example changed: do the models follow the written formulas?"""

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.agreement.answers_by_hand import BY_HAND
from tests.agreement.worked_examples import agrees, load_adapters

ADAPTERS = load_adapters()
WHOLE = {
    "life_years", "gpus", "term_months", "months", "year", "from_year", "legal_hold_days",
    "transitions_per_object", "days", "units", "metered_days", "estimated_days",
}  # fmt: skip
"""Inputs that count something."""
WITHIN = {"rho", "probability", "rho_requests_tokens"}
"""Inputs that are no more than 1."""


def places(content: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every number."""
    if isinstance(content, bool) or content is None or isinstance(content, str):
        return
    if isinstance(content, int | float):
        yield path
        return
    for key, value in content.items() if isinstance(content, dict) else enumerate(content):
        yield from places(value, (*path, key))


def changed(content: Any, paths: list[tuple[Any, ...]], draws: random.Random) -> Any:
    """Return a copy with other numbers at the given places."""
    copied = copy.deepcopy(content)
    for path in paths:
        place = copied
        for key in path[:-1]:
            place = place[key]
        name = next(key for key in reversed(path) if isinstance(key, str))
        place[path[-1]] = other(place[path[-1]], name, draws)
    if "month_usage" in copied:  # no more can be covered than was committed
        usage = copied["month_usage"]
        usage["covered_units"] = min(usage["covered_units"], copied["committed_units_per_month"])
    return copied


def other(value: float, name: str, draws: random.Random) -> float:
    """Return another number of the same sort."""
    if name in ("year", "from_year"):
        return draws.choice((1, 2, 3))
    if name in WHOLE:
        return max(1, value + draws.choice((-1, 1, 2)))
    factor = draws.uniform(0.85, 1.15)
    moved = round(value * factor, 4) if abs(value) < 1 else round(value * factor, 2)
    return min(moved, 1.0) if name in WITHIN else moved


@pytest.fixture(scope="module")
def examples(shared: Path) -> dict[str, dict[str, Any]]:
    document = json.loads((shared / "oracles" / "worked_examples.json").read_text())
    return {one["id"]: one for one in document["examples"]}


def holds(name: str, inputs: dict[str, Any], what: str) -> None:
    expected, computed = BY_HAND[name](inputs), ADAPTERS[name](inputs)
    wrong = {
        key: (value, computed.get(key))
        for key, value in expected.items()
        if not agrees(computed.get(key), value, tolerance=1e-6 * max(1.0, abs(value or 0.0)))
    }
    assert wrong == {}, (name, what)


@pytest.mark.parametrize("name", sorted(BY_HAND))
def test_the_second_computation_gives_the_published_answers(name: str, examples):
    example = examples[name]
    computed = BY_HAND[name](example["inputs"])
    assert agrees(computed, example["expected"], tolerance=example["abs_tolerance"])


@pytest.mark.parametrize("name", sorted(BY_HAND))
def test_each_number_changed_alone(name: str, examples):
    draws = random.Random(name)
    inputs = examples[name]["inputs"]
    for path in places(inputs):
        for _ in range(3):
            holds(name, changed(inputs, [path], draws), str(path))


@pytest.mark.parametrize("name", sorted(BY_HAND))
def test_all_numbers_changed_together(name: str, examples):
    draws = random.Random(f"all {name}")
    inputs = examples[name]["inputs"]
    for attempt in range(25):
        holds(name, changed(inputs, list(places(inputs)), draws), f"attempt {attempt}")


@pytest.mark.parametrize("name", sorted(BY_HAND))
def test_a_missing_input_is_named(name: str, examples):
    inputs = examples[name]["inputs"]
    for key in inputs:
        rest = {other: value for other, value in inputs.items() if other != key}
        with pytest.raises(KeyError) as refused:
            ADAPTERS[name](rest)
        assert refused.value.args == (key,)


def test_every_published_example_has_a_second_computation(examples):
    assert sorted(examples) == sorted(BY_HAND)
