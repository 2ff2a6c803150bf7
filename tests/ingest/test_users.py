"""Users hashed ahead, by the row, or not at all: the hash is always the one of RFC 2104."""

import hmac
import json

import pytest

from tests.ingest.conftest import KEY, Desk
from workbench.ingest import Staged, users
from workbench.ingest.work import SMALL_BYTES
from workbench.store.subject import user_hash

ROWS = 24_000
"""Enough that the file is not small: a small one is hashed by the row."""
LONG = "long-" + "x" * 300


def _user(row: int) -> str | None:
    """Return who made a request: some come back, some come once, some say nothing."""
    if row % 11 == 0:
        return None
    if row == 50:
        return LONG
    return f"häufig-{row % 7}" if row % 3 else f"einmal-{row}"


def _record(row: int) -> dict[str, object]:
    minute, second = divmod(row, 60)
    hour, minute = divmod(minute, 60)
    return {
        "request_id": f"request-{row}", "started_at": f"2026-10-01T{hour:02}:{minute:02}:{second:02}Z",
        "provider": "anthropic", "model": "claude-sonnet-4-5", "output_tokens": row,
        "feature": "f" * 120,
    }  # fmt: skip


def _hash(user: str | None) -> str | None:
    return None if user is None else hmac.digest(KEY, user.encode(), "sha256").hex()[:32]


def _held(desk: Desk, done: Staged) -> dict[int, str | None]:
    return dict(desk.rows(done, "output_tokens, user_hash"))


def _none_left(desk: Desk) -> bool:
    found = desk.connection.execute(
        "SELECT 1 FROM duckdb_tables() WHERE table_name = ?", [users.HASHED_AHEAD]
    ).fetchall()
    return not found


@pytest.mark.parametrize("looked_at", [1, 500, ROWS * 2])
def test_every_user_has_the_hash_of_the_standard(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, looked_at: int
) -> None:
    monkeypatch.setattr(users, "MOST_ROWS", looked_at)
    lines = (json.dumps(_record(row) | {"user_id": _user(row)}) for row in range(ROWS))
    log = desk.write("log.jsonl", "\n".join(lines))
    assert log.stat().st_size > SMALL_BYTES

    done = desk.ingest(log)

    assert _held(desk, done) == {row: _hash(_user(row)) for row in range(ROWS)}
    assert _none_left(desk)
    known = desk.rows(done, "DISTINCT user_hash")
    assert (user_hash(KEY, LONG),) in known


def test_log_of_uniform_keys_and_a_csv_agree(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "MOST_ROWS", 500)
    records = [_record(row) | {"user_id": f"someone-{row % 900}"} for row in range(ROWS)]
    log = desk.write("log.jsonl", "\n".join(map(json.dumps, records)))
    table = [",".join(records[0]), *(",".join(map(str, one.values())) for one in records)]
    expected = {row: _hash(f"someone-{row % 900}") for row in range(ROWS)}

    assert _held(desk, desk.ingest(log)) == expected

    other = Desk(desk.folder)
    assert _held(other, other.ingest(other.write("log.csv", "\n".join(table)))) == expected


def test_hash_that_the_log_has_itself_stands_before_the_made_one(desk: Desk) -> None:
    own = {row: "0" * 32 if row % 2 else None for row in range(ROWS)}
    records = (_record(r) | {"user_id": _user(r), "user_hash": own[r]} for r in range(ROWS))
    done = desk.ingest(desk.write("log.jsonl", "\n".join(map(json.dumps, records))))

    assert _held(desk, done) == {row: own[row] or _hash(_user(row)) for row in range(ROWS)}


def test_user_given_by_hand_is_hashed_too(desk: Desk) -> None:
    log = desk.write("log.jsonl", "\n".join(json.dumps(_record(row)) for row in range(ROWS)))
    done = desk.ingest(log, user_id="one service")

    assert desk.rows(done, "DISTINCT user_hash") == [(_hash("one service"),)]


def test_no_table_of_ids_is_left_when_the_file_cannot_be_read(desk: Desk) -> None:
    """The engine finds the unequal record after the users were hashed, and reads the file anew."""
    records = [_record(row) | {"user_id": _user(row) or "none"} for row in range(ROWS)]
    del records[-1]["feature"]
    done = desk.ingest(desk.write("log.jsonl", "\n".join(map(json.dumps, records))))

    assert done.loaded == ROWS
    assert _held(desk, done) == {row: _hash(_user(row) or "none") for row in range(ROWS)}
    assert _none_left(desk)
