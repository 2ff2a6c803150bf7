import copy
import importlib.util
from pathlib import Path

import numpy as np
import pytest

from widgets.commitments import page as commitments_page
from widgets.hosting import ask_of, page
from widgets.hosting_data import default_feature, feature_of, models
from widgets.hosting_weigh import weighed
from workbench.figures.hosting_page import tiles as page_tiles

_spec = importlib.util.spec_from_file_location(
    "fake_snapshot", Path(__file__).with_name("fake_snapshot.py")
)
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
FakeSnapshot = _module.FakeSnapshot

HOURS = 28 * 24
DAY = np.array([1] * 8 + [20] * 10 + [5] * 6, dtype=float)


def entry(**more):
    """A feature of 1,000 tokens in and 200 out, 20 requests in a busy hour, EU data."""
    requests = np.tile(DAY, 28)
    given = {
        "feature": "reply", "environment": "production", "first_day": "2026-10-04",
        "requests": int(requests.sum()), "mean_input_tokens": 1_000.0, "mean_output_tokens": 200.0,
        "sigma": 0.5, "cache_hit_rate": 0.25, "unpriced_requests": 0, "ttft_p95_s": 0.9,
        "regions": ["eu"], "cv": 1.5, "allowed_regions": ["eu"], "data_classes": ["personal"],
        "served": [{"provider": "openai", "model": "gpt", "requests": 1}],
        "requests_by_hour": requests.tolist(), "tokens_by_hour": (requests * 1_200).tolist(),
        "peak_requests_per_s": (requests / 3_600 * 2).tolist(),
        "usd_per_mtok": {"uncached": 2.0, "cached": None, "output": 8.0},
        "weekly_tokens": [1e6] * 8,
        "backups": [{"provider": "p", "model": "other", "region": "us",
                     "usd_per_mtok": {"uncached": 0.1, "cached": 0.1, "output": 0.1}}],
    }  # fmt: skip
    return given | more


class Published(FakeSnapshot):
    """The fake snapshot with the two documents these pages read."""

    def __init__(self, **documents):
        super().__init__()
        tokens = (np.tile(DAY, 28) * 1e6).tolist()
        load = {"provider": "google", "model": "gemini-2.5-flash", "requests": 9,
                "input": tokens, "cached_input": [0.0] * HOURS, "output": [0.0] * HOURS}  # fmt: skip
        self.documents = {
            "hosting": {"as_of": "2026-10-31", "features": [entry()]},
            "commitments": {"as_of": "2026-10-31", "environment": "production", "models": [load]},
        } | documents

    def document(self, name):
        return copy.deepcopy(self.documents.get(name))


@pytest.fixture
def hosting():
    return page(Published())


def head(shown):
    assert shown.charts.head["stale"] is False, shown.charts.head["notice"]
    return shown.charts.head


def options(shown):
    table = next(card for card in shown.charts.cards if "figure" not in card)
    return {row[0].removesuffix(" ✓"): row for row in table["rows"]}


def test_the_page_opens_on_what_the_log_shows(hosting):
    assert hosting.inputs["cache"].value == 0.25
    assert hosting.inputs["growth"].value == pytest.approx(0.0)
    assert hosting.inputs["rental"].value == 2.95
    # 8 hours of 1, 10 of 20 and 6 of 5 are 238 a day: 9.917 of 20 in the busiest hour
    assert hosting.values()["utilization"] == pytest.approx(238 / 24 / 20)


def test_the_api_costs_what_the_mix_costs_and_wins_at_little_volume(hosting):
    # five sixths of 2.0 and one sixth of 8.0: no cached price is known
    assert hosting.charts.tiles[0]["value"] == "3.00"
    assert head(hosting)["answer"].startswith("Stay on the managed API")
    assert "reply is at" in head(hosting)["answer"]


def test_a_backup_abroad_is_cheapest_and_excluded(hosting):
    row = options(hosting)["Backup API, other"]
    assert row[-1]["text"] == "excluded"
    assert "may not leave eu" in row[5]["text"]
    hosting.inputs["region"].value = "anywhere"
    assert options(hosting)["Backup API, other"][-1]["text"] == "list price"
    assert "backup API, other" in head(hosting)["answer"]


