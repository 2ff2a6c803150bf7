"""The heavy statements stay within the SQL that other engines run the same way."""

import pytest
import sqlglot
from sqlglot import exp

from workbench import schema
from workbench.kernel import by_day, price, rollup

_COLUMNS = [column.name for column in schema.SEGMENT_COLUMNS]
STATEMENTS = {
    "price": price.priced_rows(
        usage="usage", changes=price.Changes(date=2, band=1, second=2), columns=_COLUMNS
    ),
    "price without time of day": price.priced_rows(
        usage="usage", changes=price.Changes(), columns=_COLUMNS
    ),
    "touched": rollup.touched(
        usage="usage",
        changes=price.Changes(date=2, band=1, second=2),
        used_meters=schema.METER_NAMES,
    ),
    "day": by_day.fill(),
    "names of days": by_day.view(),
    "class": rollup.fill_class(used_meters=schema.METER_NAMES),
    "hour by model": rollup.fill_hours()[0],
    "hour by tenant": rollup.fill_hours()[1],
    "latency": rollup.fill_latency(),
}
FORBIDDEN = (exp.Div, exp.IntDiv, exp.Lambda, exp.Pivot)
FORBIDDEN_WORDS = ("ASOF", "HUGEINT", "INT128", "BY NAME", "GROUP BY ALL", "UUID", "STRUCT")


@pytest.mark.parametrize("name", STATEMENTS)
def test_statement_uses_no_construct_that_engines_read_differently(name: str):
    tree = sqlglot.parse_one(STATEMENTS[name], read="duckdb")
    found = [node.sql() for node in tree.find_all(*FORBIDDEN)]
    assert found == []
    text = tree.sql(dialect="duckdb").upper()
    assert [word for word in FORBIDDEN_WORDS if word in text] == []


def test_a_division_would_be_seen():
    tree = sqlglot.parse_one("SELECT a / b FROM t", read="duckdb")
    assert [node.sql() for node in tree.find_all(*FORBIDDEN)] == ["a / b"]


def test_sums_of_money_are_wide_on_every_engine():
    sums = [
        node.this
        for name in ("day", "hour by model", "hour by tenant")
        for node in sqlglot.parse_one(STATEMENTS[name], read="duckdb").find_all(exp.Sum)
        if "pico" in node.sql()
    ]
    assert len(sums) == 6
    assert all(isinstance(this, exp.Cast) for this in sums)
    assert {this.to.sql(dialect="duckdb") for this in sums} == {"DECIMAL(38, 0)"}
