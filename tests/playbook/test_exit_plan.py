import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from workbench.errors import InputError
from workbench.models.provider_exit.schedule import Task, plan_schedule, schedule_risk
from workbench.models.provider_exit.uncertainty import Fan, ThreePoint, even_draws
from workbench.playbook.dossier import Dossier
from workbench.playbook.drill import (
    DrillRecord,
    Endpoint,
    failover_success,
    measured_failover_hours,
    read_drills,
    run_drill,
    write_drill,
)
from workbench.playbook.exit_plan import ExitEstimate, as_data, as_html, exit_plan
from workbench.playbook.exit_requirements import REQUIREMENTS

TODAY = date(2026, 11, 24)


@contextmanager
def endpoint(*, fails_after: int | None, usage: tuple[int, int] = (1_000, 200)) -> Iterator[str]:
    """A stand-in for an OpenAI-compatible endpoint on loopback."""
    served = 0

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            nonlocal served
            self.rfile.read(int(self.headers["Content-Length"]))
            served += 1
            is_down = fails_after is not None and served > fails_after
            body = {"usage": {"prompt_tokens": usage[0], "completion_tokens": usage[1]}}
            data = b"{}" if is_down else json.dumps(body).encode()
            self.send_response(503 if is_down else 200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def at(url: str, name: str, *, usd: float = 1.0) -> Endpoint:
    return Endpoint(
        name=name, base_url=url, model="m", input_usd_per_mtok=usd, output_usd_per_mtok=5 * usd,
        api_key="not for the record", timeout_seconds=5,
    )  # fmt: skip


def drill(source: str, target: str, *, prompts: int = 10, is_synthetic: bool = True) -> DrillRecord:
    return run_drill(
        at(source, "first"),
        at(target, "second", usd=2.0),
        ["hello"] * prompts,
        now=lambda: datetime(2026, 11, 24, 8, 0, tzinfo=UTC),
        seconds=time.monotonic,
        is_synthetic=is_synthetic,
    )


def test_traffic_moves_when_the_first_endpoint_fails_and_the_plan_shows_it(tmp_path: Path) -> None:
    with endpoint(fails_after=4) as first, endpoint(fails_after=None) as second:
        record = drill(first, second)
    assert (record.moved, record.failed_requests, record.served_by_target) == (True, 3, 6)
    # 1,000 x 1 + 200 x 5 = 2,000 a request per million at the first, twice that at the second
    assert record.cost_usd == pytest.approx(4 * 0.002 + 6 * 0.004)
    assert record.cost_usd_at_target == pytest.approx(0.024)
    assert record.failover_seconds is not None
    assert 0 < record.failover_seconds < 30
    write_drill(record, tmp_path / "drills")
    drills = read_drills(tmp_path / "drills")
    assert drills == [record]
    document = as_html(exit_plan(Dossier(feature="chat"), as_of=TODAY, drills=drills))
    assert "first/m to second/m" in document
    assert f"{record.failover_seconds:.2f}" in document
    assert f"{record.cost_usd:.6f}" in document
    assert (
        "not for the record"
        not in document
        + (tmp_path / "drills").joinpath(next((tmp_path / "drills").iterdir()).name).read_text()
    )


def test_a_synthetic_drill_is_marked_and_never_recalibrates() -> None:
    with endpoint(fails_after=0) as first, endpoint(fails_after=None) as second:
        synthetic, real = (drill(first, second, is_synthetic=one) for one in (True, False))
    assert measured_failover_hours([synthetic]) is None
    assert failover_success([synthetic]) == (0, 0)
    plan = exit_plan(Dossier(feature="chat"), as_of=TODAY, drills=[synthetic])
    assert "synthetic, no evidence" in as_html(plan)
    assert as_data(plan)["measured_failover_hours"] is None
    assert failover_success([synthetic, real]) == (1, 1)
    hours = measured_failover_hours([synthetic, real])
    assert hours is not None
    assert hours * 3_600 == pytest.approx(real.failover_seconds)


def test_a_first_endpoint_that_never_fails_moves_nothing() -> None:
    with endpoint(fails_after=None) as first, endpoint(fails_after=None) as second:
        record = drill(first, second, prompts=3)
    assert (record.moved, record.served_by_target, record.failover_seconds) == (False, 0, None)


def test_a_drill_whose_backup_fails_as_well_is_refused() -> None:
    with (
        endpoint(fails_after=0) as first,
        endpoint(fails_after=0) as second,
        pytest.raises(InputError, match="second failed as well"),
    ):
        drill(first, second)


def test_a_drill_on_file_is_never_overwritten(tmp_path: Path) -> None:
    with endpoint(fails_after=None) as first, endpoint(fails_after=None) as second:
        record = drill(first, second, prompts=1)
    write_drill(record, tmp_path)
    with pytest.raises(InputError, match="never overwritten"):
        write_drill(record, tmp_path)


def test_an_address_that_is_no_web_address_is_refused() -> None:
    with pytest.raises(InputError, match="no http"):
        at("file:///etc/passwd", "x")


FULL = {
    "feature": "chat",
    "synthetic": True,
    "owner": [{"role": "head of service"}],
    "success_criteria": ["95 % resolved"],
    "dependencies": [{"kind": "provider", "provider": "one", "region": "EEA"}],
    "exit": {
        "stressed": {"steps": ["switch"], "staff": ["on call"], "days": 2, "cost_usd": 9000},
        "planned": {"steps": ["test", "switch"], "staff": ["team"], "days": 42, "cost_usd": 50000},
        "triggers": ["uptime below 99.5 %"],
        "alternative": "other/model",
        "data_return_format": "JSON lines",
        "tested_on": "2026-10-01",
        "measured_migrate_hours": 3,
        "impact_tolerance_hours": 24,
        "notice_days": 60,
        "objectives": ["no break in service"],
        "scenarios": ["insolvency"],
        "contingency": ["queue and answer later"],
        "contract": "master agreement 1",
        "reviewed_on": "2026-11-01",
    },
}


def test_a_full_dossier_misses_nothing_and_an_empty_one_everything() -> None:
    full = exit_plan(Dossier.model_validate(FULL), as_of=TODAY)
    assert full.missing == ()
    assert "All 18 points are on file" in full.verdict
    empty = exit_plan(Dossier(feature="chat"), as_of=TODAY)
    assert len(empty.missing) == len(REQUIREMENTS) == 18
    assert as_html(empty).count("Missing.") == 18


@pytest.mark.parametrize(
    "field", ["triggers", "contingency", "contract", "tested_on", "objectives"]
)
def test_what_is_missing_is_named_with_the_field_to_fill(field: str) -> None:
    plan = {name: value for name, value in FULL["exit"].items() if name != field}  # type: ignore[attr-defined]
    found = exit_plan(Dossier.model_validate(FULL | {"exit": plan}), as_of=TODAY)
    [gap] = found.missing
    assert f"exit.{field}" in gap.requirement.field
    assert gap.requirement.field in as_html(found)


class _Checked(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_text_of_the_dossier_stays_text_and_the_document_prints() -> None:
    tasks = [Task(name="<b>switch</b>", days=ThreePoint(low=1, likely=2, high=6))]
    estimate = ExitEstimate(
        variant="stressed",
        components_usd={"dual_run": Fan(1, 2, 3, 2)},
        total_usd=Fan(1_000, 2_000, 3_000, 2_000),
        schedule=plan_schedule(tasks),
        risk=schedule_risk(tasks, even_draws(["<b>switch</b>"]), tolerance_days=3),
    )
    hostile = Dossier.model_validate(FULL | {"title": "<script>alert(1)</script>"})
    document = as_html(exit_plan(hostile, as_of=TODAY, estimates=[estimate]))
    checked = _Checked()
    checked.feed(document)
    assert checked.open == []
    assert "script" not in checked.seen
    assert "b" not in checked.seen
    assert "@media print" in document
    assert "http" not in document
    assert "<td class=number>3,000</td>" in document
