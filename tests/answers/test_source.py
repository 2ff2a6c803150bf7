"""What was asked once is not asked again, and nobody's changes reach the next who asks."""

from datetime import date
from typing import Any, cast

from workbench.answers import Source
from workbench.store.catalog import Catalog
from workbench.workspace import Workspace


class Counting:
    """Answers with as many rows as asked for, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def rows(self, _: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        self.asked += 1
        return [{"n": n} for n in range(parameters["many"])]


def source_over(catalog: Counting) -> Source:
    return Source(cast(Workspace, None), cast(Catalog, catalog), date(2026, 11, 1))


def test_the_same_question_is_asked_once():
    catalog = Counting()
    source = source_over(catalog)
    first = source.rows("SELECT", {"many": 2})
    first[0]["n"] = "changed"
    first.append({})
    assert source.rows("SELECT", {"many": 2}) == [{"n": 0}, {"n": 1}]
    assert catalog.asked == 1
    assert len(source.rows("SELECT", {"many": 3})) == 3
    assert catalog.asked == 2


def test_long_answers_are_not_kept():
    catalog = Counting()
    source = source_over(catalog)
    for _ in range(2):
        assert len(source.rows("SELECT", {"many": 5_000})) == 5_000
    assert catalog.asked == 2
    assert source.answered == {}