def test_volume_turns_the_answer(hosting):
    hosting.inputs["volume"].value = "1000"
    hosting.inputs["growth"].value = 0.02
    assert head(hosting)["answer"].startswith("At 2.0 % growth a month, run reply on")
    assert "own" in head(hosting)["answer"]


def test_a_shock_and_dearer_rent_raise_own_cost_in_proportion(hosting):
    def own():
        value, unit = (hosting.charts.tiles[1][name] for name in ("value", "unit"))
        return float(value.replace(",", "")) * {"$": 1, "$k": 1e3}[unit]

    before = own()
    hosting.inputs["shock"].value = 2.0
    assert own() == pytest.approx(2 * before, rel=0.01)


def test_lower_use_of_a_full_fleet_costs_more():
    reading_page = page(Published())
    reading = reading_page._data
    values = reading_page.values()
    half = weighed(reading, ask_of({**values, "utilization": 0.4}, reading)).fleet
    full = weighed(reading, ask_of({**values, "utilization": 0.8}, reading)).fleet
    assert half.floor_usd_per_mtok == pytest.approx(2 * full.floor_usd_per_mtok)
    assert half.minimum_usd_per_month == full.minimum_usd_per_month


def test_the_error_on_unseen_configurations_comes_from_the_table(hosting):
    foot = hosting.charts.cards[0]["foot"]
    assert "median 8.2 %" in foot
    assert "15.2 %" in foot
    assert "1,873 points" in foot


def test_what_was_never_measured_is_refused_and_the_api_still_stands():
    long = entry(mean_input_tokens=60_000.0)
    shown = page(Published(hosting={"as_of": "2026-10-31", "features": [long]}))
    assert "Own capacity is not predicted" in head(shown)["notice"]
    assert set(options(shown)) == {"Managed API, gpt", "Backup API, other"}


def test_the_busiest_feature_within_the_measured_lengths_is_shown_first():
    long, short = entry(feature="long", mean_input_tokens=60_000.0), entry()
    assert default_feature({"features": [long, short]}) == "reply"
    assert default_feature({"features": [long]}) == "long"


def test_a_multiple_of_the_volume_keeps_the_week_and_bursts_less():
    one, four = feature_of(entry()), feature_of(entry(), volume=4.0)
    assert four.mtok_per_month == pytest.approx(4 * one.mtok_per_month)
    assert np.allclose(four.hourly_shape, one.hourly_shape)
    # half the busy rate of 20 an hour is burst: 20 becomes 80, the burst of 20 becomes 40
    assert four.load.peak_requests_per_s[10] == pytest.approx(120 / 3_600)


def test_every_model_offered_was_measured():
    assert all(label.count(",") == 2 for label in models())
    assert "gpt-oss-120b, FP4, vLLM" in models()


def test_a_snapshot_without_load_says_what_to_do():
    shown = page(Published(hosting=None))
    assert shown.charts.head["stale"]
    assert "workbench publish" in shown.charts.head["notice"]


def test_a_unit_is_held_while_it_is_used_above_its_break_even():
    shown = commitments_page(Published())
    assert "Commit to" in head(shown)["answer"]
    assert "unverified" in head(shown)["answer"]
    # 161,400 tokens a minute are 9.684 million an hour at 2.7397: 94 % of 9.684 * 0.3
    assert shown.charts.tiles[3]["value"] == "94"
    assert shown.charts.tiles[0]["value"] == "0"
    shown.inputs["price"].value = 0.5
    assert shown.charts.tiles[3]["value"] == "47"
    # a first unit is used in 10 of 24 hours fully and 5 / 9.684 of 6, 1 / 9.684 of 8: 58 %;
    # a second only in the ten busy ones: 42 %
    assert shown.charts.tiles[0]["value"] == "1"


