import pytest

from workbench.errors import InputError
from workbench.models.provider_exit.token_ratio import (
    CountedText,
    measured_ratio,
    ratios_by_kind,
)


def text(kind: str, source: int, target: int) -> CountedText:
    return CountedText(kind=kind, source_tokens=source, target_tokens=target)


def test_long_texts_weigh_what_they_cost() -> None:
    found = measured_ratio([text("json", 1_000, 1_500), text("json", 10, 10)])
    assert found.ratio == pytest.approx(1_510 / 1_010)
    assert found.p10 <= found.ratio <= found.p90
    assert (found.samples, found.source_tokens, found.rests_on_few) == (2, 1_010, True)


def test_equal_ratios_leave_no_band_and_unequal_ones_do() -> None:
    same = measured_ratio([text("json", 100, 120)] * 40)
    assert (same.p10, same.p90, same.rests_on_few) == (1.2, 1.2, False)
    mixed = measured_ratio([text("json", 100, 100), text("json", 100, 200)] * 20)
    assert 1.3 < mixed.p10 < 1.5 < mixed.p90 < 1.7


def test_kinds_are_told_apart_the_largest_first() -> None:
    found = ratios_by_kind(
        [text("english", 10, 10), text("json", 90, 126), text("english", 20, 21)]
    )
    assert list(found) == ["json", "english"]
    assert found["json"].ratio == pytest.approx(1.4)
    assert found["english"].samples == 2


@pytest.mark.parametrize("texts", [[], [text("json", 0, 5)], [text("json", 5, 0)]])
def test_nothing_counted_is_no_ratio(texts) -> None:
    with pytest.raises(InputError):
        measured_ratio(texts)
