import json

import pytest

from workbench.errors import InputError
from workbench.models.retention.headless import retention_report
from workbench.reference import read_table

IA, STANDARD = "AWS S3 Standard-IA (us-east-1)", "AWS S3 Standard (us-east-1)"
DEEP = "AWS S3 Glacier Deep Archive (us-east-1)"
LOGS = "GCP Cloud Logging log bucket (all)"
INPUTS = {
    "packet": {"text_bytes": 8_000, "metadata_bytes": 1_000, "embedding_dimensions": 1_536},
    "flow": {"records_per_day": 100_000, "compression": 4.0, "records_per_object": 10_000},
    "plan": {"tiers": [STANDARD], "starts": [0], "period_days": 2_192},
    "limits": {
        "lower_days": 2_192,
        "access": [{"until_age_days": 90, "within_hours": 1, "why": "PCI 10.5.1"}],
    },
    "choices": {
        "tiers": [STANDARD, IA, DEEP], "periods_days": [2_192], "ages_days": [90],
        "precisions": ["float32", "int8", "none"],
    },
}  # fmt: skip


def test_a_policy_is_costed_and_cheaper_ones_are_found() -> None:
    report = json.loads(json.dumps(retention_report(INPUTS, read_table("storage_prices"))))
    # 100,000 x 15,144 bytes / 4 = 0.3786 GB a day x 2,192 days x 0.023
    assert report["month"]["storage_usd"] == pytest.approx(19.0874, abs=1e-3)
    best = report["optimum"]["best"][0]
    assert best["precision"] == "none"
    assert best["tiers"][-1] == DEEP
    assert best["starts"][-1] == 90
    assert best["month"]["total_usd"] < report["month"]["total_usd"]
    assert report["optimum"]["usd_per_month_by_constraint"]["access: PCI 10.5.1"] > 0


def test_ingest_decides_in_a_log_service() -> None:
    inputs = {**INPUTS, "plan": {"tiers": [LOGS], "starts": [0], "period_days": 30}}
    report = retention_report(inputs, read_table("storage_prices"))
    assert report["month"]["ingest_share"] == pytest.approx(1.0)
    assert report["days_elasticity"] == pytest.approx(0.0)
    assert report["price_confidence"] == {LOGS: "confirmed"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"packet": {"text_byte": 1}}, "missing text_bytes; unknown text_byte"),
        ({"plan": {"tiers": ["Nowhere"]}}, "No storage price for Nowhere"),
        ({"flow": None}, "`flow` must be a mapping"),
    ],
)
def test_wrong_input_says_what_is_missing(change, message) -> None:
    with pytest.raises(InputError, match=message):
        retention_report({**INPUTS, **change}, read_table("storage_prices"))
