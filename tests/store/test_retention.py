import gzip
import json
from calendar import monthrange
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tests.spine import TOTALS, ingest, one_row, requests, write_jsonl
from workbench.errors import InputError, StoreError
from workbench.store import certificates, disposition, erasure, files
from workbench.store.disposition import Hold, Policy
from workbench.store.layout import Layout
from workbench.store.occurrences import occurrences
from workbench.workspace import Workspace

AT = "2026-11-24T08:00:00+00:00"
TODAY = date(2026, 11, 24)
PERSON = "user-3"


def content(workspace: Workspace, data_class: str, month: str, rows: list[dict]) -> Path:
    path = workspace.layout.content / data_class / month / "part.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def texts(*users: str) -> list[dict]:
    return [{"user_hash": user, "session_id": f"s-{user}", "text": f"hello {n}"}
            for n, user in enumerate(users)]  # fmt: skip


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace.init(tmp_path / "work")
    bad = [{"started_at": "never", "provider": "openai", "model": "m", "user_id": PERSON}]
    ingest(made, write_jsonl(tmp_path / "log.jsonl", [*requests(300), *bad]))
    return made


def terms(workspace: Workspace) -> list[str]:
    return [erasure.user_hash(workspace.layout.user_key.read_bytes(), PERSON), PERSON]


# Disposal


def prompts(items: list[disposition.Item]) -> list[disposition.Item]:
    return [one for one in items if one.data_class == "prompts"]


def test_a_month_goes_once_its_last_day_is_older_than_the_period(workspace: Workspace) -> None:
    for month in ("2026-07", "2026-08", "2026-09"):
        content(workspace, "prompts", month, texts("a", "b"))
    # 31 August + 85 days = 24 November: on that day August is still inside its period
    policy = Policy(data_class="prompts", keep_days=85, rule_ids=("RET-07",))
    items = prompts(disposition.plan(workspace.layout, [policy], as_of=TODAY))
    assert [(one.month, one.decision) for one in items] == [
        ("2026-07", "dispose"), ("2026-08", "keep"), ("2026-09", "keep"),
    ]  # fmt: skip
    assert "ends on 2026-11-24" in items[1].reason
    later = prompts(disposition.plan(workspace.layout, [policy], as_of=date(2026, 11, 25)))
    assert [one.decision for one in later] == ["dispose", "dispose", "keep"]


def test_nothing_goes_inside_the_laws_minimum_or_under_a_hold(workspace: Workspace) -> None:
    content(workspace, "prompts", "2025-01", texts("a"))
    content(workspace, "packets", "2025-01", texts("a"))
    content(workspace, "unknown", "2020-01", texts("a"))
    policies = [
        Policy(data_class="prompts", keep_days=30, minimum_days=1_096, rule_ids=("RET-19",)),
        Policy(data_class="packets", keep_days=30),
    ]
    hold = Hold(name="case 7", data_class="packets", since=date(2025, 1, 31))
    items = disposition.plan(workspace.layout, policies, holds=[hold], as_of=TODAY)
    reasons = {one.data_class: one.reason for one in items}
    assert {one.decision for one in items} == {"keep"}
    assert "the law's minimum of 1096 days" in reasons["prompts"]
    assert reasons["packets"] == "legal hold case 7"
    assert "no period is stated" in reasons["unknown"]
    assert disposition.apply(workspace.layout, items, at=AT) is None
    over = replace(hold, since=date(2025, 2, 1))
    freed = disposition.plan(workspace.layout, policies, holds=[over], as_of=TODAY)
    assert {one.data_class for one in freed if one.decision == "dispose"} == {"packets"}


@given(
    month=st.dates(date(2015, 1, 1), date(2026, 11, 1)),
    keep=st.one_of(st.none(), st.integers(0, 3_000)),
    minimum=st.integers(0, 3_000),
    held_from=st.one_of(st.none(), st.dates(date(2015, 1, 1), date(2026, 11, 1))),
)
def test_disposal_never_touches_a_day_inside_the_minimum_or_a_hold(
    tmp_path_factory, month: date, keep: int | None, minimum: int, held_from: date | None
) -> None:
    layout = Layout(tmp_path_factory.getbasetemp() / "planned")
    folder = layout.content / "prompts" / f"{month:%Y-%m}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "part.txt").write_text("text")
    holds = [Hold(name="h", since=held_from)] if held_from else []
    policy = Policy(data_class="prompts", keep_days=keep, minimum_days=minimum)
    items = disposition.plan(layout, [policy], holds=holds, as_of=TODAY)
    for item in items:
        if item.decision == "keep":
            continue
        year, number = (int(part) for part in item.month.split("-"))
        days = [date(year, number, day) for day in range(1, monthrange(year, number)[1] + 1)]
        assert keep is not None
        assert all((TODAY - day).days > max(keep, minimum) for day in days)
        assert held_from is None or all(day < held_from for day in days)


