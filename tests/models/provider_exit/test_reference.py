from datetime import date

import pytest

from workbench.models.provider_exit.conversion import TokenizerRatio, blended_ratio
from workbench.models.provider_exit.exit_cost import Effort, effort_names
from workbench.models.provider_exit.uncertainty import ThreePoint
from workbench.reference import read_table

TABLES = (
    "retention_rules", "storage_prices", "model_lifecycle", "tokenizer_ratios", "exit_efforts",
    "exit_cost_published",
)  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_every_row_says_where_it_is_from_and_how_sure_it_is(name: str) -> None:
    for row in read_table(name):
        assert row["source"], row
        assert row["confidence"], row
        date.fromisoformat(row["retrieved_on"])


def test_an_effort_can_be_read_from_the_table_and_no_default_is_confirmed() -> None:
    rows = {row["effort"]: row for row in read_table("exit_efforts")}
    assert set(rows) == set(effort_names())
    assert {row["confidence"] for row in rows.values()} == {"estimate", "derived", "unknown"}
    # What nobody knows has no number: the owner states it, zero is not filled in.
    assert {name for name, row in rows.items() if row["likely"] == ""} == {
        "recreate_usd_per_gb", "training_usd_per_mtok", "usd_per_million_vectors",
    }  # fmt: skip
    effort = Effort(
        **{
            name: ThreePoint(
                low=float(row["low"]), likely=float(row["likely"]), high=float(row["high"])
            )
            if row["likely"]
            else ThreePoint.exactly(3.0)
            for name, row in rows.items()
        }
    )
    assert effort.hours_per_prompt.mean == pytest.approx(5.5)


def test_published_costs_of_a_switch_differ_a_hundredfold() -> None:
    whole = [row for row in read_table("exit_cost_published") if row["what"] == "whole switch"]
    low = min(float(row["low_usd"]) for row in whole)
    high = max(float(row["high_usd"]) for row in whole)
    assert high / low > 100


def test_shipped_tokenizer_ratios_are_marked_as_single_samples() -> None:
    rows = read_table("tokenizer_ratios")
    assert {row["confidence"] for row in rows} == {"single-sample"}
    qwen = {
        row["text_kind"]: TokenizerRatio(
            ratio=float(row["tokens_per_o200k_token"]), basis="single-sample"
        )
        for row in rows
        if row["tokenizer"] == "qwen3"
    }
    mix = blended_ratio({"english_prose": 0.5, "finance_table": 0.5}, qwen)
    # prose hides what tables of numbers cost: 1.00 and 1.38
    assert mix.ratio == pytest.approx(1.19, abs=0.005)
    assert mix.basis == "single-sample"