def test_a_steady_load_is_committed_to():
    tokens = [20e6] * HOURS
    load = {"provider": "google", "model": "gemini-2.5-flash", "requests": 9,
            "input": tokens, "cached_input": [0.0] * HOURS, "output": [0.0] * HOURS}  # fmt: skip
    document = {"as_of": "2026-10-31", "environment": "production", "models": [load]}
    shown = commitments_page(Published(commitments=document))
    # two units hold 19.4 of 20 million in every hour; a third would be used for 0.6 of 9.7
    assert shown.charts.tiles[0]["value"] == "2"
    assert shown.charts.tiles[4]["value"] == "100"
    assert shown.charts.tiles[5]["value"] == "97"


def test_a_commitment_far_above_list_is_told_in_times():
    tokens = [2e4] * HOURS
    load = {"provider": "google", "model": "gemini-2.5-flash", "requests": 9,
            "input": tokens, "cached_input": [0.0] * HOURS, "output": [0.0] * HOURS}  # fmt: skip
    document = {"as_of": "2026-10-31", "environment": "production", "models": [load]}
    shown = commitments_page(Published(commitments=document))
    shown.inputs["volume"].value = "1"
    # an hour: a unit at 2.7397 USD against 0.02 million tokens at 0.30 USD, which is 456.6 times
    titles = [card["title"] for card in shown.charts.cards]
    assert "1 unit would cost 457 times the list price" in titles
    assert "1 unit would be used ≈ 0 %; it pays from 94 %" in titles


def test_a_fleet_hardly_used_is_not_called_idle_nor_counted_to_the_unit():
    tiles = page_tiles(api_usd_per_mtok=0.43, own_usd_per_mtok=23_369.0, even_mtok=None, mtok_per_month=0.2,
                       replicas=(1, 2), ttft=(0.6, 1.3), utilization=0.00002, band="")  # fmt: skip
    assert tiles[1].delta == "54,300 × the API, dearer"
    assert (tiles[4].value, tiles[4].unit) == ("≈ 0", "%")


def test_an_offer_for_another_model_is_a_what_if():
    shown = commitments_page(Published())
    shown.inputs["offer"].value = next(o for _, o in shown.inputs["offer"].options if "gpt-5" in o)
    assert "what-if at the terms of gpt-5" in head(shown)["notice"]


def image_entry(**more):
    parts = [
        {"resolution": "1K", "images": 840.0, "usd": 56.4, "prompt_tokens": 84_000.0},
        {"resolution": "2K", "images": 280.0, "usd": 28.2, "prompt_tokens": 28_000.0},
    ]
    given = {
        "feature": "studio", "kind": "image", "provider": "google", "requests": 500,
        "model": "gemini-3.1-flash-image", "unpriced_requests": 0, "regions": ["eu"],
        "environment": "production", "first_day": "2026-10-04", "by_resolution": parts,
        "images_by_hour": np.tile(DAY, 28).tolist(), "weekly_images": [280.0] * 8,
        "allowed_regions": ["eu"], "data_classes": ["design"], "backups": [],
    }  # fmt: skip
    return given | more


@pytest.fixture
def studio():
    shown = page(Published(hosting={"as_of": "2026-10-31", "features": [image_entry(), entry()]}))
    assert shown.inputs["feature"].value == "reply"  # text first
    shown.inputs["feature"].value = "studio"
    return shown


def test_images_are_weighed_by_resolution_and_what_lacks_one_is_not_chosen(studio):
    found = options(studio)
    # its region is not stated anywhere, so no limit lets it pass
    assert found["gemini-3.1-flash-lite-image"][5]["text"] == (
        "not stated where it is processed, and data may not leave eu; no 2K"
    )
    assert found["gemini-3.1-flash-image, batch"][-1]["text"] == "excluded"
    assert "In use: gemini-3.1-flash-image" in found
    # 1,120 images in 28 days are 1,217 in a month of 30.4
    assert studio.charts.tiles[0]["value"] == "1.22k"
    assert "Stay on gemini-3.1-flash-image" in head(studio)["answer"]
    assert studio.inputs["rental"].disabled


