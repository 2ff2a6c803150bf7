"""From a register and two periods to the content of a workbook."""

from dataclasses import dataclass

from workbench.exports.excel.content import About, Cover, WorkbookContent
from workbench.models.variance.pvm import Line
from workbench.playbook.assumptions.register import Register
from workbench.playbook.assumptions.report import EnvelopeReport
from workbench.playbook.assumptions.versions import Difference


@dataclass(frozen=True, slots=True, kw_only=True)
class Periods:
    """Two periods to compare, as lines with where each comes from."""

    base: str
    actual: str
    base_lines: tuple[Line, ...]
    actual_lines: tuple[Line, ...]
    line_sources: dict[str, str]


def register_content(
    register: Register, *, report: EnvelopeReport, cover: Cover, periods: Periods | None = None
) -> WorkbookContent:
    """Return the workbook of a register's envelope, with the variance of two periods if given.

    Add allocation, invoice, changes and lineage with `dataclasses.replace`.
    """
    return WorkbookContent(
        cover=cover,
        tree=report.tree,
        envelope=report.envelope,
        budget_usd=report.budget_usd,
        risk=report.risk,
        contingencies_usd=report.contingencies_usd,
        swings=tuple(report.swings),
        stresses=tuple(report.stresses),
        about={
            **{
                name: About(unit=one.unit, owner=one.owner, dated=one.dated, expires=one.expires)
                for name, one in register.drivers.items()
            },
            **{
                name: About(
                    unit="factor",
                    owner=one.factor.owner,
                    dated=one.factor.dated,
                    expires=one.factor.expires,
                )
                for name, one in register.events.items()
            },
        },
        price_sources={name: entry.source for name, entry in register.lines.items()},
        base_period=periods.base if periods else "",
        actual_period=periods.actual if periods else "",
        base_lines=periods.base_lines if periods else (),
        actual_lines=periods.actual_lines if periods else (),
        line_sources=periods.line_sources if periods else {},
    )


def change_text(difference: Difference) -> str:
    """Say one difference between versions for the change log.

    Examples
    --------
    >>> change_text(Difference(path="drivers.users.value", before=100, after=120))
    'drivers.users.value: 100 becomes 120'
    """
    before = "nothing" if difference.before is None else difference.before
    after = "nothing" if difference.after is None else difference.after
    return f"{difference.path}: {before} becomes {after}"
