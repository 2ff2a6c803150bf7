"""What a Terraform module costs a month: its model calls by the price book, its stores by their sheet.

Only what has a price on file is added up; every other resource is listed as unpriced, because
no price is not a price of nothing. Stock is at its steady state: one retention period of records.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from workbench.errors import InputError
from workbench.models.retention.cost import STORAGE_MONTH_DAYS, Tier
from workbench.models.retention.prices import priced_tiers
from workbench.playbook.evidence import Evidence
from workbench.playbook.hcl import Block
from workbench.playbook.terraform import read_module, resolved_blocks
from workbench.reference import read_table
from workbench.units import BYTES_PER_GB, SECONDS_PER_HOUR

USAGE_DAYS = 30
DEFAULT_LOG_BYTES = 15_000
"""One request with its packet: 8 KB text, 6 KB embedding, 1 KB metadata (a typical size, assumed)."""
LAYERS = ("contract", "overlay", "default", "history")
FREE_KINDS = ("aws_iam_", "google_project_iam_", "google_service_account", "google_project_service")
"""Identities and permissions: providers bill none of them."""

USAGE_SQL = """
SELECT provider, model, count(*) AS requests, CAST(sum(contract_cost_usd) AS DOUBLE) AS usd,
       count(*) FILTER (WHERE contract_cost_usd IS NULL) AS unpriced
FROM priced_usage
WHERE feature = $feature AND environment = 'production' AND NOT is_aggregate
  AND started_at >= $since AND started_at < $until
GROUP BY 1, 2 ORDER BY 1, 2
"""
RATES_SQL = """
SELECT meter, layer, CAST(pico_usd_per_unit AS DOUBLE) AS pico_usd, conditions, source, source_version
FROM price_book
WHERE provider = $provider AND model = $model AND layer <> 'witness'
  AND (effective_from IS NULL OR effective_from <= $day) AND (effective_to IS NULL OR effective_to > $day)
ORDER BY meter, layer, effective_from
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLine:
    """One part of the estimate; `usd` is None where no price is on file."""

    what: str
    quantity: str
    usd: float | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A module's month: its lines, and their sum over what has a price."""

    module: str
    requests_per_month: float
    lines: tuple[CostLine, ...]

    @property
    def priced_usd(self) -> float:
        """Sum of the lines that have a price."""
        return sum(line.usd for line in self.lines if line.usd is not None)

    @property
    def unpriced(self) -> int:
        """Lines without a price."""
        return sum(line.usd is None for line in self.lines)

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "module": self.module, "requests_per_month": self.requests_per_month,
            "priced_usd": self.priced_usd, "unpriced": self.unpriced,
            "lines": [asdict(line) for line in self.lines],
        }  # fmt: skip


def estimate(
    folder: Path, *, calls: Sequence[CostLine], requests_per_month: float, bytes_per_request: float
) -> Estimate:
    """Return what a module costs a month.

    Parameters
    ----------
    folder
        Folder of its `*.tf` files.
    calls
        The model calls, from `calls_of_feature` or `calls_of_model`.
    requests_per_month, bytes_per_request
        Traffic, and the raw bytes a request leaves in each log.

    Raises
    ------
    InputError
        If the folder holds no Terraform file.
    """
    files = read_module(folder)
    if not files:
        raise InputError(
            f"{folder}: no *.tf file. Name a module's folder, such as terraform/bedrock."
        )
    gb_per_month = requests_per_month * bytes_per_request / BYTES_PER_GB
    blocks = [block for _, block in resolved_blocks(files)]
    lines = [line for block in blocks for line in _stored(block, gb_per_month, requests_per_month)]
    return Estimate(
        module=folder.name, requests_per_month=requests_per_month, lines=(*calls, *lines)
    )


def calls_of_feature(
    evidence: Evidence, *, feature: str, requests_per_month: float | None
) -> tuple[tuple[CostLine, ...], float]:
    """Return a feature's model calls as its last 30 days were priced, and its requests a month.

    Raises
    ------
    InputError
        If the feature had no production request in those days.
    """
    until = datetime.combine(evidence.as_of + timedelta(days=1), time.min)
    params = {"feature": feature, "since": until - timedelta(days=USAGE_DAYS), "until": until}
    rows = evidence.rows(USAGE_SQL, params)
    seen = sum(row["requests"] for row in rows)
    if not seen:
        raise InputError(
            f"{feature!r} has no production request in the {USAGE_DAYS} days to {evidence.as_of}. "
            "Name --model, --requests and --tokens instead."
        )
    scale = (requests_per_month or seen) / seen
    lines = [
        CostLine(
            what=f"calls of {row['provider']}/{row['model']}",
            quantity=f"{row['requests'] * scale:,.0f} requests",
            usd=None if row["unpriced"] else row["usd"] * scale,
            source=f"price book over the own requests of {USAGE_DAYS} days to {evidence.as_of}",
        )
        for row in rows
    ]
    return tuple(lines), seen * scale


