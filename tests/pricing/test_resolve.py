"""A logged name means the same model here as in the package the default book comes from."""

import pytest
from genai_prices.data_snapshot import get_snapshot

from workbench.errors import PriceError
from workbench.pricing.resolve import ModelNames, matcher
from workbench.pricing.shipped import shipped_imports


@pytest.fixture(scope="module")
def names() -> ModelNames:
    return ModelNames([shipped_imports()[0].matchers])


def theirs(provider: str, model: str) -> tuple[str, str] | None:
    try:
        found, info = get_snapshot().find_provider_model(model, None, provider, None)
    except LookupError:
        return None
    return found.id, info.id


def test_every_model_id_under_every_spelling_is_found_as_the_package_finds_it(names: ModelNames):
    providers = get_snapshot().providers
    asked = [
        (provider.id, spelled)
        for provider in providers
        for model in provider.models
        for spelled in (model.id, model.id.upper(), f"{model.id}-20260115", f"{model.id}-x")
    ]
    asked += [
        (other, model.id)
        for other in ("azure", "google", "vertex_ai", "litellm", "gemini", "AWS Bedrock", "nobody")
        for provider in providers
        for model in provider.models[:12]
    ]
    differ = []
    for provider, model in asked:
        known = names.resolve(provider, model)
        if (known and (known.provider, known.model)) != theirs(provider, model):
            differ.append((provider, model, known, theirs(provider, model)))
    assert differ == []
    assert len(asked) > 9_000


def test_a_model_found_through_a_fallback_provider_says_whose_list_it_is(names: ModelNames):
    known = names.resolve("azure", "claude-sonnet-4-5")
    assert known is not None
    assert (known.provider, known.owner, known.is_fallback) == ("azure", "anthropic", True)


def test_a_gateway_names_the_provider_in_front_of_the_model(names: ModelNames):
    known = names.resolve("litellm", "openai/gpt-4o")
    assert known is not None
    assert known.provider == "openai"


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a|a)*b", r"(a)\1", ".*.*.*x", "a" * 201, "(ab){2,}"]
)
def test_a_pattern_that_could_run_for_long_is_refused(pattern: str):
    with pytest.raises(PriceError, match="refused"):
        matcher({"regex": pattern})


def test_a_broken_pattern_or_an_unknown_clause_is_refused():
    with pytest.raises(PriceError, match="no regex"):
        matcher({"regex": "(["})
    with pytest.raises(PriceError, match="Unknown match clause 'sounds_like'"):
        matcher({"sounds_like": "gpt"})


def test_clauses_combine():
    both = matcher(
        {"and": [{"starts_with": "gpt"}, {"or": [{"ends_with": "x"}, {"contains": "5"}]}]}
    )
    assert [both(name) for name in ("gpt-x", "gpt-5-mini", "gpt-4", "o5")] == [
        True,
        True,
        False,
        False,
    ]
