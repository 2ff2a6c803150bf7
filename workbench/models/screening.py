"""Whether a run of digits is a card or an account, and how good a detector is.

Check digits and layouts only; no text is kept here.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

PCI_KINDS = frozenset({"card"})

# Issuer ranges as (first, last, lengths); both ends have the same number of digits.
_MAESTRO = (12, 13, 14, 15, 16, 17, 18, 19)
ISSUER_RANGES: tuple[tuple[str, str, tuple[int, ...]], ...] = (
    ("4", "4", (13, 16, 19)),  # Visa
    ("51", "55", (16,)),  # Mastercard
    ("222100", "272099", (16,)),  # Mastercard since 2017
    ("34", "34", (15,)),  # American Express
    ("37", "37", (15,)),
    ("300", "305", (14, 16)),  # Diners Club
    ("3095", "3095", (14, 16)),
    ("36", "36", (14, 16, 19)),
    ("38", "39", (14, 16, 19)),
    ("6", "6", _MAESTRO),  # Maestro 600000 to 699999; Discover, RuPay and UnionPay lie inside
    ("35", "35", (16, 19)),  # JCB issues 3528 to 3589; its neighbours are redacted too
    ("2131", "2131", (15, 16)),
    ("1800", "1800", (15, 16)),
    ("81", "82", (16, 17, 18, 19)),
    ("2200", "2205", (16, 17, 18, 19)),  # Mir, Borica
    ("8600", "8600", (16,)),  # UzCard
    ("9", "9", (16,)),  # national schemes: major industry identifier 9, such as Troy and Napas
    ("50", "50", _MAESTRO),
    ("56", "58", _MAESTRO),
    ("0604", "0604", _MAESTRO),
)
"""Payment card issuer ranges (ISO/IEC 7812), as the schemes publish them."""

IBAN_LENGTHS: dict[str, int] = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22,
    "BR": 29, "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28,
    "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23,
    "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26,
    "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20,
    "LV": 21, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18,
    "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24,
    "SC": 31, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "ST": 25, "SV": 28, "TL": 23, "TN": 24,
    "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip
"""Length of an IBAN by country: SWIFT IBAN Registry."""


def luhn_valid(digits: str) -> bool:
    """Say whether the last digit checks the others (Luhn, ISO/IEC 7812-1 annex B).

    Examples
    --------
    >>> luhn_valid("4111111111111111"), luhn_valid("4111111111111112")
    (True, False)
    """
    doubled = "0246813579"
    total = sum(int(d) for d in digits[-1::-2]) + sum(int(doubled[int(d)]) for d in digits[-2::-2])
    return total % 10 == 0


def is_card(digits: str) -> bool:
    """Say whether digits are a payment card number: issuer range, its length, check digit."""
    if not digits.isascii() or not digits.isdigit() or len(set(digits)) == 1:
        return False
    in_range = any(
        len(digits) in lengths and first <= digits[: len(first)] <= last
        for first, last, lengths in ISSUER_RANGES
    )
    return in_range and luhn_valid(digits)


def is_iban(text: str) -> bool:
    """Say whether text without spaces is an IBAN: country, its length, remainder 1 by 97.

    Examples
    --------
    >>> is_iban("GB82WEST12345698765432"), is_iban("GB82WEST12345698765431")
    (True, False)
    """
    value = text.upper()
    return IBAN_LENGTHS.get(value[:2]) == len(value) and iban_checks(value)


def iban_checks(text: str) -> bool:
    """Say whether the check digits of an account number hold, whatever its length (ISO 13616)."""
    value = text.upper()
    if not value.isalnum() or not value.isascii():
        return False
    turned = value[4:] + value[:4]
    return int("".join(str(int(letter, 36)) for letter in turned)) % 97 == 1


def is_us_ssn(area: str, group: str, serial: str) -> bool:
    """Say whether the three parts can be a social security number or taxpayer number.

    Area 000 and 666, group 00 and serial 0000 were never issued; areas from 900 are taxpayer
    numbers.
    """
    return area not in ("000", "666") and group != "00" and serial != "0000"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanScore:
    """Marks against labels: a label counts as found when a mark of its kind overlaps it."""

    labelled: int
    found: int
    marked: int
    right: int

    @property
    def recall(self) -> float | None:
        """Share of labels found; None without labels."""
        return self.found / self.labelled if self.labelled else None

    @property
    def precision(self) -> float | None:
        """Share of marks that lie on a label of their kind; None without marks."""
        return self.right / self.marked if self.marked else None


Mark = tuple[str, int, int]
"""Kind, first character, first character after."""


def score_spans(
    labelled: Sequence[Sequence[Mark]], found: Sequence[Sequence[Mark]], *, kinds: Collection[str]
) -> SpanScore:
    """Compare marks with labels, text by text, for the kinds named.

    A label counts as found only when at least nine tenths of its characters are marked: half a
    card number left over is a leak.
    """
    if len(labelled) != len(found):
        raise ValueError("labels and marks must be about the same texts")
    hits = labels = marks = right = 0
    for wanted, given in zip(labelled, found, strict=True):
        want = [mark for mark in wanted if mark[0] in kinds]
        have = [mark for mark in given if mark[0] in kinds]
        labels, marks = labels + len(want), marks + len(have)
        hits += sum(any(_covered(label, mark) >= 0.9 for mark in have) for label in want)
        right += sum(any(_covered(label, mark) > 0 for label in want) for mark in have)
    return SpanScore(labelled=labels, found=hits, marked=marks, right=right)


def _covered(label: Mark, mark: Mark) -> float:
    if label[0] != mark[0]:
        return 0.0
    shared = min(label[2], mark[2]) - max(label[1], mark[1])
    return max(0, shared) / (label[2] - label[1])
