"""What pages read: a published, read-only copy of rollups, prices and results.

It is a small DuckDB file of its own name, written by `publishing` and reached through `CURRENT`,
a pointer file replaced atomically.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from workbench.errors import StoreError

POINTER = "CURRENT"
"""Name of the file that names the current snapshot."""


def current(snapshots: Path) -> Path:
    """Return the file of the current snapshot.

    Raises
    ------
    StoreError
        If nothing was published yet.
    """
    try:
        pointer = json.loads((snapshots / POINTER).read_text())
        return snapshots / str(pointer["file"])
    except (OSError, ValueError, KeyError) as error:
        raise StoreError(
            f"{snapshots}: nothing is published here. Run `workbench publish` in the workspace."
        ) from error


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An open snapshot and its few named queries; every answer is columns by name."""

    path: Path
    connection: duckdb.DuckDBPyConnection

    def _columns(self, query: str, values: list[Any] | None = None) -> dict[str, list[Any]]:
        result = self.connection.execute(query, values or [])
        names = [column[0] for column in result.description or []]
        rows = result.fetchall()
        return {name: [row[place] for row in rows] for place, name in enumerate(names)}

    def document(self, name: str) -> Any:  # noqa: ANN401 - whatever was published
        """Return a published JSON document, or None."""
        row = self.connection.execute(
            "SELECT content FROM document WHERE name = ?", [name]
        ).fetchone()
        return None if row is None else json.loads(row[0])

    def state(self) -> dict[str, Any]:
        """Return snapshot number, as_of, requests, unpriced_requests, synthetic and so on."""
        return self.document("state")

    def dossiers(self) -> list[dict[str, Any]]:
        """Return the dossiers as published."""
        return self.document("dossiers") or []

    def assumptions(self) -> dict[str, Any]:
        """Return the assumption register as published."""
        return self.document("assumptions") or {}

    def features(self) -> list[str]:
        """Return the names of all features that have usage."""
        return self._columns(
            "SELECT DISTINCT feature FROM rollup_day WHERE feature IS NOT NULL ORDER BY 1"
        )["feature"]

    def environments(self) -> list[str]:
        """Return the names of all environments that have usage."""
        return self._columns(
            "SELECT DISTINCT environment FROM rollup_day WHERE environment IS NOT NULL ORDER BY 1"
        )["environment"]

    def daily(
        self, *, feature: str | None = None, environment: str | None = None
    ) -> dict[str, list[Any]]:
        """Return cost a day, provider, model and feature, in USD as floats for drawing."""
        where, values = _where(feature=feature, environment=environment)
        return self._columns(
            "SELECT CAST(day AS VARCHAR) AS day, provider, model, feature, "
            "CAST(sum(requests) AS BIGINT) AS requests, "
            "CAST(sum(errors) AS BIGINT) AS errors, CAST(sum(retries) AS BIGINT) AS retries, "
            "CAST(sum(unpriced_requests) AS BIGINT) AS unpriced_requests, "
            "CAST(sum(partial_requests) AS BIGINT) AS partial_requests, "
            f"{_usd('list_pico', 'list_cost_usd')}, {_usd('contract_pico', 'contract_cost_usd')}, "
            "CAST(sum(reported_cost_usd) AS DOUBLE) AS reported_cost_usd, "
            "CAST(sum(reported_requests) AS BIGINT) AS reported_requests, "
            f"{_usd('billed_pico', 'billed_cost_usd')} "
            f"FROM {self._costs()}{where} GROUP BY ALL ORDER BY day, provider, model, feature",
            values,
        )

    def _costs(self) -> str:
        """Return the relation of daily costs, the billed among them where they were published."""
        found = self._columns("SELECT count(*) AS n FROM duckdb_views() WHERE view_name = 'billed_cost_day'")  # fmt: skip
        if not found["n"][0]:
            return "(SELECT *, NULL::BIGINT AS billed_pico FROM rollup_day)"
        return (
            "(SELECT *, NULL AS billed_pico FROM rollup_day UNION ALL BY NAME "
            "SELECT *, 0 AS requests FROM billed_cost_day)"
        )

    def token_classes(
        self,
        *,
        feature: str | None = None,
        environment: str | None = None,
        first_day: str | None = None,
        last_day: str | None = None,
    ) -> dict[str, list[Any]]:
        """Return quantity and cost by provider, model and meter, days inclusive."""
        where, values = _where(
            feature=feature, environment=environment, first=first_day, last=last_day
        )
        return self._columns(
            "SELECT provider, model, meter, CAST(sum(quantity) AS DOUBLE) AS quantity, "
            f"{_usd('list_pico', 'list_cost_usd')}, {_usd('contract_pico', 'contract_cost_usd')} "
            f"FROM rollup_class{where} GROUP BY ALL ORDER BY provider, model, meter",
            values,
        )

    def tenants(
        self,
        *,
        feature: str | None = None,
        environment: str | None = None,
        first_day: str | None = None,
        last_day: str | None = None,
    ) -> dict[str, list[Any]]:
        """Return requests and cost by tenant, largest first, days inclusive."""
        where, values = _where(
            feature=feature, environment=environment, first=first_day, last=last_day
        )
        return self._columns(
            "SELECT tenant, CAST(sum(requests) AS BIGINT) AS requests, "
            f"CAST(sum(unpriced_requests) AS BIGINT) AS unpriced_requests, "
            f"{_usd('list_pico', 'list_cost_usd')}, {_usd('contract_pico', 'contract_cost_usd')} "
            f"FROM rollup_day{where} GROUP BY tenant ORDER BY contract_cost_usd DESC NULLS LAST",
            values,
        )

    def class_days(
        self,
        *,
        model: str,
        meter: str,
        feature: str | None = None,
        environment: str | None = None,
        first_day: str | None = None,
        last_day: str | None = None,
    ) -> dict[str, list[Any]]:
        """Return quantity and cost of one meter of a model by day and feature, days inclusive."""
        where, values = _where(
            model=model, meter=meter, feature=feature, environment=environment,
            first=first_day, last=last_day,
        )  # fmt: skip
        return self._columns(
            "SELECT CAST(day AS VARCHAR) AS day, feature, CAST(sum(quantity) AS DOUBLE) AS quantity, "
            f"{_usd('list_pico', 'list_cost_usd')}, {_usd('contract_pico', 'contract_cost_usd')} "
            f"FROM rollup_class{where} GROUP BY ALL ORDER BY day, feature",
            values,
        )

    def tenant_models(
        self,
        *,
        feature: str | None = None,
        environment: str | None = None,
        first_day: str | None = None,
        last_day: str | None = None,
    ) -> dict[str, list[Any]]:
        """Return requests and cost by tenant and model, days inclusive."""
        where, values = _where(
            feature=feature, environment=environment, first=first_day, last=last_day
        )
        return self._columns(
            "SELECT tenant, model, CAST(sum(requests) AS BIGINT) AS requests, "
            f"{_usd('list_pico', 'list_cost_usd')}, {_usd('contract_pico', 'contract_cost_usd')} "
            f"FROM rollup_day{where} GROUP BY ALL ORDER BY tenant, model",
            values,
        )

    def users(
        self, *, grain: str, cut: str = "all", value: str | None = None
    ) -> dict[str, list[Any]]:
        """Return distinct users by period of a grain (day, week, month) for one counted cut."""
        return self._columns(
            "SELECT CAST(period AS VARCHAR) AS period, users FROM rollup_users WHERE grain = ? "
            "AND cut = ? AND value IS NOT DISTINCT FROM ? ORDER BY period",
            [grain, cut, value],
        )

    def outcomes(
        self,
        *,
        feature: str | None = None,
        environment: str | None = None,
        first_day: str | None = None,
        last_day: str | None = None,
    ) -> dict[str, list[Any]]:
        """Return outcomes a day and feature; rows with feature NULL matched no request."""
        where, values = _where(
            feature=feature, environment=environment, first=first_day, last=last_day
        )
        sums = ", ".join(
            f"CAST(sum({name}) AS {kind}) AS {name}"
            for name, kind in (
                ("units", "BIGINT"), ("resolved_gross", "BIGINT"), ("reopened", "BIGINT"),
                ("resolved_net", "BIGINT"), ("escalated", "BIGINT"), ("failed", "BIGINT"),
                ("rejected", "BIGINT"), ("human_minutes", "DOUBLE"), ("quality_sum", "DOUBLE"),
                ("quality_count", "BIGINT"),
            )
        )  # fmt: skip
        return self._columns(
            f"SELECT CAST(day AS VARCHAR) AS day, feature, {sums} FROM rollup_outcome{where} "
            "GROUP BY ALL ORDER BY day, feature",
            values,
        )

    def hourly(
        self, *, model: str | None = None, environment: str | None = None
    ) -> dict[str, list[Any]]:
        """Return requests, tokens and cost by hour and model."""
        where, values = _where(model=model, environment=environment)
        return self._columns(
            "SELECT CAST(hour AS VARCHAR) AS hour, provider, model, "
            "CAST(sum(requests) AS BIGINT) AS requests, "
            "CAST(sum(input_tokens) AS BIGINT) AS input_tokens, "
            "CAST(sum(output_tokens) AS BIGINT) AS output_tokens, "
            f"{_usd('list_pico', 'list_cost_usd')}, {_usd('contract_pico', 'contract_cost_usd')} "
            f"FROM rollup_hour_model{where} GROUP BY ALL ORDER BY hour, provider, model",
            values,
        )

    def latency(
        self,
        *,
        feature: str | None = None,
        model: str | None = None,
        first_day: str | None = None,
        last_day: str | None = None,
    ) -> dict[str, list[Any]]:
        """Return requests by day and 2 % latency bin; bin n holds [1.02**n, 1.02**(n+1)) ms."""
        where, values = _where(feature=feature, model=model, first=first_day, last=last_day)
        return self._columns(
            "SELECT CAST(day AS VARCHAR) AS day, feature, model, bin, "
            f"CAST(sum(requests) AS BIGINT) AS requests FROM rollup_latency{where} "
            "GROUP BY ALL ORDER BY day, feature, model, bin",
            values,
        )

    def prices(self, *, provider: str, model: str) -> dict[str, list[Any]]:
        """Return the price rows of a model, as imported."""
        return self._columns(
            "SELECT * FROM price_row WHERE provider = ? AND model = ? "
            "ORDER BY layer, meter, effective_from",
            [provider, model],
        )


