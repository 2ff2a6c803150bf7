from dataclasses import replace
from datetime import date

import plotly.graph_objects as go

from workbench.figures import provider_exit as figures
from workbench.figures import provider_exit_lives
from workbench.figures.caption import Caption
from workbench.models.provider_exit.lifecycle import ModelLife, exposures, price_paths
from workbench.models.provider_exit.quality import Evaluation, cost_per_accepted_task
from workbench.models.provider_exit.schedule import Task, plan_schedule, schedule_risk
from workbench.models.provider_exit.uncertainty import Fan, ThreePoint, even_draws

CAPTION = Caption(title="Prompts are what holds us", subtitle="One-off cost, {unit}")
COST = Fan(8_000, 12_000, 20_000, 13_000)
TASKS = [
    Task(name="contract", days=ThreePoint.exactly(30)),
    Task(name="prompts", days=ThreePoint.exactly(10)),
    Task(name="move", days=ThreePoint.exactly(2), after=("contract", "prompts")),
]
RISK = schedule_risk(TASKS, even_draws([task.name for task in TASKS]), tolerance_days=40)


def verdict(**changes) -> figures.Verdict:
    plain = figures.Verdict(
        leaving="here", target="other/model", cost=COST, risk=RISK, is_planned=True,
        saving_usd_per_year=-400.0, npv_usd=-5_000, irr=None, payback_years=None,
    )  # fmt: skip
    return replace(plain, **changes)


def test_the_answer_says_what_to_do_and_what_it_takes() -> None:
    dearer = figures.answer(verdict())
    assert dearer.startswith("Stay with here: other/model would cost $400.00 a year more")
    assert "32 days" in dearer
    slow = figures.answer(verdict(saving_usd_per_year=400.0))
    assert "would save $400.00 a year" in slow
    assert "does not pay back" in slow
    pays = figures.answer(verdict(saving_usd_per_year=90_000.0, npv_usd=1_000, payback_years=0.5))
    assert pays.startswith("Leave here for other/model")
    assert "pays back in 0.5 years" in pays


def test_a_failure_is_answered_by_the_drill_not_by_the_exit() -> None:
    undrilled = verdict(is_planned=False, tolerance_hours=8.0)
    assert "no drill says how soon" in figures.answer(undrilled)
    inside = figures.answer(replace(undrilled, restored_hours=1.5))
    assert "after 1.5 h, inside the tolerance of 8 h" in inside
    assert "beyond the tolerance" in figures.answer(replace(undrilled, restored_hours=9.0))


def test_tiles_say_never_where_nothing_pays_back() -> None:
    tiles = {
        tile.label: tile
        for tile in figures.tiles(
            verdict(), by_provider=0.62, by_cloud=0.7, forced=2, forced_note="by lives seen",
            standby_usd=None, standby_note="no value stated",
        )
    }  # fmt: skip
    worth = tiles["Worth of leaving, 3 years"]
    assert "never pays back" in worth.foot
    assert worth.tone == "bad"
    assert tiles["Concentration (HHI)"].value == "0.62"
    assert "0.70 by cloud" in tiles["Concentration (HHI)"].delta
    assert tiles["Standby, worth a month"].value == "n/a"


def test_options_that_lack_something_or_are_not_evaluated_come_last_however_cheap() -> None:
    task = cost_per_accepted_task(
        cost_usd=50, tasks=100, evaluation=Evaluation(accepted=90, tried=100)
    )
    found = [
        figures.Option(target="free/unfit", cost_usd=0.5, requests=100, not_served=40,
                       accepted_task=task, gaps=(("context", "missing"),)),
        figures.Option(target="cheap/unknown", cost_usd=1, requests=100, not_served=0,
                       accepted_task=None, gaps=(("tools", "unknown"),)),
        figures.Option(target="dear/known", cost_usd=50, requests=100, not_served=0,
                       accepted_task=task, task_change=-0.1, ratio_basis="measured"),
    ]  # fmt: skip
    table = figures.options(found, current_usd=40, title="Options", subtitle="")
    assert [row[0] for row in table.rows] == ["dear/known", "cheap/unknown", "free/unfit"]
    known, unknown, unfit = table.rows
    assert (known[3].text, known[3].tone) == ("−10.0 %", "good")  # type: ignore[union-attr]
    assert known[5] == "+25.0 %"
    assert unknown[1] == "not evaluated"
    assert unknown[7].text == "tools not known"  # type: ignore[union-attr]
    assert unfit[7].text == "no context"  # type: ignore[union-attr]
    assert unfit[5] == "n/a"  # part of the traffic costs nothing there: no change to show