def calls_of_model(
    evidence: Evidence, *, model: str, requests_per_month: float, meters: Mapping[str, float]
) -> tuple[CostLine, ...]:
    """Return the calls of `provider/model` at the price book's plain rates of the day.

    `meters` is what one request uses, by meter of the price book.

    Raises
    ------
    InputError
        If the model or a meter has no price; the message says which.
    """
    provider, _, name = model.partition("/")
    if not name:
        raise InputError(
            f"{model!r}: name a model as provider/model, such as anthropic/claude-sonnet-5."
        )
    day: date = evidence.as_of
    params = {"provider": provider, "model": name, "day": datetime.combine(day, time.min)}
    rows = [row for row in evidence.rows(RATES_SQL, params) if _plain(row["conditions"])]
    found = []
    for meter, each in meters.items():
        mine = [row for row in rows if row["meter"] == meter]
        if not mine:
            known = ", ".join(sorted({row["meter"] for row in rows})) or "none"
            raise InputError(f"{model} has no plain price for {meter!r} on {day}; it has: {known}.")
        rate = min(mine, key=lambda row: LAYERS.index(row["layer"]))
        found.append(
            CostLine(
                what=f"{meter} of {model}", quantity=f"{each * requests_per_month:,.0f}",
                usd=each * requests_per_month * rate["pico_usd"] / 1e12,
                source=f"price book, {rate['layer']}: {rate['source']} {rate['source_version']}",
            )
        )  # fmt: skip
    return tuple(found)


def _plain(conditions: str | None) -> bool:
    text = conditions or "{}"
    return not any(word in text for word in ("context_over", "processing", "tier", "hour", "alias"))


def _stored(block: Block, gb_per_month: float, requests: float) -> list[CostLine]:
    """Return a resource's monthly cost; a store without a price, and any other, is unpriced."""
    if str(block.body.get("count", "")) == "0" or block.type.startswith(FREE_KINDS):
        return []
    place = _PLACES.get(block.type)
    if place is None:
        return [
            CostLine(what=block.address, quantity="", usd=None, source="no price on file")
        ] if block.type in _BILLED else []  # fmt: skip
    platform, service, tier_name = place
    region = str(block.body.get("region") or block.body.get("location") or "")
    priced = _tier(platform, service, tier_name, region=region)
    days = _kept_days(block)
    if priced is None or days is None:
        why = "no price on file" if priced is None else "how long it keeps is only known to a plan"
        return [CostLine(what=block.address, quantity="", usd=None, source=why)]
    tier, source = priced
    stock_gb = gb_per_month * days / STORAGE_MONTH_DAYS * tier.overhead_factor
    usd = stock_gb * tier.usd_per_gb_month + gb_per_month * tier.ingest_usd_per_gb
    usd += requests / 1000 * tier.put_usd_per_1000 if tier.put_usd_per_1000 else 0.0
    return [
        CostLine(
            what=block.address, usd=usd, source=source,
            quantity=f"{gb_per_month:,.2f} GB a month, kept {days:,.0f} days",
        )
    ]  # fmt: skip


_PLACES = {
    "aws_s3_bucket": ("AWS", "S3", "Standard"),
    "aws_cloudwatch_log_group": ("AWS", "CloudWatch Logs", "Standard class"),
    "google_storage_bucket": ("GCP", "Cloud Storage", "Standard"),
    "google_logging_project_bucket_config": ("GCP", "Cloud Logging", "log bucket"),
}
_BILLED = frozenset({
    "aws_kms_key", "aws_bedrock_guardrail", "aws_cloudwatch_metric_alarm", "aws_sns_topic",
    "aws_ce_anomaly_monitor", "aws_bedrock_provisioned_model_throughput", "aws_vpc_endpoint",
    "aws_cloudtrail", "google_kms_crypto_key", "google_bigquery_dataset", "google_model_armor_template",
    "google_monitoring_alert_policy", "google_vertex_ai_endpoint", "google_pubsub_topic",
    "google_secret_manager_secret", "google_data_loss_prevention_inspect_template",
})  # fmt: skip
"""Resources whose provider bills them, and for which no price is on file here."""
ANY_REGION = {"AWS": "us-east-1", "GCP": "us-central1"}


def _tier(platform: str, service: str, name: str, *, region: str) -> tuple[Tier, str] | None:
    """Return a confirmed price of the region, or of the platform's first one, saying so."""
    rows = [
        row for row in read_table("storage_prices")
        if (row["platform"], row["service"], row["tier"]) == (platform, service, name)
    ]  # fmt: skip
    tiers = [
        one for one in priced_tiers(rows, raw_bytes_per_record=DEFAULT_LOG_BYTES) if one.may_lead
    ]
    for wanted, note in (
        (region, ""),
        ("all", ""),
        (ANY_REGION[platform], f", price of {ANY_REGION[platform]}"),
    ):
        for one in tiers:
            if one.region == wanted:
                return one.tier, f"{one.label}{note}"
    return None


def _kept_days(block: Block) -> float | None:
    """Return how long a store keeps what it takes, by its own arguments or its tag `keep_days`."""
    body = block.body
    policies = [p for p in body.get("retention_policy") or [] if isinstance(p, Mapping)]
    marks = {**_mapping(body.get("tags")), **_mapping(body.get("labels"))}
    values = [body.get("retention_in_days"), body.get("retention_days"), marks.get("keep_days")]
    if policies:
        seconds = str(policies[0].get("retention_period", ""))
        values.append(float(seconds) / (24 * SECONDS_PER_HOUR) if seconds.isdigit() else None)
    for value in values:
        if value is not None and str(value).replace(".", "", 1).isdigit():
            return float(value)
    return None


def _mapping(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}
