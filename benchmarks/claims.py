"""Each claim of speed or accuracy, printed beside its goal, and all of them as one table.

A benchmark says `claim(...)` where it has the figure. Under `make bench` the claims are gathered
in the file that WORKBENCH_CLAIMS names, and printed together at the end:

    python benchmarks/claims.py FILE
"""

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

COLUMNS = ("what", "figure", "rival or limit", "goal", "met or missed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A figure with its goal; `holds` is None where there is nothing to meet."""

    what: str
    figure: str
    beside: str = ""
    goal: str = ""
    holds: bool | None = None

    @property
    def verdict(self) -> str:
        return {True: "met", False: "MISSED", None: ""}[self.holds]

    def cells(self) -> tuple[str, ...]:
        return self.what, self.figure, self.beside, self.goal, self.verdict


def claim(
    what: str, figure: str, *, beside: str = "", goal: str = "", holds: bool | None = None
) -> None:
    """Print one claim, and keep it for the table of the whole run."""
    verdict = None if holds is None else bool(holds)  # numpy has truths of its own
    said = Claim(what=what, figure=figure, beside=beside, goal=goal, holds=verdict)
    against = f" beside {beside}" if beside else ""
    asked = f" (goal {goal}: {said.verdict})" if goal else ""
    print(f"-> {what}: {figure}{against}{asked}", flush=True)
    kept = os.environ.get("WORKBENCH_CLAIMS")
    if kept:
        with Path(kept).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(said)) + "\n")


def table(claims: list[Claim]) -> str:
    """Return the claims as aligned columns, and how many goals were missed."""
    rows = [COLUMNS, *(one.cells() for one in claims)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(COLUMNS))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    missed = sum(one.holds is False for one in claims)
    judged = sum(one.holds is not None for one in claims)
    return "\n".join([*lines, f"{judged - missed} of {judged} goals met, {missed} missed"])


def main(given: list[str]) -> None:
    if given[0] == "--failed":
        claim(
            f"benchmark {given[1]}",
            "stopped by an error, see above",
            goal="to its end",
            holds=False,
        )
        return
    path = Path(given[0])
    if not path.exists():
        print("no claim was measured")
        return
    lines = path.read_text(encoding="utf-8").splitlines()
    print(table([Claim(**json.loads(line)) for line in lines]))


if __name__ == "__main__":
    main(sys.argv[1:])