def _usd(pico: str, name: str) -> str:
    """Drawing only: exact figures are in the store; NULL where nothing was priced."""
    return f"CAST(sum({pico}) AS DOUBLE) / 1e12 AS {name}"


def _where(
    *,
    feature: str | None = None,
    environment: str | None = None,
    model: str | None = None,
    meter: str | None = None,
    first: str | None = None,
    last: str | None = None,
) -> tuple[str, list[Any]]:
    asked: list[tuple[str, Any]] = [
        ("feature = ?", feature),
        ("environment = ?", environment),
        ("model = ?", model),
        ("meter = ?", meter),
        ("day >= CAST(? AS DATE)", first),
        ("day <= CAST(? AS DATE)", last),
    ]
    given = [(text, value) for text, value in asked if value is not None]
    if not given:
        return "", []
    return " WHERE " + " AND ".join(text for text, _ in given), [value for _, value in given]


def open_snapshot(snapshots: Path) -> Snapshot:
    """Open the current snapshot read-only, with no access to any other file."""
    path = current(snapshots)
    try:
        connection = duckdb.connect(
            str(path),
            read_only=True,
            config={
                "enable_external_access": "false",
                "threads": str(min(2, os.cpu_count() or 1)),
                "lock_configuration": "true",
            },
        )
    except duckdb.Error as error:
        raise StoreError(
            f"{path}: the snapshot cannot be opened ({str(error)[:200]}). Publish a new one."
        ) from error
    return Snapshot(path, connection)
