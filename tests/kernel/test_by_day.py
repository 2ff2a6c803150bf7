"""The day rollup is stored by key; read by name it says the same, whatever the names are."""

import duckdb
import pytest

from workbench.kernel import by_day

ROWS = """SELECT * FROM (VALUES
    (DATE '2026-10-01', 'p', 'm', 'standard', 'f', 'e', NULL, 't', 1, 0, 0, 0, 0, 0, 0, 1, 5, 4, 0.5),
    (DATE '2026-10-01', 'p', 'm', 'standard', NULL, NULL, NULL, NULL, 2, 1, 1, 2, 0, 0, 2, 0, NULL, NULL, NULL),
    (DATE '2026-10-01', 'p', 'm', 'batch', '', 'e', 'x', 't', 3, 0, 0, 0, 1, 0, 0, 0, 7, 7, NULL),
    (DATE '2026-10-02', 'p', 'm', 'standard', 'f', 'e', NULL, 't', 4, 0, 0, 0, 0, 1, 0, 0, 9, 9, NULL)
) AS v(day, provider, model, service_tier, feature, environment, team, tenant, requests, errors, retries,
    unpriced_requests, partial_requests, assumed_requests, list_unpriced_requests, reported_requests,
    list_pico, contract_pico, reported_cost_usd)"""


@pytest.fixture
def connection():
    with duckdb.connect() as opened:
        for table, columns in by_day.TABLES.items():
            opened.execute(f"CREATE TABLE {table} ({columns})")
        opened.execute(f"CREATE VIEW rollup_day AS {by_day.view()}")
        yield opened


def test_rows_put_in_by_name_come_out_as_they_were(connection):
    wanted = connection.execute(f"{ROWS} ORDER BY ALL").fetchall()
    for statement in by_day.insert(f"({ROWS})"):
        connection.execute(statement)
    assert connection.execute("FROM rollup_day ORDER BY ALL").fetchall() == wanted
    assert connection.execute("SELECT count(*) FROM served").fetchone() == (2,)
    assert connection.execute("SELECT count(*) FROM attribution").fetchone() == (3,)


def test_names_keep_their_key_and_new_ones_get_the_next(connection):
    for statement in by_day.insert(f"({ROWS})") * 2:
        connection.execute(statement)
    before = connection.execute("FROM attribution ORDER BY ALL").fetchall()
    assert len(before) == 3
    more = f"(SELECT * REPLACE (coalesce(tenant, 'u') AS tenant) FROM ({ROWS}))"
    connection.execute(by_day.new_names("attribution", rows=more))
    after = connection.execute("FROM attribution ORDER BY ALL").fetchall()
    assert after[:3] == before
    assert after[3:] == [(4, None, None, None, "u")]
    assert connection.execute("SELECT sum(requests) FROM rollup_day").fetchone() == (20,)
