"""Which stage of the road to production is passed, and what blocks the next one.

A verdict is one of four words. A stage passes when nothing in it fails and nothing is
insufficient without a waiver that is still running.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

Verdict = Literal["pass", "fail", "insufficient evidence", "not applicable"]

WORST_FIRST: tuple[Verdict, ...] = ("fail", "insufficient evidence", "pass", "not applicable")

STAGE_NAMES: tuple[str, ...] = (
    "Reality check", "Hosting", "Controls", "Rollout", "Money and exit", "Upkeep",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A named owner's dated promise to live without one piece of evidence."""

    check_id: str
    owner: str
    reason: str
    granted_on: date
    expires_on: date
    feature: str | None = None
    """None covers every feature."""

    def covers(self, check_id: str, *, feature: str, on: date) -> bool:
        """Say whether the waiver holds for this check and feature on this day, ends included."""
        same = self.check_id == check_id and self.feature in (None, feature)
        return same and self.granted_on <= on <= self.expires_on


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckStanding:
    """One check of one feature as the stage rule sees it."""

    check_id: str
    stage: int
    verdict: Verdict
    waived: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StageStanding:
    """One stage: passed or not, how many checks gave which verdict, and what blocks it."""

    stage: int
    passed: bool
    counts: dict[str, int]
    blocking: tuple[str, ...]
    """Ids of checks that fail, or are insufficient and not waived, in the order given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardTile:
    """One check on the readiness board."""

    check_id: str
    stage: int
    question: str
    verdict: Verdict
    reason: str
    waived: bool = False
    age_days: int | None = None
    """Days since the evidence's last day; None where no window was read."""
    passed_of: tuple[int, int] | None = None
    """Features that pass, and features asked; None where the tile is of one feature."""
    waiver: str = ""
    """Who waived the missing evidence, and until when."""


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """Return the verdict that decides: fail, then insufficient, then pass, then not applicable.

    Raises
    ------
    ValueError
        If there are no verdicts: no evidence is not a pass.

    Examples
    --------
    >>> worst(["pass", "insufficient evidence", "not applicable"])
    'insufficient evidence'
    """
    if not verdicts:
        raise ValueError("no verdicts to combine")
    return min(verdicts, key=WORST_FIRST.index)


def stage_standings(checks: Sequence[CheckStanding]) -> tuple[StageStanding, ...]:
    """Return each stage's standing, in order of stage.

    A failed check blocks whatever its waiver says; an insufficient one blocks unless waived.
    """
    standings = []
    for stage in sorted({check.stage for check in checks}):
        here = [check for check in checks if check.stage == stage]
        blocking = tuple(dict.fromkeys(check.check_id for check in here if blocks(check)))
        counts = {word: sum(check.verdict == word for check in here) for word in WORST_FIRST}
        standings.append(
            StageStanding(stage=stage, passed=not blocking, counts=counts, blocking=blocking)
        )
    return tuple(standings)


def blocks(check: CheckStanding) -> bool:
    """Say whether this check keeps its stage from passing."""
    if check.verdict == "fail":
        return True
    return check.verdict == "insufficient evidence" and not check.waived


def reached_stage(standings: Sequence[StageStanding]) -> int | None:
    """Return the last stage passed with every stage before it passed, or None for none."""
    reached = None
    for standing in standings:
        if not standing.passed:
            break
        reached = standing.stage
    return reached
