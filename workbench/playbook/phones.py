"""Is a run of digits a telephone number? Layouts of the national numbering plans decide.

Layouts come from data/reference/phone_layouts.csv (libphonenumber's metadata, which follows the
ITU's national numbering plans); the limits of length from ITU-T E.164 (2010), sections 6.1, 6.2.
"""

import re
from datetime import date
from functools import cache

from workbench.playbook.naming_words import is_labelled, nearest_word
from workbench.reference import read_table

FEWEST_DIGITS, MOST_DIGITS = 7, 15
"""A national number has at least seven digits nearly everywhere; E.164 allows fifteen in all."""
FEWEST_NAMED, FEWEST_ABROAD = 6, 8
EXTENSION = re.compile(r"\s?(?:x|ext\.?|#)\s?\d{1,6}$", re.IGNORECASE)

_DATE = re.compile(  # years 2400 to 2600 are those of the Thai calendar
    r"(?:1[89]|2[0-6])\d\d([-./ ]?)(?:0[1-9]|1[0-2]|[1-9])\1(?:0[1-9]|[12]\d|3[01]|[1-9])"
    r"|(?:0?[1-9]|[12]\d|3[01])([-./ ])(?:0?[1-9]|[12]\d|3[01])\2(?:1[89]|2[0-6])\d\d"
)
_COMPACT_DATE = re.compile(r"((?:1[89]|2[0-6])\d\d)(\d\d)(\d\d)\d{0,6}")
_YEARS = re.compile(r"(?:(?:19|20)\d\d[ /,-]{1,3})+(?:19|20)\d\d")
_DECIMAL = re.compile(r"\d{1,3}\.\d+")
_IP = re.compile(r"\d{1,3}(\.\d{1,3}){3}")
_THOUSANDS = re.compile(r"\d{1,3}([., ])\d{3}(?:\1\d{3})*")
_CLOCK = re.compile(r"(?:[01]\d|2[0-3])([-. ])[0-5]\d\1[0-5]\d.*")
_UNITS = re.compile(
    r" ?(?:(?:k|m|g|t)?i?b(?:ytes?)?|bits?|tokens?|rows?|requests?|items?|units?|pieces|pcs|eur|usd|gbp"
    r"|chf|ms|s|sec(?:onds?)?|min(?:utes?)?|hours?|days?|km|kg|lbs?|users?|people|records?|records|times)(?!\w)| ?[%€$£]",
    re.IGNORECASE,
)


def is_strong_phone(text: str, *, before: str) -> bool:
    """Say whether a candidate is a telephone number whatever stands around it."""
    body = EXTENSION.sub("", text)
    digits = re.sub(r"\D", "", body)
    named = nearest_word(before) == "phone"
    known = named or _is_strong(text, body, digits)
    return known and is_phone(text, before=before) and len(digits) >= FEWEST_ABROAD


def is_phone(text: str, *, before: str, after: str = "") -> bool:
    """Say whether a candidate is a telephone number.

    With + and a country code it is one. Otherwise the words around it decide; where there are
    none it must be written the way a numbering plan writes numbers.
    """
    body = EXTENSION.sub("", text)
    digits = re.sub(r"\D", "", body)
    if not FEWEST_NAMED <= len(digits) <= MOST_DIGITS or len(set(digits)) == 1:
        return False
    if text.startswith(("+", "(+")) and not digits.startswith("0"):
        return len(digits) >= FEWEST_ABROAD
    if is_date(text) or _YEARS.fullmatch(text) or _IP.fullmatch(text):
        return False
    word = nearest_word(before, after)
    if word is not None:
        return word == "phone"
    if len(digits) < FEWEST_DIGITS or (_DECIMAL.fullmatch(text) and _is_decimal(text, after)):
        return False
    if _is_strong(text, body, digits):
        return True
    if _UNITS.match(after):
        return False
    groups = re.findall(r"\d+", body)
    if len(groups) <= 2 and is_labelled(before):
        return False
    return _is_weak(body, digits)


def is_date(text: str) -> bool:
    """Say whether a candidate is a day, in any usual order and with any usual mark."""
    return _DATE.fullmatch(text) is not None


def _is_decimal(text: str, after: str) -> bool:
    return text.startswith("0.") or _UNITS.match(after) is not None or not text.startswith("0")


def _is_strong(text: str, body: str, digits: str) -> bool:
    """Say whether the layout alone shows it: dialled abroad, trunk prefix, area code, extension."""
    groups = re.findall(r"\d+", body)
    if text.startswith(("+", "(+")):
        return len(digits) >= FEWEST_ABROAD
    if len(groups) == 1 and "(" not in body:
        return EXTENSION.search(text) is not None and len(digits) >= FEWEST_ABROAD
    if text.startswith("00") and len(digits) >= 10:
        return True
    if "(" in body or EXTENSION.search(text):
        return len(digits) >= FEWEST_ABROAD
    if digits.startswith("0"):
        return len(digits) >= 9
    if len(_marks(body)) > 2:
        return False
    if [len(group) for group in groups[-3:]] == [3, 3, 4] and len(digits) in (10, 11, 12):
        return groups[-3][0] in "23456789"  # North American area codes begin with 2 to 9
    return False


def _is_weak(body: str, digits: str) -> bool:
    """Say whether a number could be a telephone's and is nothing plainer: thousands, time, date."""
    groups = re.findall(r"\d+", body)
    if len(groups) == 1:
        return _is_bare_phone(digits)
    if _CLOCK.fullmatch(body) or (_THOUSANDS.fullmatch(body) and "." in body):
        return False
    if len(_marks(body)) > 2 or (len(groups) == 2 and _marks(body) == {"."}):
        return False
    trunk = "0" if digits.startswith("0") else ""
    return (trunk, "-".join(str(len(group)) for group in groups)) in layouts()


def _marks(body: str) -> set[str]:
    return {*re.findall(r"[ \u00a0\u202f./-]", body)}


def _is_bare_phone(digits: str) -> bool:
    """Judge digits without any grouping: 8 to 11 of a subscriber, 9 to 11 after a trunk 0.

    Ten digits that begin with 1 are a clock's seconds far more often than a telephone.
    """
    compact = _COMPACT_DATE.fullmatch(digits)
    if compact and _is_day(*(int(part) for part in compact.groups())):
        return False
    if digits.startswith("0"):
        return 9 <= len(digits) <= 11
    if digits.startswith("1"):
        return len(digits) == 11 and digits[1] in "23456789"  # North America, China's mobiles
    return 8 <= len(digits) <= 11


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


@cache
def layouts() -> frozenset[tuple[str, str]]:
    """Return (trunk prefix, group lengths) of every layout that is written in some country."""
    return frozenset(
        (row["trunk"], row["groups"]) for row in read_table("phone_layouts")
        if row["confidence"] == "confirmed"
    )  # fmt: skip
