"""How a series lies in time: steps a day, season, year and horizon in steps."""

from dataclasses import dataclass

from workbench.errors import InputError

DEFAULT_HORIZON_DAYS = 28
DAYS_PER_WEEK = 7
WEEKDAYS = 5
WINDOWS_A_SERIES_SHOULD_HOLD = 12
"""A short series gets a horizon of about a twelfth of it, so that there are past errors."""
WEEKS_BEFORE_WEEKLY_SEASON = 3
"""Until then an hourly series is read by its hours of day alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """An evenly spaced series: hourly, daily, or anything in between."""

    steps_per_day: int = 1
    weekdays_only: bool = False
    """Daily values without Saturdays and Sundays, such as a bank's calls."""

    def __post_init__(self) -> None:
        if self.steps_per_day < 1 or (self.weekdays_only and self.steps_per_day > 1):
            raise InputError(
                f"Cannot forecast {self.steps_per_day} steps a day"
                f"{' on weekdays only' if self.weekdays_only else ''}; daily steps or finer."
            )

    @property
    def week_steps(self) -> int:
        """Steps in a week."""
        return WEEKDAYS if self.weekdays_only else DAYS_PER_WEEK * self.steps_per_day

    @property
    def year_steps(self) -> int:
        """Steps in 52 weeks, so that a day meets the same weekday a year before."""
        return 52 * self.week_steps

    def days(self, steps: int) -> float:
        """Return how many calendar days that many steps span."""
        return steps * DAYS_PER_WEEK / self.week_steps

    def steps(self, days: int) -> int:
        """Return how many steps that many calendar days hold, at least one."""
        return max(1, round(days * self.week_steps / DAYS_PER_WEEK))

    def default_horizon_days(self, steps: int) -> int:
        """Return 28 days, or about a twelfth of a shorter series, in whole weeks where it can."""
        twelfth = int(self.days(steps) // WINDOWS_A_SERIES_SHOULD_HOLD)
        days = min(DEFAULT_HORIZON_DAYS, twelfth)
        return max(1, days - days % DAYS_PER_WEEK if days >= DAYS_PER_WEEK else days)
