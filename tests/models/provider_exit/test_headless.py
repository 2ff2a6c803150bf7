import json

import pytest

from workbench.errors import InputError
from workbench.models.provider_exit.headless import exit_report

INPUTS = {
    "inventory": {
        "prompts": 30, "evaluation_cases": 0, "data_gb": 100,
        "commitments": [{"months_left": 6, "usd_per_month": 1_000, "reusable_share": 0.5}],
    },
    "effort": {
        "hours_per_prompt": [2, 4, 6], "label_minutes_per_case": 0, "evaluation_runs": 0,
        "usd_per_hour": 100, "training_usd_per_mtok": 0, "embedding_usd_per_mtok": 0,
        "usd_per_million_vectors": 0, "egress_usd_per_gb": 0, "recreate_usd_per_gb": 20,
        "dual_run_days": 0, "dual_run_share": 0, "cache_warm_up_days": 0, "project_hours": 0,
        "revalidation_hours": 0,
    },
    "tasks": [
        {"name": "prompts", "days": [5, 10, 15]},
        {"name": "move", "days": 2, "after": ["prompts"]},
    ],
    "stressed": {"hours_factor": 1.5, "data_returned_share": 0.0},
    "tolerance_days": 12,
    "cash": {"stay_usd_by_year": [20_000, 20_000], "exit_usd_by_year": [10_000, 10_000],
             "discount_rate": 0.0},
}  # fmt: skip


def test_an_exit_is_priced_and_scheduled_from_plain_data() -> None:
    report = json.loads(json.dumps(exit_report(INPUTS)))
    # 30 prompts x 4 h x 100, plus 3,000 stranded; symmetric, so mean and median agree
    assert report["planned"]["total_usd"]["p50"] == pytest.approx(15_000, rel=1e-3)
    # pressed for time 18,000, the same 3,000, and 100 GB made again at 20
    assert report["stressed"]["total_usd"]["p50"] == pytest.approx(23_000, rel=1e-3)
    assert report["planned"]["p_within_tolerance"] == pytest.approx(0.5, abs=0.01)
    assert report["planned"]["critical_path"] == ["prompts", "move"]
    # 20,000 saved in two years against 12,000 now; the 3,000 are sunk either way
    assert report["cash"]["npv_usd"]["p50"] == pytest.approx(8_000, rel=1e-3)
    assert report["cash"]["sunk_write_off_usd"] == 3_000
    assert report["cash"]["payback_years"] == pytest.approx(1.2, rel=1e-3)
    assert report["cash"]["p_npv_positive"] == 1.0


def test_variants_share_their_draws_and_a_seed_repeats_them() -> None:
    assert exit_report(INPUTS) == exit_report(INPUTS)
    report = exit_report({**INPUTS, "stressed": {"hours_factor": 1.0, "data_returned_share": 1.0}})
    assert report["stressed"]["total_usd"] == report["planned"]["total_usd"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"inventory": {"prompt": 3}}, "missing evaluation_cases, prompts; unknown prompt"),
        ({"effort": {"usd_per_hour": "dear"}}, "usd_per_hour: 'dear' is no estimate"),
        ({"tasks": [{"name": "x", "days": [3, 2, 1]}]}, "low <= likely <= high"),
        ({"inventory": None}, "`inventory` must be a mapping"),
    ],
)
def test_wrong_input_says_what_is_missing(change, message) -> None:
    with pytest.raises(InputError, match=message):
        exit_report({**INPUTS, **change})
