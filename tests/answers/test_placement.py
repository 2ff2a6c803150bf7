"""What a dossier says of placement, and what is passed on where it proves nothing."""

from datetime import date

import pytest

from workbench.answers.placement import rules_of, stated_regions, terms_of
from workbench.playbook.dossier import Dossier

TODAY = date(2026, 11, 1)
RULE = {
    "data_class": "personal", "processing": "managed", "regions": ["eu"], "rule": "policy 1",
    "source": "policy", "decided_on": "2026-05-01",
}  # fmt: skip
AGREED = {
    "kind": "model", "provider": "openai", "zero_retention": True, "terms_source": "annex 3",
    "terms_read_on": "2026-05-01",
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({}, "confirmed"), ({"source": None}, "without a source"), ({"decided_on": None}, "without a date"),
        ({"decided_on": "2026-11-02"}, "dated after this day"), ({"confidence": "unverified"}, "unverified"),
    ],
)  # fmt: skip
def test_a_rule_is_as_sure_as_its_source_and_date(change, word):
    dossier = {"feature": "f", "data_placement": [RULE | change]}
    Dossier.model_validate(dossier)
    (found,) = rules_of(dossier, as_of=TODAY)
    assert found["confidence"] == word


def test_zero_retention_holds_only_where_it_was_agreed_with_source_and_date():
    def terms(*dependencies, provider="openai", model="gpt-5"):
        Dossier.model_validate({"feature": "f", "dependencies": list(dependencies)})
        return terms_of({"dependencies": list(dependencies)}, provider, model, as_of=TODAY)

    assert terms(AGREED)["processing"] == "zero_retention"
    assert terms(AGREED | {"model": "gpt-4"})["processing"] == "managed"
    assert terms(AGREED, provider="azure")["processing"] == "managed"
    undated = {**AGREED, "terms_read_on": None}
    assert terms(undated) == {
        "processing": "managed", "words": "zero retention on file, but without a date",
    }  # fmt: skip
    assert "zero retention on request" in terms()["words"]
    assert terms(provider="unheard-of")["words"] == "terms not known"


def test_where_logs_carry_no_region_the_dossier_says_where_the_model_is_called():
    used = {"kind": "model", "provider": "openai", "model": "gpt-5", "region": "eu"}
    spare = {"kind": "backup", "provider": "openai", "model": "gpt-5", "region": "us"}
    whole = {"kind": "provider", "provider": "openai", "regions": ["uk"]}
    dossier = {"dependencies": [used, spare, whole]}
    assert stated_regions(dossier, "openai", "gpt-5") == ["eu", "uk"]
    assert stated_regions(dossier, "openai", "gpt-4") == ["uk"]
    assert stated_regions(dossier, "azure", "gpt-5") == []


def test_no_published_default_counts_as_zero_retention():
    for provider in ("openai", "bedrock", "google", "gemini", "anthropic", "azure"):
        assert terms_of({}, provider, "m", as_of=TODAY)["processing"] == "managed"