def test_prompts_that_must_stay_bar_what_sends_them_out(hosting):
    hosting.inputs["local"].value = 0.3
    found = options(hosting)
    assert "30 % of prompts" in found["Managed API, gpt"][5]["text"]
    split = next(name for name in found if name.startswith("Split: 30 %"))
    assert found[split][-1]["text"] != "excluded"
    assert "self-hosted" in head(hosting)["answer"] or "split" in head(hosting)["answer"].lower()


PERSONAL = {
    "data_class": "personal", "processing": "zero_retention", "regions": ["eu"], "share": 0.4,
    "rule": "policy 7", "source": "policy", "decided_on": "2026-01-01", "confidence": "confirmed",
}  # fmt: skip
INTERNAL = PERSONAL | {
    "data_class": "internal",
    "processing": "managed",
    "share": None,
    "rule": "policy 1",
}


def with_rules(*rules, **more):
    classes = [rule["data_class"] for rule in rules]
    ruled = entry(placement=list(rules), data_classes=classes, **more)
    return page(Published(hosting={"as_of": "2026-10-31", "features": [ruled]}))


def test_a_named_data_class_excludes_the_api_that_keeps_prompts_by_rule():
    shown = with_rules(PERSONAL | {"share": None})
    found = options(shown)
    assert "which is excluded: personal data may be processed" in head(shown)["answer"]
    assert "(policy 7)" in head(shown)["answer"]
    assert "policy 7" in found["Managed API, gpt"][5]["text"]
    assert found["Self-hosted, rented"][-1]["text"] != "excluded"
    rules = next(card for card in shown.charts.details if "data classes" in card["title"])
    assert rules["rows"][0][4] == "policy 7"
    assert "Managed API, gpt" in rules["rows"][0][-1]["text"]
    assert (
        "policy 7"
        not in options(with_rules(PERSONAL, terms={"processing": "zero_retention"}))[
            "Managed API, gpt"
        ][5]
    )


def test_only_the_share_of_the_class_is_routed_elsewhere():
    shown = with_rules(PERSONAL, INTERNAL)
    split = next(name for name in options(shown) if name.startswith("Split: 40 % on"))
    assert options(shown)[split][-1]["text"] != "excluded"
    assert "policy 7" in options(shown)["Managed API, gpt"][5]["text"]
    strict = {"provider": "p", "model": "strict", "region": "eu", "terms": {"processing": "zero_retention"},
              "usd_per_mtok": {"uncached": 4.0, "cached": 4.0, "output": 4.0}}  # fmt: skip
    routed = options(with_rules(PERSONAL, INTERNAL, backups=[strict]))
    assert routed["Split: 40 % on strict, rest gpt"][-1]["text"] == "list price"


def test_the_page_can_set_where_data_may_be_processed(hosting):
    assert "No rule says where personal data" in head(hosting)["notice"]
    hosting.inputs["placement"].value = "self_hosted"
    assert "chosen on this page" in options(hosting)["Managed API, gpt"][5]["text"]
    assert "self-hosted" in head(hosting)["answer"]
    assert "No rule" not in head(hosting)["notice"]
    hosting.inputs["placement"].value = "managed"
    assert options(hosting)["Managed API, gpt"][-1]["text"] != "excluded"


def test_an_api_whose_region_was_never_logged_passes_no_residency_limit():
    shown = page(Published(hosting={"as_of": "2026-10-31", "features": [entry(regions=[])]}))
    assert "not stated where" in options(shown)["Managed API, gpt"][5]["text"]
    stated = entry(regions=[], stated_regions=["eu"])
    shown = page(Published(hosting={"as_of": "2026-10-31", "features": [stated]}))
    assert options(shown)["Managed API, gpt"][5] == "eu by the dossier"


def test_an_hour_of_outage_raises_every_option_by_its_downtime(hosting):
    def cost(name):
        return next(row for row in hosting.charts.details[0]["rows"] if row[0] == name)

    assert cost("Managed API, gpt")[4] == "$0"
    hosting.inputs["outage"].value = 1_000
    # 99.5 % assumed of 730 hours is 3.65 hours a month: 36 months of 3,650 at 8 % are 117k
    assert cost("Managed API, gpt")[3] == "3.7" or cost("Managed API, gpt")[3] == "3.6"
    assert cost("Managed API, gpt")[4] == "$117k"


