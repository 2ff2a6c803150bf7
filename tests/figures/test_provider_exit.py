from datetime import date

import numpy as np
import plotly.graph_objects as go

from workbench.figures import provider_exit as figures
from workbench.figures.caption import Caption
from workbench.models.provider_exit.lifecycle import ModelLife, exposures, price_paths
from workbench.models.provider_exit.quality import Evaluation, cost_per_accepted_task
from workbench.models.provider_exit.replay import ReplayCost
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


def replayed(usd: float) -> ReplayCost:
    return ReplayCost(
        requests=100, unpriced_requests=0, partial_requests=2, pico_usd=int(usd * 1e12)
    )


def test_the_answer_names_cost_time_and_tolerance() -> None:
    told = figures.answer(COST, RISK, target="other/model")
    assert "Leaving for other/model costs $12" in told
    assert "takes 32 days (32 to 32)" in told
    assert "100 % likely inside the impact tolerance" in told
    unknown = schedule_risk(TASKS, even_draws([task.name for task in TASKS]))
    assert "no impact tolerance is stated" in figures.answer(COST, unknown, target="x")


def test_tiles_say_never_where_nothing_pays_back() -> None:
    tiles = {
        tile.label: tile
        for tile in figures.tiles(
            COST, RISK, npv_usd=-5_000, payback_years=None, concentration=0.62, forced=2
        )
    }
    assert tiles["Payback"].value == "n/a"
    assert "never" in tiles["Payback"].delta
    assert tiles["Worth of leaving"].tone == "bad"
    assert tiles["Concentration (HHI)"].value == "0.62"


def test_options_without_an_evaluation_come_last_however_cheap() -> None:
    task = cost_per_accepted_task(
        cost_usd=50, tasks=100, evaluation=Evaluation(accepted=90, tried=100)
    )
    found = [
        figures.Option(
            target="cheap/unknown", replay=replayed(1), accepted_task=None,
            gaps=(("tools", "unknown"),), ratio_basis="assumed",
        ),
        figures.Option(
            target="dear/known", replay=replayed(50), accepted_task=task, gaps=(),
            ratio_basis="measured",
        ),
    ]  # fmt: skip
    table = figures.options(found, current_usd=40, title="Options", subtitle="")
    assert [row[0] for row in table.rows] == ["dear/known", "cheap/unknown"]
    assert table.rows[0][2] == "+25.0 %"
    assert table.rows[1][5].text == "tools unknown"  # type: ignore[union-attr]


def test_the_critical_path_stands_out() -> None:
    chart = figures.critical_path(CAPTION, schedule=plan_schedule(TASKS), tolerance_days=40)
    notes = {row[0]: row[-1] for row in chart.rows}
    assert notes == {"contract": "critical", "prompts": "20 d slack", "move": "critical"}
    assert go.Figure(chart.figure).data


def test_lock_in_cost_curve_and_concentration_are_valid_figures() -> None:
    parts = {"dual_run": Fan(1, 2, 3, 2), "prompts": Fan(4, 5, 6, 5), "notice": Fan(0, 0, 0, 0)}
    chart = figures.lock_in(CAPTION, components=parts)
    assert [row[0] for row in chart.rows] == ["prompts", "dual run"]
    curve = figures.cost_curve(CAPTION, total_usd=np.linspace(0, 100, 101), reserve_usd=60)
    assert go.Figure(curve.figure).data
    shares = figures.concentration(CAPTION, spend_usd={"a": 1.0, "b": 3.0})
    assert shares.rows[0][0] == "b"


def test_the_lifecycle_names_models_without_a_date() -> None:
    life = ModelLife(
        provider="p", model="old", retires_on=date(2026, 12, 24), retires_not_before=None,
        notice_days=60, life_days=None, successors=(), confidence="confirmed",
    )  # fmt: skip
    found = exposures(
        {("p", "old"): 10.0, ("p", "own"): 5.0}, [life], as_of=date(2026, 11, 24),
        until=date(2027, 11, 24), migration_days=45,
    )  # fmt: skip
    chart = figures.lifecycle(CAPTION, exposures=found, horizon_days=365)
    assert [(row[0], row[2], row[3]) for row in chart.rows] == [
        ("old", "30", "30 d, retires inside the horizon"), ("own", "365", "not tracked"),
    ]  # fmt: skip


def test_price_paths_are_drawn_as_steps() -> None:
    paths = price_paths(months=24, retires_in_month=5, migration_usd=100)
    months = [f"{2026 + n // 12}-{n % 12 + 1:02d}" for n in range(24)]
    chart = figures.price_paths(CAPTION, paths=paths, usd_by_month=[10.0] * 24, months=months)
    assert len(go.Figure(chart.figure).data) == len(paths)