def test_the_critical_path_stands_out() -> None:
    chart = figures.critical_path(CAPTION, schedule=plan_schedule(TASKS), tolerance_days=40)
    notes = {row[0]: row[-1] for row in chart.rows}
    assert notes == {"contract": "critical", "prompts": "20 d slack", "move": "critical"}
    assert go.Figure(chart.figure).data


def test_lock_in_cost_and_time_and_concentration_are_valid_figures() -> None:
    parts = {"dual_run": Fan(1, 2, 3, 2), "prompts": Fan(4, 5, 6, 5), "notice": Fan(0, 0, 0, 0)}
    chart = figures.lock_in(CAPTION, components=parts)
    assert [row[0] for row in chart.rows] == ["prompts", "dual run"]
    fan = figures.cost_and_time(
        CAPTION, days=[0, 5, 10], p10=[0, 1, 2], p50=[0, 2, 4], p90=[0, 3, 6], reserve_usd=5
    )
    assert len(go.Figure(fan.figure).data) == 3
    assert fan.rows[-1] == ("10", "4.00", "2.00", "6.00")
    shares = figures.concentration(CAPTION, spend_usd={"a": 1.0, "b": 3.0})
    assert shares.rows[0][0] == "b"


def test_the_timeline_tells_published_ends_from_expected_ones() -> None:
    life = ModelLife(
        provider="p", model="old", retires_on=date(2026, 12, 24), retires_not_before=None,
        notice_days=60, life_days=None, successors=(), confidence="confirmed",
    )  # fmt: skip
    as_of = date(2026, 11, 24)
    found = exposures(
        {("p", "old"): 10.0, ("p", "own"): 5.0}, [life], as_of=as_of, until=date(2027, 11, 24),
        migration_days=45,
    )  # fmt: skip
    lives = [
        provider_exit_lives.Life(exposure=found[0], moves=(date(2026, 12, 24),)),
        provider_exit_lives.Life(exposure=found[1], left_days=(100.0, 200.0, 300.0)),
    ]
    chart = provider_exit_lives.timeline(
        CAPTION, lives=lives, as_of=as_of, until=date(2029, 11, 24)
    )
    assert chart.rows[0][3] == "2026-12-24"
    assert chart.rows[1][4] == "2027-03-04 to 2027-09-20"
    assert "1 with a published end; 1 forced moves expected" in chart.summary
    assert any("too late" in note["text"] for note in chart.figure["layout"]["annotations"])
    assert go.Figure(chart.figure).data


def test_price_paths_are_drawn_as_steps() -> None:
    paths = price_paths(months=24, retires_in_month=5, migration_usd=100)
    months = [f"{2026 + n // 12}-{n % 12 + 1:02d}" for n in range(24)]
    chart = figures.price_paths(CAPTION, paths=paths, usd_by_month=[10.0] * 24, months=months)
    assert len(go.Figure(chart.figure).data) == len(paths)


def test_all_draws_inside_the_reserve_are_no_certainty():
    assert figures.within_reserve(1.0) == "every draw is inside the reserve"
    assert figures.within_reserve(0.0) == "no draw is inside the reserve"
    assert figures.within_reserve(0.93) == "93 % likely inside the reserve"