def test_a_period_that_counts_from_an_unknown_event_disposes_of_nothing(workspace) -> None:
    content(workspace, "prompts", "2020-01", texts("a"))
    policy = Policy(data_class="prompts", keep_days=1, counts_from_record=False)
    [item] = prompts(disposition.plan(workspace.layout, [policy], as_of=TODAY))
    assert item.decision == "keep"


def test_applying_deletes_the_files_signs_for_them_and_moves_no_cost(workspace: Workspace) -> None:
    old = content(workspace, "prompts", "2025-01", texts("a", "b", "c"))
    kept = content(workspace, "prompts", "2026-11", texts("a"))
    before = workspace.sql("SELECT * FROM daily_cost ORDER BY ALL").to_pylist()
    items = disposition.plan(
        workspace.layout, [Policy(data_class="prompts", keep_days=30)], as_of=TODAY
    )
    certificate = disposition.apply(workspace.layout, items, at=AT)
    assert certificate is not None
    assert (certificate["rows"], len(certificate["files"])) == (3, 1)
    assert not old.parent.exists()
    assert kept.exists()
    assert certificates.problems(workspace.layout) == []
    assert workspace.verify() == []
    assert workspace.sql("SELECT * FROM daily_cost ORDER BY ALL").to_pylist() == before


def test_a_file_that_changed_after_the_plan_is_not_deleted(workspace: Workspace) -> None:
    content(workspace, "prompts", "2025-01", texts("a"))
    items = disposition.plan(
        workspace.layout, [Policy(data_class="prompts", keep_days=30)], as_of=TODAY
    )
    path = content(workspace, "prompts", "2025-01", texts("a", "b"))
    with pytest.raises(StoreError, match="Plan again"):
        disposition.apply(workspace.layout, items, at=AT)
    assert path.exists()


