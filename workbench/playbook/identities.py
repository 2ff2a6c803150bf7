"""Is a run of digits a person's identity number, or a telephone number? Layouts and check digits."""

import re
from datetime import date

from workbench.models.screening import is_us_ssn, luhn_valid

_WORDS = {
    "identity": re.compile(
        r"\b(?:(?:ssn|social security|sécurité sociale|sozialversicherung\w*|nino|national insurance|bsn"
        r"|pesel|cpf|codice fiscale|dni|nie|nif|personnummer|social insurance|identity"
        r"|identification|tax(?:payer)? ?id|national id|id number|burgerservicenummer"
        r"|steuer-?id\w*)(?: (?:number|no\.?))?(?: is)?)\b|マイナンバー|個人番号",
        re.IGNORECASE,
    ),
    "phone": re.compile(
        r"\b(?:(?:tele)?phone|telefon\w*|tel|call\w*|mobile|cell|fax|contact|reach|ring|dial|sms|whatsapp"
        r"|handy|anrufen|appel\w*|teléfono|telefoon|móvil|numéro|chiam\w*|bel|bellen|zadzwoń|ligue|ligar"
        r"|my number)\b|電話|携帯",
        re.IGNORECASE,
    ),
    "other": re.compile(
        r"\b(?:order|invoice|ticket|version|ref|reference|case|sku|part|batch|tracking|isbn|build|commit"
        r"|total|amount|usd|eur|price|ip|serial|model|port|page|chapter|meter|lot|quantity|qty|card|card-like"
        r"|account|account-like|trace|host|tokens?|bytes|latitude|longitude|coordinates|timestamp|epoch"
        r"|date|logged|room|zip|postcode|id|no)\b|[$€£#]",
        re.IGNORECASE,
    ),
}
_DATE = re.compile(
    r"(?:19|20)\d\d([-./ ])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])"
    r"|(?:0?[1-9]|[12]\d|3[01])([-./ ])(?:0?[1-9]|[12]\d|3[01])\2(?:19|20)\d\d"
)
_YEARS = re.compile(r"(?:19|20)\d\d ?[-/] ?(?:19|20)\d\d")
_IP = re.compile(r"\d{1,3}(\.\d{1,3}){3}")
_BOUNDARY = re.compile(
    r"(?<!\btel)(?<!\bno)(?<!\bref)[.!?]\s|[\n;]|\d[\d ().-]{5,}\d", re.IGNORECASE
)
_UNITS = re.compile(
    r"\s?(?:bytes|tokens|rows|requests|items|units|pieces|eur|usd|gbp|ms|km|kg|[%€$£])",
    re.IGNORECASE,
)


def is_identity(text: str, *, before: str) -> bool:
    """Say whether a candidate is a national identity number.

    A number with a check digit counts when the digit checks and the layout is its own; a bare run
    of digits, which one in ten random numbers would pass, only where the words before name it.
    """
    named = _nearest(before) == "identity"
    bare = text.replace(" ", "").replace("-", "").upper()
    if re.fullmatch(r"\d{3}[- ]\d{2}[- ]\d{4}", text):
        return named or ("-" in text and is_us_ssn(*text.split("-")))
    if re.fullmatch(r"\d{3}\.\d{3}\.\d{3}-\d{2}", text):
        return _cpf(re.sub(r"\D", "", text))
    if re.fullmatch(r"\d{3}([- ])\d{3}\1\d{3}", text):
        return (luhn_valid(re.sub(r"\D", "", text)) and named) or named
    if re.fullmatch(r"\d{6,8}[-+]\d{4}", text):
        digits = re.sub(r"\D", "", text)[-10:]
        return named or (luhn_valid(digits) and _day(digits[2:4], digits[4:6]))
    if re.fullmatch(r"\d{6}[-+A]\d{3}[0-9A-Y]", text):
        return _finnish(text)
    if re.fullmatch(r"756(\.\d{4}){2}\.\d{2}", text):
        return _swiss(re.sub(r"\D", "", text))
    if re.fullmatch(r"[A-Z]{2}\d{6}[A-DT]", bare):
        return _british(bare)
    if re.fullmatch(r"[XYZ]?\d{7,8}[A-Z]", bare):
        return _spanish(bare)
    if re.fullmatch(r"[12]\d{4}[0-9AB]{2}\d{8}", bare):
        return _french(bare)
    if re.fullmatch(r"[A-Z]{6}\w{10}", bare):
        return bare[8] in "ABCDEHLMPRST"
    if re.fullmatch(r"\d{8}[A-Z]\d{3}", bare):
        return _day(bare[4:6], bare[2:4])
    return bare.isdigit() and named and len(bare) in (9, 10, 11, 12, 13)


