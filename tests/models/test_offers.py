"""Offers of capacity: what lacks a term is listed and never sized; a contract completes it."""

import pytest

from workbench.errors import InputError
from workbench.models.offers import completed, is_made_for, offers_of, open_offers_of
from workbench.reference import read_table

SHIPPED = {
    "offer": "Unit, 1 month", "provider": "P", "model": "m", "regions": "eu us",
    "weighted_tokens_per_minute": "1000", "usd_per_unit_hour": "", "minimum_units": "2",
    "step_units": "2", "term_hours": "730", "spill_usd_per_mtok": "3", "weight_input": "1",
    "weight_output": "5", "weight_cached_input": "0.1", "weight_output_image": "",
    "source": "page", "confidence": "confirmed but for the price",
}  # fmt: skip


def test_an_offer_without_a_price_is_listed_as_open_and_never_sized():
    assert offers_of([SHIPPED]) == []
    (one,) = open_offers_of([SHIPPED])
    assert one.words == "no published price: enter yours"
    (two,) = open_offers_of([SHIPPED | {"weighted_tokens_per_minute": ""}])
    assert two.missing == ("price", "capacity")


def test_a_contract_price_completes_the_shipped_offer_and_decides():
    rows = completed(
        [SHIPPED], [{"offer": "unit, 1 MONTH", "model": "M", "usd_per_unit_hour": "0.06"}]
    )
    (one,) = offers_of(rows)
    assert open_offers_of(rows) == []
    assert one.confidence == "confirmed"
    assert (one.unit.minimum_units, one.regions) == (2, ("eu", "us"))
    # 60,000 tokens an hour at 3 a million are 0.18 an hour: a third is the break-even
    assert one.unit.breakeven_utilization == pytest.approx(1 / 3)


def test_a_new_offer_needs_all_its_terms():
    own = {"offer": "Mine", "provider": "P", "model": "m", "usd_per_unit_hour": "1"}
    with pytest.raises(InputError, match="weighted_tokens_per_minute"):
        completed([SHIPPED], [own])
    full = own | {"weighted_tokens_per_minute": "10", "spill_usd_per_mtok": "1", "weight_input": "1",
                  "weight_output": "4", "weight_cached_input": "0"}  # fmt: skip
    found = offers_of(completed([SHIPPED], [full]))
    assert [each.unit.name for each in found] == ["Mine, m"]
    assert found[0].unit.minimum_units == 1


def test_what_stays_open_after_the_sheet_is_refused_with_its_column():
    shipped = SHIPPED | {"weighted_tokens_per_minute": ""}
    own = {"offer": "Unit, 1 month", "model": "m", "usd_per_unit_hour": "1"}
    with pytest.raises(InputError, match="still lacks weighted_tokens_per_minute"):
        completed([shipped], [own])


@pytest.mark.parametrize(
    ("offered", "served", "fits"),
    [
        ("gpt-5", "gpt-5", True), ("gpt-5", "gpt-5-2025-08-07", True), ("gpt-5", "gpt-5-mini", False),
        ("gpt-5", "gpt-5.4", False), ("gemini-2.5-flash", "gemini-2.5-flash-lite", False),
        ("gemini-2.5-flash", "gemini-2.5-flash-image", False), ("gemini-2.5-pro", "gemini-2.5-pro-001", True),
        ("claude-sonnet-4-5", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", True),
        ("claude-sonnet-4-5", "anthropic/claude-sonnet-4-5@20250929", True), ("gpt-4o", "openai/gpt-4o", True),
        ("gpt-5", "", False),
    ],
)  # fmt: skip
def test_an_offer_is_made_for_its_model_under_any_date(offered, served, fits):
    assert is_made_for(offered, served) is fits


def test_every_provisioned_unit_of_the_facts_is_an_offer_or_open():
    """One row of `provisioned_units` for each unit sold; those no longer sold are named here."""
    closed = {"Priority Tier", "PTU legacy commitment"}
    rows = read_table("commitment_offers")
    listed = {(row["provider"], row["offer"].split(",")[0], row["model"]) for row in rows}
    names = {
        "PTU": "Azure PTU global", "GSU": "Google GSU global", "Model Unit (MU)": "Bedrock model unit",
        "Scale Tier unit": "OpenAI scale tier input", "Reserved tier": "Bedrock reserved tier input",
    }  # fmt: skip
    models = {"Claude v1 / v2.1": "claude-2", "Claude Instant v1": "claude-instant-v1",
              "Claude Sonnet 4.5 (at launch)": "claude-sonnet-4-5"}  # fmt: skip
    for unit in read_table("provisioned_units"):
        if unit["unit"] in closed or unit["model"].startswith(("any", "all")):
            continue
        for part in unit["model"].split(" / ") if unit["unit"] == "PTU" else [unit["model"]]:
            model = models.get(part, part)
            if part in (
                "gpt-5.3-codex",
                "gpt-5.1",
            ):  # sold at the terms of the model it stands beside
                continue
            assert (unit["provider"], names[unit["unit"]], model) in listed, unit
    for place in ("global", "data zone", "regional"):
        assert any(row["offer"].startswith(f"Azure PTU {place}") for row in rows)
    assert not [one for one in offers_of(rows) if one.unit.usd_per_hour == 0]