def test_the_owner_may_refuse_the_backups(hosting):
    hosting.inputs["region"].value = "anywhere"
    assert options(hosting)["Backup API, other"][-1]["text"] == "list price"
    hosting.inputs["backups"].value = "no"
    assert options(hosting)["Backup API, other"][-1]["text"] == "excluded"


def test_a_dossier_that_allows_the_world_sets_no_residency_limit():
    free = entry(allowed_regions=["eu", "global"], regions=["us"])
    shown = page(Published(hosting={"as_of": "2026-10-31", "features": [free]}))
    assert "no residency limit" in head(shown)["scope"]
    shown.inputs["region"].value = "eu"
    assert "may not leave eu" in options(shown)["Managed API, gpt"][5]["text"]


def test_the_feature_with_most_spend_is_shown_first():
    cheap, dear = entry(feature="cheap", usd=1.0), entry(feature="dear", usd=9.0)
    assert default_feature({"features": [cheap, dear]}) == "dear"


def test_declared_own_capacity_is_shown_with_what_stood_unused():
    month = {
        "month": "2026-10", "provider": "vllm", "model": "*", "bill_usd": "288", "allocated_usd": "12",
        "unused_usd": "276", "rounding_usd": "0", "unused_share": 0.958, "weighted_mtok": 2.0,
        "busy_hours": 2, "hours": 48,
    }  # fmt: skip
    document = {"as_of": "2026-10-31", "features": [entry()], "own_capacity": [month]}
    shown = page(Published(hosting=document))
    table = shown.charts.details[-1]
    assert table["title"].startswith("96 %")
    assert table["rows"][0][5] == "$276.00"


def test_commitments_open_where_one_comes_nearest_to_paying():
    shown = commitments_page(Published())
    # the one-year term needs 94 %, every other offer of this model more
    assert shown.inputs["offer"].value.startswith("Google GSU global, 1 year")
    assert shown.inputs["volume"].value == "1"
    title = shown.charts.cards[0]["title"]
    # one unit of 9.684 Mtok: full in 10 of 24 hours, 5 in 6 and 1 in 8: 57.6 %
    assert title == "1 unit would be used 58 %; it pays from 94 %"


OPEN = "Bedrock reserved tier input, 1 month, claude-sonnet-4-5"
CLAUDE = {
    "provider": "bedrock",
    "model": "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "requests": 1,
}


def test_an_offer_without_a_published_price_asks_for_yours_on_both_pages():
    found = options(page(Published(hosting={"as_of": "d", "features": [entry(served=[CLAUDE])]})))
    row = found["Provisioned: Bedrock reserved tier input, claude-sonnet-4-5, 2 terms"]
    assert row[1] == "–"
    assert row[5]["text"] == "no published price: enter yours"
    tokens = [5e6] * HOURS
    load = CLAUDE | {"input": tokens, "cached_input": [0.0] * HOURS, "output": tokens}
    published = {"as_of": "d", "environment": "production", "models": [load]}
    table = options(commitments_page(Published(commitments=published)))
    assert table[f"{OPEN}: no published price: enter yours"][1:] == ("–",) * 9


def test_an_own_price_makes_it_an_option_like_the_others():
    own = [{"offer": f"Bedrock reserved tier {kind}, 1 month", "provider": "AWS", "model": "claude-sonnet-4-5",
            "usd_per_unit_hour": "0.01"} for kind in ("input", "output")]  # fmt: skip
    features = {"as_of": "d", "offers": own, "features": [entry(served=[CLAUDE])]}
    found = options(page(Published(hosting=features)))
    name = next(
        each for each in found if each.startswith("Provisioned: ") and "input + output" in each
    )
    assert found[name][-1]["text"] == "list price"
    # of its two terms one is left without a price
    assert "Provisioned: Bedrock reserved tier input, claude-sonnet-4-5" in found