def test_a_disposal_killed_before_its_certificate_is_completed_by_the_next_run(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = content(workspace, "prompts", "2025-01", texts("a"))
    items = disposition.plan(
        workspace.layout, [Policy(data_class="prompts", keep_days=30)], as_of=TODAY
    )
    with monkeypatch.context() as patched:
        patched.setattr(certificates, "append", _killed)
        with pytest.raises(KeyboardInterrupt):
            disposition.apply(workspace.layout, items, at=AT)
    assert not path.exists()
    assert certificates.certificates(workspace.layout) == []
    certificate = disposition.resume(workspace.layout)
    assert certificate is not None
    assert certificate["files"][0]["file"] == "content/prompts/2025-01/part.parquet"
    assert disposition.resume(workspace.layout) is None
    assert len(certificates.certificates(workspace.layout)) == 1


def _killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


# The chain


def test_altering_dropping_or_moving_a_certificate_is_found(workspace: Workspace) -> None:
    for number in range(3):
        certificates.append(workspace.layout, {"event": "test", "value": number})
    path = workspace.layout.audit / certificates.EVENTS
    assert certificates.problems(workspace.layout) == []
    lines = path.read_text().splitlines()
    for broken in (
        [lines[0].replace('"value": 0', '"value": 9'), *lines[1:]],
        [lines[0], lines[2]],
        [lines[1], lines[0], lines[2]],
    ):
        path.write_text("\n".join(broken) + "\n")
        assert certificates.problems(workspace.layout) != []
    assert workspace.layout.signing_key.stat().st_mode & 0o077 == 0


# Erasure


def plant(workspace: Workspace) -> dict[str, Path]:
    """Put the person into every kind of place; return where."""
    root, name = workspace.layout.root, terms(workspace)[0]
    exports = root / "exports"
    exports.mkdir()
    (exports / "rows.csv").write_text(f"user\n{name}\n")
    with gzip.open(exports / "rows.jsonl.gz", "wt") as file:
        file.write(json.dumps({"user": PERSON}) + "\n")
    (exports / "rows.zst").write_bytes(zstandard.compress(name.encode() * 3))
    content(workspace, "prompts", "2026-09", texts(name, "other-1", name))
    return {"exports": exports}


def test_a_person_is_found_everywhere_then_nowhere_and_no_figure_moves(workspace) -> None:
    plant(workspace)
    before = workspace.sql("SELECT * FROM daily_cost ORDER BY ALL").to_pylist()
    totals = one_row(workspace, TOTALS)
    mine = f"SELECT count(*) AS n FROM usage WHERE user_hash = '{terms(workspace)[0]}'"
    rows = one_row(workspace, mine)["n"]
    assert rows == 27  # 300 requests, every eleventh from the fourth on
    names = {
        Path(one.file).name.split(".", 1)[-1]
        for one in occurrences(workspace.layout, terms(workspace))
    }
    assert {"parquet", "quarantine.parquet", "csv", "jsonl.gz", "zst"} <= names
    assert "duckdb" in names  # the excerpt of the quarantine
    sessions = {row["session_id"] for row in workspace.sql(
        f"SELECT DISTINCT session_id FROM usage WHERE user_hash = '{terms(workspace)[0]}'").to_pylist()}  # fmt: skip

    certificate = erasure.erase(
        workspace.layout, terms(workspace), user_key=workspace.layout.user_key.read_bytes(), at=AT
    )
    assert occurrences(workspace.layout, terms(workspace)) == []
    assert certificate["still_found_in"] == []
    assert (certificate["content_rows"], certificate["quarantined_rows"]) == (2, 1)
    assert len(certificate["owner_to_erase"]) == 1
    assert workspace.sql("SELECT * FROM daily_cost ORDER BY ALL").to_pylist() == before
    assert one_row(workspace, TOTALS) == totals
    assert workspace.verify() == []
    assert occurrences(workspace.layout, terms(workspace)) == []
    left = {
        row["session_id"]
        for row in workspace.sql("SELECT DISTINCT session_id FROM usage").to_pylist()
    }
    assert not left & sessions
    [path] = workspace.layout.content.rglob("*.parquet")
    assert pq.read_table(path)["user_hash"].to_pylist() == ["other-1"]
    workspace.rebuild()
    assert workspace.sql("SELECT * FROM daily_cost ORDER BY ALL").to_pylist() == before


@pytest.mark.parametrize("moment", range(1, 7))
def test_an_erasure_killed_at_any_write_is_completed_by_the_next_run(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    plant(workspace)
    before = workspace.sql("SELECT * FROM daily_cost ORDER BY ALL").to_pylist()
    key, who = workspace.layout.user_key.read_bytes(), terms(workspace)
    moves, real = 0, files.move

    def move(staged: Path, final: Path) -> None:
        nonlocal moves
        moves += 1
        if moves == moment:
            raise KeyboardInterrupt
        real(staged, final)

    with monkeypatch.context() as patched:
        patched.setattr(files, "move", move)
        with pytest.raises(KeyboardInterrupt):
            erasure.erase(workspace.layout, who, user_key=key, at=AT)
    if erasure.resume(workspace.layout) is None:
        # Killed before the plan was on disk: nothing had begun.
        erasure.erase(workspace.layout, who, user_key=key, at=AT)
    assert occurrences(workspace.layout, who) == []
    assert len(certificates.certificates(workspace.layout)) == 1
    assert certificates.problems(workspace.layout) == []
    assert workspace.verify() == []
    assert workspace.sql("SELECT * FROM daily_cost ORDER BY ALL").to_pylist() == before
    [path] = workspace.layout.content.rglob("*.parquet")
    assert pq.read_table(path).num_rows == 1


def test_a_hold_or_a_short_identifier_erases_nothing(workspace: Workspace) -> None:
    key = workspace.layout.user_key.read_bytes()
    with pytest.raises(InputError, match="legal hold"):
        erasure.erase(workspace.layout, terms(workspace), user_key=key, at=AT, is_held=True)
    with pytest.raises(InputError, match="at least 4"):
        erasure.erase(workspace.layout, ["ab"], user_key=key, at=AT)
    assert occurrences(workspace.layout, terms(workspace)) != []


def test_the_hash_is_the_one_ingest_makes(workspace: Workspace) -> None:
    found = one_row(workspace, "SELECT user_hash FROM usage WHERE request_id = 'r3'")
    assert found["user_hash"] == terms(workspace)[0]
