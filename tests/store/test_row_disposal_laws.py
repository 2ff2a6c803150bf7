"""Whatever the periods, holds and days: no metering row goes early, and no figure moves."""

import shutil
from calendar import monthrange
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.spine import ingest, requests, write_jsonl
from workbench.store import disposition, segments
from workbench.store.disposition import Hold, Policy
from workbench.workspace import Workspace

AT = "2026-11-27T08:00:00+00:00"
MONTHS = ("2026-09", "2026-10", "2026-11", "2026-12", "2027-01")
CLASSES = ("metering", "outcomes", "quarantine")
FIGURES = (
    "daily_cost", "rollup_day", "rollup_class", "rollup_hour_model", "rollup_hour_tenant",
    "rollup_latency", "rollup_users", "rollup_outcome",
)  # fmt: skip
days = st.dates(date(2026, 8, 1), date(2028, 3, 1))
a_hold = st.builds(
    Hold, name=st.just("case"), data_class=st.sampled_from(("*", "prompts", *CLASSES)),
    since=st.none() | days, until=st.none() | days,
)  # fmt: skip
a_policy = st.builds(
    Policy, data_class=st.sampled_from(CLASSES), keep_days=st.none() | st.integers(0, 500),
    minimum_days=st.integers(0, 500), counts_from_record=st.sampled_from((True, True, True, False)),
)  # fmt: skip
policies_of = st.lists(a_policy, max_size=3, unique_by=lambda one: one.data_class)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Usage and outcomes of five months, two files, and a refused record."""
    folder = tmp_path_factory.mktemp("laws")
    workspace = Workspace.init(folder / "work")
    bad = [{"started_at": "never", "provider": "openai", "model": "m"}]
    for n in range(2):
        rows = [*requests(60, first=n * 60, step_s=86_400), *bad]
        ingest(workspace, write_jsonl(folder / f"{n}.jsonl", rows))
    outcomes = [{"session_id": f"session-{n}", "occurred_at": f"{MONTHS[n % 5]}-28T08:00:00Z",
                 "outcome": ("resolved", "reopened")[n % 2]} for n in range(30)]  # fmt: skip
    ingest(workspace, write_jsonl(folder / "outcomes.jsonl", outcomes), fmt="outcomes")
    return workspace.layout.root


def figures(workspace: Workspace) -> dict[str, list]:
    with workspace.reader() as catalog:
        return {name: catalog.rows(f"SELECT * FROM {name} ORDER BY ALL") for name in FIGURES}


def instants(workspace: Workspace) -> dict[str, list[date]]:
    """Day of every row that is left, by class."""
    found: dict[str, list[date]] = {"metering": [], "outcomes": []}
    for kind, name, column in (("usage", "metering", "started_at"), ("outcomes", "outcomes", "occurred_at")):  # fmt: skip
        for path in workspace.layout.rows(kind).glob("*/*.parquet"):
            if ".quarantine" not in path.name:
                found[name] += [one.date() for one in pq.read_table(path)[column].to_pylist()]
    return found


@given(policies=policies_of, holds=st.lists(a_hold, max_size=2), as_of=days, closed=st.sets(st.sampled_from(MONTHS)))  # fmt: skip
def test_no_row_goes_inside_its_minimum_under_a_hold_or_in_an_open_month(
    made: Path, policies: list[Policy], holds: list[Hold], as_of: date, closed: set[str]
) -> None:
    layout = Workspace(made).layout
    items = disposition.plan(layout, policies, holds=holds, as_of=as_of, closed=frozenset(closed))
    stated = {one.data_class: one for one in policies}
    if "metering" in stated:
        stated.setdefault("outcomes", stated["metering"])
    listed = {entry["file"] for one in segments.sidecars(layout) for entry in one["segments"]}
    assert listed <= {one.file for one in items}
    for one in items:
        if one.decision == "keep":
            continue
        policy = stated[one.data_class]
        year, number = (int(part) for part in one.month.split("-"))
        first, last = date(year, number, 1), date(year, number, monthrange(year, number)[1])
        assert policy.keep_days is not None
        assert policy.counts_from_record
        assert (as_of - last).days > max(policy.keep_days, policy.minimum_days)
        assert one.data_class == "quarantine" or one.month in closed
        own = {one.data_class, "*"}
        if one.data_class == "outcomes" and "outcomes" not in {p.data_class for p in policies}:
            own.add("metering")
        for hold in holds:
            covers = (hold.since or date.min) <= last and first <= (hold.until or date.max)
            assert not (hold.data_class in own and covers)


def disposed(made: Path, folder: Path, policies: list[Policy], holds: list[Hold], as_of: date) -> None:  # fmt: skip
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(made, folder)
    workspace = Workspace(folder)
    before, held = figures(workspace), instants(workspace)
    items = disposition.plan(workspace.layout, policies, holds=holds, as_of=as_of, closed=frozenset(MONTHS))  # fmt: skip
    disposition.apply(workspace.layout, items, at=AT)
    assert figures(workspace) == before
    workspace.rebuild()
    assert figures(workspace) == before
    assert workspace.verify() == []
    left = instants(workspace)
    stated = {one.data_class: one for one in policies}
    if "metering" in stated:
        stated.setdefault("outcomes", stated["metering"])
    for name, all_days in held.items():
        gone = sorted(all_days)
        for day in left[name]:
            gone.remove(day)
        policy = stated.get(name)
        for day in gone:
            assert policy is not None
            assert policy.keep_days is not None
            assert (as_of - day).days > max(policy.keep_days, policy.minimum_days)
            assert not any(hold.covers(name, day, day) for hold in holds)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(policies=policies_of, holds=st.lists(a_hold, max_size=1), as_of=st.dates(date(2026, 12, 1), date(2028, 3, 1)))  # fmt: skip
def test_what_is_disposed_of_moves_no_figure(
    made: Path, policies: list[Policy], holds: list[Hold], as_of: date
) -> None:
    disposed(made, made.parent / "copy", policies, holds, as_of)


@pytest.mark.long
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(policies=policies_of, holds=st.lists(a_hold, max_size=1), as_of=st.dates(date(2026, 12, 1), date(2028, 3, 1)))  # fmt: skip
def test_what_is_disposed_of_moves_no_figure_in_many_more_cases(
    made: Path, policies: list[Policy], holds: list[Hold], as_of: date
) -> None:
    disposed(made, made.parent / "copy", policies, holds, as_of)