def _nearest(before: str) -> str | None:
    """Return which kind of word stands nearest before a candidate.

    A sentence's end or another number ends the search: its word is used up.
    """
    sentence = _BOUNDARY.split(before[-40:])[-1]
    ends = {
        kind: max((match.end() for match in pattern.finditer(sentence)), default=-1)
        for kind, pattern in _WORDS.items()
    }
    kind = max(ends, key=lambda name: ends[name])
    return kind if ends[kind] >= 0 else None


def _day(month: str, day: str) -> bool:
    try:
        date(2000, int(month) % 20 or 20, int(day) % 60 or 60)
    except ValueError:
        return False
    return True


def _cpf(digits: str) -> bool:
    if len(set(digits)) == 1:
        return False
    for length in (9, 10):
        total = sum(
            int(d) * w for d, w in zip(digits[:length], range(length + 1, 1, -1), strict=True)
        )
        if int(digits[length]) != (total * 10 % 11) % 10:
            return False
    return True


def _british(text: str) -> bool:
    """Say whether a national insurance number can exist; ZZ…T is the temporary one."""
    if text[-1] == "T":
        return text.startswith(("ZZ", "TN"))
    refused = ("BG", "GB", "NK", "KN", "TN", "NT", "ZZ")
    return text[:2] not in refused and not set(text[:2]) & set("DFIQUV") and text[1] != "O"


def _finnish(text: str) -> bool:
    return "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(text[:6] + text[7:10]) % 31] == text[10]


def _swiss(digits: str) -> bool:
    total = sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(digits[:12]))
    return (10 - total % 10) % 10 == int(digits[12])


def _spanish(text: str) -> bool:
    digits = {"X": "0", "Y": "1", "Z": "2"}.get(text[0], text[0]) + text[1:-1]
    return len(digits) == 8 and "TRWAGMYFPDXBNJZSQVHLCKE"[int(digits) % 23] == text[-1]


def _french(text: str) -> bool:
    digits = text.replace("2A", "19").replace("2B", "18")
    return digits.isdigit() and 97 - int(digits[:13]) % 97 == int(digits[13:])


def is_phone(text: str, *, before: str, after: str = "") -> bool:
    """Say whether a candidate is a telephone number.

    With + or 00 and a country code it is one; otherwise its grouping must be one that telephone
    numbers have, and the words before must not name something else.
    """
    digits = re.sub(r"\D", "", re.split(r"x|ext|#", text)[0])
    if not 7 <= len(digits) <= 15 or len(set(digits)) == 1:
        return False
    if _DATE.fullmatch(text) or _YEARS.fullmatch(text) or _IP.fullmatch(text):
        return False
    if text.startswith(("+", "(+")):
        return len(digits) >= 8
    word = _nearest(before)
    if word is not None:
        return word == "phone"
    if _UNITS.match(after):
        return False
    return _grouped(text, digits)


def _grouped(text: str, digits: str) -> bool:
    """Say whether a number without a word before it is written the way telephones are."""
    groups = re.findall(r"\d+", text)
    if text.startswith("00") and len(digits) >= 10 and len(groups) > 1:
        return True
    if "(" in text or re.search(r"x|ext|#", text):
        return len(digits) >= 8
    if len(groups) == 1:
        american = re.fullmatch(r"[2-9]\d{2}[2-9]\d{6}", digits) is not None
        return american or (text.startswith("0") and 9 <= len(digits) <= 11)
    if text.startswith("0") and len(digits) >= 9:
        return True
    if re.fullmatch(r"0\d{1,3}-\d{2,3} \d{2} \d{2}|[1-9]\d \d{4,5}-\d{4}", text):
        return True
    lengths = [len(group) for group in groups]
    plain = lengths in (
        [3, 3, 4],
        [1, 3, 3, 4],
        [3, 3, 3],
        [3, 2, 2, 2],
        [2, 4, 4],
        [2, 3, 2, 2],
        [2, 2, 2, 2],
        [2, 5, 4],
        [4, 4, 4],
    )
    return plain and len({*re.findall(r"[ ./-]", text)}) <= 2
