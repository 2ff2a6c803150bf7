"""Which tables a workspace keeps in `evidence/`, and what their columns hold.

One CSV file each. `feature` may be left out of any table, or empty: the row then is about every
feature. A kind ending in `?` may be empty. Times are UTC unless they carry an offset.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class EvidenceTable:
    """One table: what it is for, and its columns with their kind."""

    meaning: str
    columns: Mapping[str, str]

    @property
    def required(self) -> tuple[str, ...]:
        """Columns the file must have."""
        return tuple(name for name, kind in self.columns.items() if not kind.endswith("?"))

    def typed(self, text: Mapping[str, str | None]) -> dict[str, Any]:
        """Return one row with values converted; raise ValueError naming the column."""
        row: dict[str, Any] = {"feature": text.get("feature")}
        for column, kind in self.columns.items():
            try:
                row[column] = _value((text.get(column) or "").strip(), kind)
            except ValueError as error:
                raise ValueError(f"`{column}` is {text.get(column)!r}, expected {kind}") from error
        return row


def _value(text: str, kind: str) -> object:
    if not text:
        if kind.endswith("?"):
            return None
        raise ValueError("empty")
    match kind.rstrip("?"):
        case "number":
            return _finite(float(text))
        case "count":
            return _count(text)
        case "date":
            return date.fromisoformat(text[:10])
        case "time":
            return _utc(datetime.fromisoformat(text))
        case "yes/no":
            return _yes(text)
        case _:
            return text


def _finite(value: float) -> float:
    if value != value or value in (float("inf"), float("-inf")):
        raise ValueError("not finite")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise ValueError("negative")
    return value


def _yes(text: str) -> bool:
    words = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
    if text.lower() not in words:
        raise ValueError("neither yes nor no")
    return words[text.lower()]


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value


def _table(meaning: str, **columns: str) -> EvidenceTable:
    return EvidenceTable(meaning, columns)


TABLES: dict[str, EvidenceTable] = {
    "directory": _table("the directory's accounts", account="text", active="yes/no"),
    "hosting_options": _table(
        "total cost by hosting option and volume, from the hosting model",
        option="text", p10_usd="number", p50_usd="number", p90_usd="number",
    ),
    "gpu_hours": _table(
        "GPU hours used and paid at the expected volume, and the break-even utilisation",
        hours_used="number", hours_paid="number", break_even_utilization="number",
    ),
    "hops": _table(
        "where data goes besides the endpoint: log sink, vector store, backup",
        hop="text", region="text",
    ),
    "sla_claims": _table(
        "SLA credit claims drafted", provider="text", month="text", drafted_on="date"
    ),
    "kill_switch_tests": _table(
        "kill-switch tests; the last call is read from the logs",
        off_at="time", on_again_at="time",
    ),
    "embedding_projections": _table(
        "embedding projections of inputs, reference and current",
        period="text", projection="text", value="number",
    ),
    "escalations": _table(
        "escalations to a person, and decisions reviewed twice",
        escalated_at="time", picked_up_at="time?", model_decision="text",
        human_decision="text?", second_decision="text?",
    ),
    "alerts": _table("alerts as raised", raised_at="time", name="text"),
    "incidents": _table("true incidents", started_at="time", ended_at="time"),
    "invoices": _table(
        "what providers invoiced", provider="text", month="text", invoice_usd="number"
    ),
    "store_ages": _table(
        "oldest row and gaps by store and data class", store="text", data_class="text",
        oldest_on="date", missing_inside_minimum="count", purged_on="date?",
    ),
    "erasures": _table(
        "erasure requests, one row per place: logs, vectors, caches, backups, provider",
        request="text", requested_on="date", place="text", gone_on="date?",
    ),
    "exit_costs": _table(
        "cost of leaving, from the exit model",
        p50_usd="number", p90_usd="number", reserve_usd="number?", annual_savings_usd="number?",
    ),
    "corrections": _table(
        "answers users corrected", reported_on="date", triaged_on="date?", fixed_on="date?",
        confirmed="yes/no", evaluation_cases="count",
    ),
    "group_outcomes": _table(
        "decisions by group of people", group="text", trials="count", selected="count",
        errors="count?",
    ),
    "drills": _table(
        "failover and exit drills", kind="text", held_on="date", recovery_hours="number",
        cost_usd="number?", lost_requests="count?",
    ),
    "rehearsals": _table(
        "runbook rehearsals", runbook="text", rehearsed_on="date", minutes_to_mitigate="number"
    ),
}  # fmt: skip
