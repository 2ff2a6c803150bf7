"""How long leaving takes: tasks, what waits for what, the critical path, the tolerance.

Days are calendar days from the decision. Critical path method: earliest times forward, latest
times backward, slack between; a task without slack is on the critical path.

References
----------
Kelley, Walker: Critical-Path Planning and Scheduling, Eastern Joint Computer Conference, 1959.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

import numpy as np

from workbench.errors import InputError
from workbench.models.provider_exit.uncertainty import Fan, Floats, ThreePoint, fan

NO_SLACK_DAYS = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One step of the exit plan."""

    name: str
    days: ThreePoint
    after: tuple[str, ...] = ()
    """Tasks that must be finished before it starts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTask:
    """A task with its place in the schedule."""

    name: str
    start_day: float
    finish_day: float
    slack_days: float

    @property
    def is_critical(self) -> bool:
        """True when a delay of it delays the exit."""
        return self.slack_days <= NO_SLACK_DAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Every task in an order that can be worked, and when all is done."""

    tasks: tuple[PlannedTask, ...]
    finish_day: float

    @property
    def critical_path(self) -> tuple[str, ...]:
        """Names of the tasks that have no slack."""
        return tuple(task.name for task in self.tasks if task.is_critical)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRisk:
    """The finish under uncertainty."""

    finish_days: Fan
    p_within_tolerance: float | None
    """None where no tolerance is stated."""
    criticality: Mapping[str, float]
    """Share of draws in which each task is on the critical path."""
    finish_day_draws: Floats = field(default_factory=lambda: np.zeros(1))


def plan_schedule(tasks: Sequence[Task], days: Mapping[str, float] | None = None) -> Schedule:
    """Return the schedule for given durations; the likely ones by default.

    Raises
    ------
    InputError
        If a task waits for one that does not exist, or tasks wait for each other.
    """
    lasting = days or {task.name: task.days.likely for task in tasks}
    order = _order(tasks)
    after = {task.name: task.after for task in tasks}
    finish: dict[str, float] = {}
    for name in order:
        begin = max((finish[other] for other in after[name]), default=0.0)
        finish[name] = begin + lasting[name]
    end = max(finish.values(), default=0.0)
    latest = dict.fromkeys(order, end)
    for name in reversed(order):
        for other in after[name]:
            latest[other] = min(latest[other], latest[name] - lasting[name])
    planned = tuple(
        PlannedTask(
            name=name,
            start_day=finish[name] - lasting[name],
            finish_day=finish[name],
            slack_days=latest[name] - finish[name],
        )
        for name in order
    )
    return Schedule(tasks=planned, finish_day=end)


def schedule_risk(
    tasks: Sequence[Task],
    draws: Mapping[str, Floats],
    *,
    tolerance_days: float | None = None,
) -> ScheduleRisk:
    """Return the finish under uncertain durations.

    Parameters
    ----------
    tasks
        With three-point durations.
    draws
        Uniform draws by task name, all of one length.
    tolerance_days
        Impact tolerance: the longest the service may depend on an exit still under way.
    """
    order = _order(tasks)
    lasting = {task.name: task.days.quantile(draws[task.name]) for task in tasks}
    after = {task.name: task.after for task in tasks}
    count = len(next(iter(lasting.values()))) if lasting else 1
    finish: dict[str, Floats] = {}
    for name in order:
        begin = np.zeros(count)
        for other in after[name]:
            begin = np.maximum(begin, finish[other])
        finish[name] = begin + lasting[name]
    end = np.max(np.stack(list(finish.values())), axis=0) if finish else np.zeros(count)
    latest = dict.fromkeys(order, end)
    for name in reversed(order):
        for other in after[name]:
            latest[other] = np.minimum(latest[other], latest[name] - lasting[name])
    within = None if tolerance_days is None else float(np.mean(end <= tolerance_days))
    return ScheduleRisk(
        finish_days=fan(end),
        p_within_tolerance=within,
        finish_day_draws=end,
        criticality={
            name: float(np.mean(latest[name] - finish[name] <= NO_SLACK_DAYS)) for name in order
        },
    )


def _order(tasks: Sequence[Task]) -> list[str]:
    names = [task.name for task in tasks]
    unknown = sorted({other for task in tasks for other in task.after} - set(names))
    if unknown or len(set(names)) != len(names):
        raise InputError(f"Exit tasks need unique names, and these don't exist: {unknown}.")
    try:
        return list(TopologicalSorter({task.name: task.after for task in tasks}).static_order())
    except CycleError as error:
        raise InputError(
            f"Exit tasks wait for each other: {' -> '.join(error.args[1])}."
        ) from error
