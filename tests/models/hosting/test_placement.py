"""Where data may be processed: every limit worked by hand, and what a hostile dossier tries."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import InputError
from workbench.models.hosting.decision import decide
from workbench.models.hosting.options import Demand, Option, Tolerance
from workbench.models.hosting.placement import (
    SHELTER,
    Place,
    PlacementRule,
    inside,
    refusal,
    refused_share,
)
from workbench.models.hosting.routing import routed_candidates
from workbench.models.hosting.where import Candidate

RULE = PlacementRule(
    data_class="health", processing="zero_retention", regions=("eu",), rule="policy 4.2",
    source="policy", decided_on="2026-01-01", share=0.25,
)  # fmt: skip
PUBLIC = PlacementRule(data_class="public", processing="managed", rule="policy 1")
OWNER = Tolerance(
    region="eu", also_regions=("us",), data_class="public", also_classes=("health",),
    rules=(RULE, PUBLIC), discount_rate_per_year=0.0,
)  # fmt: skip
DEMAND = Demand(mtok_per_month=np.array([[100.0]]), hourly_shape=np.ones(24))


def api(name, usd, *, processing="managed", regions=("eu",)):
    return Option(
        name=name, usd_per_mtok=usd, processing=processing, regions=frozenset(regions),
        data_classes=frozenset({"public", "health"}),
    )  # fmt: skip


def judged(*options, owner=OWNER):
    verdict = decide(options, DEMAND, owner)
    return {each.option.name: each.excluded for each in verdict.judged}, verdict


def test_a_data_class_excludes_what_may_not_process_it_and_names_the_rule():
    excluded, verdict = judged(
        api("keeps", 1.0), api("keeps nothing", 2.0, processing="zero_retention")
    )
    assert excluded["keeps"] == (
        "health data may be processed by a provider that keeps nothing in eu (policy 4.2) only",
    )
    assert excluded["keeps nothing"] == ()
    assert verdict.cheapest == "keeps"
    assert verdict.chosen == "keeps nothing"
    assert "policy 4.2" in verdict.why


def test_the_region_of_a_class_is_narrower_than_that_of_the_feature():
    excluded, _ = judged(api("us", 1.0, processing="zero_retention", regions=("us",)))
    assert "health data may be processed" in excluded["us"][0]
    only_public = dataclasses.replace(OWNER, also_classes=())
    assert judged(api("us", 1.0, regions=("us",)), owner=only_public)[0]["us"] == ()


@pytest.mark.parametrize("word", ["unverified", "without a source", "without a date", ""])
def test_a_rule_nobody_confirmed_allows_own_machines_only(word):
    doubtful = dataclasses.replace(RULE, confidence=word)
    place = Place(processing="zero_retention", regions=frozenset({"eu"}))
    assert "on own machines in eu" in refusal(place, "health", [doubtful])
    own = dataclasses.replace(place, processing="self_hosted")
    assert refusal(own, "health", [doubtful]) == ""


def test_a_class_without_a_rule_beside_others_stays_on_own_machines():
    place = Place(processing="zero_retention", regions=frozenset({"eu"}))
    assert refusal(place, "secret", [RULE]) == "no rule allows secret data to leave own machines"
    assert refusal(dataclasses.replace(place, processing="self_hosted"), "secret", [RULE]) == ""
    assert refusal(place, "secret", []) == ""


def test_a_place_nobody_stated_passes_no_limit_on_regions():
    excluded, _ = judged(api("somewhere", 1.0, processing="zero_retention", regions=()))
    assert excluded["somewhere"][0].startswith("not stated where it is processed")
    assert "health data" in excluded["somewhere"][1]
    free = dataclasses.replace(OWNER, region="anywhere", also_regions=(), rules=())
    assert judged(api("somewhere", 1.0, regions=()), owner=free)[0]["somewhere"] == ()


@pytest.mark.parametrize(
    ("region", "allowed", "is_inside"),
    [
        ("eu-west-1", ["eu"], True), ("EU_central", ["eu"], True), ("eu", ["eu"], True),
        ("eu-west-2", ["eu"], False), ("eu-west-2", ["uk"], True), ("eu-central-2", ["eu"], False),
        ("europe-west4", ["eu"], False), ("global", ["eu"], False), ("global", ["global"], True),
        ("global-eu", ["global"], False), ("us-east-1", ["eu"], False), ("eunice", ["eu"], False),
    ],
)  # fmt: skip
def test_a_region_is_inside_by_name_only_where_it_lies_there(region, allowed, is_inside):
    assert inside(region, allowed) is is_inside


def test_prompts_are_split_between_apis_by_the_share_of_the_class():
    keeps = Candidate(option=api("API, cheap", 1.0), basis="measured")
    nothing = Candidate(
        option=api("API, strict", 5.0, processing="zero_retention"), basis="list price"
    )
    (split,) = routed_candidates([keeps, nothing], OWNER)
    assert split.option.name == "Split: 25 % on strict, rest cheap"
    # a quarter at 5 and three quarters at 1
    assert split.option.usd_per_mtok == pytest.approx(2.0)
    excluded, verdict = judged(keeps.option, nothing.option, split.option)
    assert excluded[split.option.name] == ()
    assert verdict.chosen == split.option.name
    # 100 Mtok at 2 dollars
    assert next(
        each.npv_usd[0] for each in verdict.judged if each.option is split.option
    ) == pytest.approx(200.0)


def test_a_split_needs_somewhere_for_what_is_refused_and_a_share():
    keeps = Candidate(option=api("API, a", 1.0), basis="measured")
    also = Candidate(option=api("API, b", 2.0), basis="measured")
    assert routed_candidates([keeps, also], OWNER) == []
    nothing = Candidate(option=api("API, c", 5.0, processing="zero_retention"), basis="measured")
    unstated = dataclasses.replace(OWNER, rules=(dataclasses.replace(RULE, share=None), PUBLIC))
    assert routed_candidates([keeps, nothing], unstated) == []


def test_shares_of_classes_add_up_to_all_at_most():
    place = Place(processing="managed", regions=frozenset({"eu"}))
    rules = [
        dataclasses.replace(RULE, share=0.7),
        dataclasses.replace(RULE, data_class="card", share=0.6),
    ]
    assert refused_share(place, ["health"], rules) == pytest.approx(0.7)
    assert refused_share(place, ["health", "card"], rules) == 1.0
    assert refused_share(place, ["health"], [RULE, dataclasses.replace(RULE, share=None)]) == 1.0


@given(
    st.sampled_from(sorted(SHELTER)),
    st.sampled_from(sorted(SHELTER)),
    st.sampled_from(["eu", "us"]),
)
def test_more_shelter_never_excludes_what_less_allowed(asked, given_, region):
    rule = dataclasses.replace(RULE, processing=asked)
    place = Place(processing=given_, regions=frozenset({region}))
    own = dataclasses.replace(place, processing="self_hosted")
    if refusal(place, "health", [rule]) == "":
        assert refusal(own, "health", [rule]) == ""
    assert (refusal(place, "health", [rule]) == "") == (
        SHELTER[given_] >= SHELTER[asked] and region == "eu"
    )


def test_what_is_unknown_or_out_of_range_is_refused():
    with pytest.raises(InputError, match="not known"):
        PlacementRule(data_class="x", processing="cloud")
    with pytest.raises(InputError, match="in \\[0, 1\\]"):
        dataclasses.replace(RULE, share=1.5)
    with pytest.raises(InputError, match="not known"):
        Place(processing="", regions=frozenset())
