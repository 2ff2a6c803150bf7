from dataclasses import replace

import pytest

from workbench.errors import InputError
from workbench.models.close import CloseFigures, accrue, close_checks, prior_period_adjustments

ACCRUAL = accrue(
    metered_days=20, metered_usd_per_day=50, estimated_days=10, estimated_usd_per_day=60
)
CLEAN = CloseFigures(
    missing_days={"gateway": 0, "console": 0},
    unpriced_rows=0,
    cost_usd=1_600.00,
    allocated_usd=1_500.00,
    unallocated_usd=100.00,
    accrual=ACCRUAL,
    previous_true_up_booked=True,
    invoice_usd=1_610.00,
    envelope_stored=True,
    envelope_held=False,
)


def failed(figures: CloseFigures) -> list[str]:
    return [check.name for check in close_checks(figures).checks if check.verdict == "fail"]


def test_a_clean_month_closes():
    assert close_checks(CLEAN).may_close
    assert ACCRUAL.usd == 1_600.0
    assert ACCRUAL.true_up_usd(1_610.0) == 10.0


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"missing_days": {"gateway": 2}}, "complete"),
        ({"missing_days": {}}, "complete"),
        ({"unpriced_rows": 3}, "priced"),
        ({"unpriced_rows": 3, "accepted_unpriced_rows": 3}, "priced"),
        ({"previous_true_up_booked": False}, "accrued"),
        ({"accrual": None, "invoice_usd": None}, "accrued"),
        ({"allocated_usd": 1_499.99}, "allocated"),
        ({"invoice_usd": 1_700.00}, "invoiced"),
        ({"invoice_usd": 0.0}, "invoiced"),
        ({"envelope_held": None}, "scored"),
    ],
)
def test_each_fault_stops_the_close_by_its_own_check(change, check):
    figures = replace(CLEAN, **change)
    assert failed(figures) == [check]
    assert not close_checks(figures).may_close


def test_unpriced_rows_pass_once_somebody_has_accepted_them():
    figures = replace(CLEAN, unpriced_rows=3, accepted_unpriced_rows=3, accepted_by="controller")
    assert close_checks(figures).may_close


def test_an_envelope_that_did_not_hold_is_scored_all_the_same():
    assert "scored" not in failed(CLEAN)


def test_no_accuracy_against_an_invoice_of_nothing():
    assert ACCRUAL.accuracy(0.0) is None


def test_negative_days_are_refused():
    with pytest.raises(InputError, match="negative"):
        accrue(metered_days=-1, metered_usd_per_day=1, estimated_days=0, estimated_usd_per_day=0)


def test_late_rows_become_an_adjustment_and_the_close_stays():
    closed = {"2026-08": 100.0, "2026-09": 200.0}
    found = prior_period_adjustments(closed, {"2026-08": 100.001, "2026-09": 212.5})
    assert [(one.period, one.closed_usd, one.usd) for one in found] == [("2026-09", 200.0, 12.5)]
