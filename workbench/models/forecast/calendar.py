"""How a series lies in time: its steps, season, year and horizon."""

from dataclasses import dataclass
from typing import Literal

from workbench.errors import InputError

DEFAULT_HORIZON_DAYS = 28
DAYS_PER_WEEK = 7
WEEKDAYS = 5
DAYS_PER_MONTH = 365.25 / 12
WEEKS_PER_YEAR = 52
MONTHS_PER_YEAR = 12
WINDOWS_A_SERIES_SHOULD_HOLD = 12
"""A short series gets a horizon of about a twelfth of it, so that there are past errors."""
WEEKS_BEFORE_WEEKLY_SEASON = 3
"""Until then an hourly series is read by its hours of day alone."""

Coarse = Literal["", "week", "month"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """An evenly spaced series: from steps within a day to calendar months."""

    steps_per_day: int = 1
    weekdays_only: bool = False
    """Daily values without Saturdays and Sundays, such as a bank's calls."""
    coarse: Coarse = ""
    """Weeks or months instead of days: they have no season but the year's."""

    def __post_init__(self) -> None:
        one_of = (self.steps_per_day > 1) + self.weekdays_only + bool(self.coarse)
        if self.steps_per_day < 1 or one_of > 1:
            raise InputError(
                f"Cannot forecast {self.steps_per_day} steps a day with "
                f"weekdays_only={self.weekdays_only}, coarse={self.coarse!r}; give one of them."
            )

    @property
    def week_steps(self) -> int:
        """Steps in a week; of weeks and months, the one step there is."""
        if self.coarse:
            return 1
        return WEEKDAYS if self.weekdays_only else DAYS_PER_WEEK * self.steps_per_day

    @property
    def year_steps(self) -> int:
        """Steps in 52 weeks, so that a day meets the same weekday a year before; or 12 months."""
        return MONTHS_PER_YEAR if self.coarse == "month" else WEEKS_PER_YEAR * self.week_steps

    def days(self, steps: int) -> float:
        """Return how many calendar days that many steps span; of months, on average."""
        if self.coarse == "month":
            return steps * DAYS_PER_MONTH
        return steps * DAYS_PER_WEEK / self.week_steps

    def steps(self, days: int) -> int:
        """Return how many steps that many calendar days hold, at least one."""
        return max(1, round(days / self.days(1)))

    def default_horizon_days(self, steps: int) -> int:
        """Return 28 days, or about a twelfth of a shorter series, in whole weeks where it can."""
        twelfth = int(self.days(steps) // WINDOWS_A_SERIES_SHOULD_HOLD)
        days = min(DEFAULT_HORIZON_DAYS, twelfth)
        return max(1, days - days % DAYS_PER_WEEK if days >= DAYS_PER_WEEK else days)
