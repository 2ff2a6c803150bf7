"""When a period written in law ends: calendar periods, never multiples of 365 days."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from workbench.errors import InputError

_TEXT = re.compile(r"P(\d+)([YMD])")
_DAYS_OF_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True)
class Period:
    """A length of time as a rule states it: calendar months, or days."""

    months: int = 0
    days: int = 0

    @classmethod
    def parse(cls, text: str) -> "Period":
        """Read an ISO 8601 duration of one part, such as P6Y, P25M or P30D.

        Raises
        ------
        InputError
            If the text is none.

        Examples
        --------
        >>> Period.parse("P6Y")
        Period(months=72, days=0)
        """
        found = _TEXT.fullmatch(text)
        if found is None:
            raise InputError(f"{text!r} is no period; write P6Y, P18M or P90D.")
        count = int(found.group(1))
        if found.group(2) == "D":
            return cls(days=count)
        return cls(months=count * 12 if found.group(2) == "Y" else count)

    def after(self, start: date) -> date:
        """Return the day the period ends; a day the month lacks becomes its last one.

        Examples
        --------
        >>> Period.parse("P1M").after(date(2027, 1, 31))
        datetime.date(2027, 2, 28)
        """
        index = start.year * 12 + start.month - 1 + self.months
        year, month = divmod(index, 12)
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        last = 28 if month == 1 and not leap else _DAYS_OF_MONTH[month]
        return date(year, month + 1, min(start.day, last)) + timedelta(days=self.days)

    @property
    def longest_days(self) -> int:
        """Days that surely cover the period, whatever day it starts: what a minimum needs."""
        return _extremes(self)[1]

    @property
    def shortest_days(self) -> int:
        """Days that never exceed the period, whatever day it starts: what a maximum allows."""
        return _extremes(self)[0]


@cache
def _extremes(period: Period) -> tuple[int, int]:
    # One cycle of leap years (2024 to 2027) holds every case before 2100.
    first = date(2024, 1, 1)
    starts = (first + timedelta(days=offset) for offset in range(1461))
    lengths = {(period.after(start) - start).days for start in starts}
    return min(lengths), max(lengths)
