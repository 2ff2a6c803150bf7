"""What goes into the workbook of a workspace: its register, its last two months, its lineage."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from workbench.answers import Source
from workbench.answers.allocation import month_allocation
from workbench.answers.envelope import chosen_register, envelope, last_day
from workbench.answers.locking import hash_of
from workbench.answers.variance import facts, successors
from workbench.answers.vintages import locked_versions
from workbench.exports.excel import Change, Cover, Lineage, WorkbookContent
from workbench.exports.excel.register import Periods, change_text, register_content
from workbench.models.variance.months import MonthFacts, compared_lines
from workbench.playbook.assumptions.register import Register
from workbench.playbook.assumptions.scenarios import parse_register
from workbench.playbook.assumptions.versions import differences


def workbook_content(
    source: Source, *, register_name: str | None, by: str, invoice_usd: float | None
) -> WorkbookContent:
    """Return the workbook of a register, with the variance of the newest two whole months."""
    register = chosen_register(source.workspace.layout.root, register_name)
    drawn = envelope(source, register)
    months = {
        name: MonthFacts.from_dict(one)
        for name, one in facts(source).items()
        if last_day(name) <= source.as_of
    }
    newest = sorted(months)[-2:]
    periods = _periods(months, newest, successors(source)) if len(newest) == 2 else None
    version = hash_of(source, register)
    cover = Cover(
        title=f"{register.name}: envelope and variance",
        scope=f"{source.workspace.layout.root.name}, all environments, contract cost",
        as_of=source.as_of,
        version=version,
        seed=register.seed,
        prepared_by=by or "nobody named",
        reviewed_by=_approved_by(source, register, version),
    )
    content = register_content(register, report=drawn.report, cover=cover, periods=periods)
    if periods is None:
        return content
    return replace(
        content,
        allocation=month_allocation(source, periods.actual).by_payer(),
        unpriced_rows=months[periods.actual].unpriced,
        invoice_usd=invoice_usd,
        changes=tuple(_changes(source, register)),
        lineage=tuple(_lineage(source, register, periods)),
    )


def _approved_by(source: Source, register: Register, version: str) -> str:
    """Return who approved this very version, where it is locked."""
    return ", ".join(
        f"{signed['by']} on {signed['on']}"
        for one in locked_versions(source.workspace.layout.root, register.name)
        if one["version"]["hash"] == version
        for signed in one["version"]["signatures"]
        if signed["state"] == "approved"
    )


def _periods(
    months: dict[str, MonthFacts], names: list[str], followed: Mapping[str, str]
) -> Periods:
    """Return the lines of both months as the page compares them."""
    base, actual = compared_lines(months[names[0]], months[names[1]], successors=followed)
    sources = {
        line.name: f"metering of {names[0]} and {names[1]}, contract prices"
        for line in (*base, *actual)
    }
    return Periods(
        base=names[0], actual=names[1], base_lines=tuple(base), actual_lines=tuple(actual),
        line_sources=sources,
    )  # fmt: skip


def _changes(source: Source, register: Register) -> list[Change]:
    locked = locked_versions(source.workspace.layout.root, register.name)
    if not locked:
        return []
    last = locked[-1]
    signed = last["version"]["signatures"][-1]
    return [
        Change(
            on=date.fromisoformat(signed["on"]), by=signed["by"], what=change_text(difference),
            why=f"since version {last['version']['hash'][:12]}",
        )
        for difference in differences(parse_register(last["register"], name="locked"), register)
    ]  # fmt: skip


def _lineage(source: Source, register: Register, periods: Periods) -> list[Lineage]:
    batches = source.rows(
        "SELECT DISTINCT m.path, m.sha256, m.loaded FROM manifest AS m JOIN segment AS s "
        "ON s.source_id = m.source_id WHERE s.kind = 'usage' AND strftime(s.month, '%Y-%m') "
        "IN ($base, $actual) ORDER BY m.path",
        {"base": periods.base, "actual": periods.actual},
    )
    return [
        Lineage(
            output="Variance", measure="quantity and contract cost by model and token class",
            query="rollup_class by month", file=row["path"], rows=f"{row['loaded']:,}",
            sha256=row["sha256"],
        )
        for row in batches
    ]  # fmt: skip
