"""Cards, accounts, e-mail, telephone and identity numbers are found, and little else."""

import importlib.util
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.models.screening import is_card, is_iban, luhn_valid, score_spans
from workbench.playbook.screening import KINDS, Screener

_SPEC = importlib.util.spec_from_file_location(
    "seeded_texts", Path(__file__).with_name("seeded_texts.py")
)
seeded = importlib.util.module_from_spec(_SPEC)
sys.modules["seeded_texts"] = seeded
_SPEC.loader.exec_module(seeded)


def _kinds(text: str) -> list[tuple[str, str]]:
    return [(span.kind, text[span.start : span.end]) for span in Screener().find(text)]


@pytest.fixture(scope="module")
def scored():
    texts = seeded.seeded_texts()
    found = Screener().find_all([one.text for one in texts])
    marks = [[(span.kind, span.start, span.end) for span in spans] for spans in found]
    return texts, marks


@pytest.mark.parametrize("kind", KINDS)
def test_recall_and_precision_on_the_seeded_set(scored, kind):
    texts, marks = scored
    score = score_spans([one.spans for one in texts], marks, kinds={kind})
    misses = [
        f"{one.locale} {one.text[start:end]!r} after {one.text[max(0, start - 20) : start]!r}"
        for one, given_marks in zip(texts, marks, strict=True)
        for labelled, start, end in one.spans
        if labelled == kind
        and not any(k == kind and a <= start and b >= end for k, a, b in given_marks)
    ]
    print(
        f"{kind}: {score.found}/{score.labelled}, precision {score.precision:.4f}",
        *misses,
        sep="\n  ",
    )
    assert score.labelled > 1_000
    assert score.recall >= 0.99
    assert score.precision >= 0.95


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pay 4111-1111-1111-1111 now", [("card", "4111-1111-1111-1111")]),
        ("amex 3782 822463 10005.", [("card", "3782 822463 10005")]),
        ("4111111111111112 is no card", []),
        ("2026-11-24T10:00:00 to 2026-11-25", []),
        ("GB82 WEST 1234 5698 7654 32", [("iban", "GB82 WEST 1234 5698 7654 32")]),
        ("mail a.b+c@example.co.uk.", [("email", "a.b+c@example.co.uk")]),
        ("SSN 078-05-1120", [("ssn", "078-05-1120")]),
        ("call +44 20 7946 0958", [("phone", "+44 20 7946 0958")]),
        ("order 2079460958", []),
        ("henkilötunnus 131052-308T", [("ssn", "131052-308T")]),
        ("AHV 756.9217.0769.85, not 756.9217.0769.86", [("ssn", "756.9217.0769.85")]),
        ("host 192.168.100.200", []),
        ("1,234,567.89 EUR and 123 456 789 bytes", []),
        ("ring 555-0100-22 4111 1111 1111 1111", [("phone", "555-0100-22"), ("card", "4111 1111 1111 1111")]),
    ],
)  # fmt: skip
def test_by_hand(text, expected):
    assert _kinds(text) == expected


def test_redaction_counts_and_keeps_the_rest():
    text, counts = Screener().redact("a@b.org paid 4111 1111 1111 1111, thanks")
    assert text == "[email] paid [card], thanks"
    assert counts == {"email": 1, "card": 1}


@given(st.text(max_size=200))
def test_any_text_is_screened_and_spans_are_in_order(text):
    spans = Screener().find(text)
    ends = [0, *(span.end for span in spans)]
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert all(span.start >= end for span, end in zip(spans, ends, strict=False))


@given(st.integers(min_value=10**14, max_value=10**15 - 1))
def test_exactly_one_last_digit_checks(number):
    assert sum(luhn_valid(f"{number}{digit}") for digit in range(10)) == 1


def test_one_changed_character_breaks_an_iban():
    right = "DE89370400440532013000"
    assert is_iban(right)
    for place in range(4, len(right)):
        other = str((int(right[place]) + 1) % 10)
        assert not is_iban(right[:place] + other + right[place + 1 :])


def test_issuer_and_length_belong_together():
    assert is_card("378282246310005")
    assert not is_card("3782822463100050")
    assert not is_card("0000000000000000")


def test_half_a_number_left_over_is_not_found():
    score = score_spans([[("card", 0, 16)]], [[("card", 0, 8)]], kinds={"card"})
    assert (score.found, score.right, score.precision) == (0, 1, 1.0)
