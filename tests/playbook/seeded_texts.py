"""Synthetic texts in many locales that hold cards, accounts, contacts and identities, or don't.

Sets, each decided before the detector was measured on it:
  LOCALES      the ten locales of the 5,000 texts the bar is set for
  DEVELOPMENT  those and fifteen more: what the detector was written against
  SECOND       fifteen other locales, with phrases and decoys of their own: a first score on them
               showed faults that were mended, so they are development now
  THIRD        fifteen more, again with phrases and decoys of their own, and again mended after
  HELD_OUT     ten more, with phrases and decoys of their own: mended after its first score as well
docs/screening.md has every first score.

Layouts, listed apart from the detector:
  card   as Faker's providers give them (12 to 19 digits), bare; 4-4-4-4 with spaces; with hyphens;
         American Express as 4-6-5
  iban   bare; in groups of four; lower case
  email  plain, company and safe addresses; in angle brackets; before a full stop
  phone  as Faker's `phone_number()` of the locale writes them, extensions and brackets included
  ssn    as Faker's `ssn()` of the locale writes them
  decoys order numbers, amounts, dates, times, timestamps, UUIDs, addresses of machines, versions,
         card-like numbers whose check digit is wrong, IBAN-like ones that fail, hashes, ISBN, sizes
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from faker import Faker

LOCALES = (
    "en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pl_PL", "pt_BR", "sv_SE",
)  # fmt: skip
DEVELOPMENT = (
    *LOCALES, "en_CA", "en_AU", "en_IN", "de_AT", "fr_CH", "cs_CZ", "da_DK", "fi_FI", "no_NO",
    "pt_PT", "ro_RO", "tr_TR", "ja_JP", "es_MX", "el_GR",
)  # fmt: skip
SECOND = (
    "de_CH", "en_IE", "en_NZ", "es_AR", "es_CO", "fr_CA", "hr_HR", "hu_HU", "ko_KR", "nl_BE",
    "sk_SK", "sl_SI", "uk_UA", "zh_CN", "id_ID",
)  # fmt: skip
THIRD = (
    "bg_BG", "de_LU", "el_CY", "ka_GE", "es_CL", "et_EE", "fr_BE", "he_IL", "it_CH", "lt_LT",
    "lv_LV", "ru_RU", "sq_AL", "th_TH", "zh_TW",
)  # fmt: skip
HELD_OUT = (
    "az_AZ", "bs_BA", "fa_IR", "fr_DZ", "hi_IN", "hy_AM", "is_IS", "mk_MK", "vi_VN", "zu_ZA",
)  # fmt: skip

PHRASES: dict[str, tuple[str, ...]] = {
    "card": ("please charge {} today", "card number {}, expires next year", "{} was declined", "Zahlung mit {} bitte"),
    "iban": ("transfer it to {} please", "IBAN: {}", "mon compte est {} merci", "{} is my account"),
    "email": ("write to {} please", "my address is {}.", "contact <{}> about it", "{} asked twice"),
    "phone": ("call me on {} tomorrow", "Tel. {}", "my number is {}, thanks", "reach {} after five", "{}"),
    "ssn": ("my social security number is {}", "SSN {} on file", "national id {} was given", "tax id: {}"),
}  # fmt: skip
SECOND_PHRASES: dict[str, tuple[str, ...]] = {
    "card": ("{} was used twice", "Visa {} please", "the payment card is {};", "pay by {}", "CC: {}"),
    "iban": ("my bank details: {}", "{}", "refund to {} by Friday", "bank account {}", "(IBAN {})"),
    "email": ("{}", "mailto:{}", "Reply-To: {};", "cc {}, thanks", "ask {} or the desk"),
    "phone": (
        "Phone: {}", "you can ring {} until noon", "fax {}", "(mobile {})", "{}", "WhatsApp {}!",
        "our hotline {} is free",
    ),
    "ssn": (
        "ID number: {}", "social security no. {}", "SSN={}", "my personal number is {}",
        "identity number {} belongs to me", "The tax number {} is mine",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class SeededText:
    text: str
    spans: tuple[tuple[str, int, int], ...]
    locale: str


THIRD_PHRASES: dict[str, tuple[str, ...]] = {
    "card": ("card no: {}", "PAN {} leaked", "they charged {} by mistake", "{}", "credit card = {}"),
    "iban": ("Bitte auf {} überweisen", "account: {}", "iban={}", "send the money to {}, thanks", "{}"),
    "email": ("E-mail: {}", "my mail {} bounced", "from {} to you", "<{}>", "{} wrote"),
    "phone": (
        "Telephone {}", "Text me at {}", "cell: {}", "my landline is {}.", "{}", "you reach us under {}",
        "Tel: {} (office hours)",
    ),
    "ssn": (
        "social security: {}", "SSN: {}", "my national identification number: {}", "TIN {}",
        "the citizen number is {}", "personal ID {}", "{} is my social security number",
    ),
}  # fmt: skip
HELD_OUT_PHRASES: dict[str, tuple[str, ...]] = {
    "card": ("charge it to {}", "my debit card {} was stolen", "{} expired", "use {}, please", "payment: {}"),
    "iban": ("IBAN is {}", "our account is {}", "wire it to {}", "{}", "from account {} to yours"),
    "email": ("mail {} now", "user {} signed up", "Email={}", "{}", "please add {} to the list"),
    "phone": (
        "call {}", "phone number: {}", "my cell is {}", "{}", "you can text {} too", "contact number {}",
        "dial {} and ask",
    ),
    "ssn": (
        "social security number {}", "SSN {}", "my national ID is {}", "identification no. {}",
        "tax number {}", "ID card {}",
    ),
}  # fmt: skip


Decoys = Sequence[Callable[[random.Random, Faker], str]]


def seeded_texts(
    count: int = 5_000, *, seed: int = 7, locales: Sequence[str] = LOCALES
) -> list[SeededText]:
    return _texts(count, seed=seed, locales=locales, phrases=PHRASES, decoys=DECOYS)


def second_texts(count: int = 7_500, *, seed: int = 2026) -> list[SeededText]:
    return _texts(count, seed=seed, locales=SECOND, phrases=SECOND_PHRASES, decoys=SECOND_DECOYS)


def third_texts(count: int = 7_500, *, seed: int = 1127) -> list[SeededText]:
    return _texts(count, seed=seed, locales=THIRD, phrases=THIRD_PHRASES, decoys=THIRD_DECOYS)


def held_out_texts(count: int = 5_000, *, seed: int = 1128) -> list[SeededText]:
    return _texts(
        count, seed=seed, locales=HELD_OUT, phrases=HELD_OUT_PHRASES, decoys=HELD_OUT_DECOYS
    )


def _texts(
    count: int, *, seed: int, locales: Sequence[str], phrases: Mapping[str, Sequence[str]],
    decoys: Decoys,
) -> list[SeededText]:  # fmt: skip
    draw = random.Random(seed)
    fakers = {locale: Faker(locale) for locale in locales}
    for place, fake in enumerate(fakers.values()):
        fake.seed_instance(seed + place)
    found = []
    for number in range(count):
        locale = locales[number % len(locales)]
        found.append(_text(draw, fakers[locale], locale=locale, phrases=phrases, decoys=decoys))
    return found


def _text(
    draw: random.Random, fake: Faker, *, locale: str, phrases: Mapping[str, Sequence[str]],
    decoys: Decoys,
) -> SeededText:  # fmt: skip
    text, spans = fake.sentence() + " ", []
    kinds = [draw.choice([*phrases, "decoy", "decoy"]) for _ in range(draw.choice((1, 1, 2, 3)))]
    for kind in kinds:
        if kind == "decoy":
            text += draw.choice(decoys)(draw, fake) + ". "
            continue
        value = _value(kind, draw, fake)
        before, after = draw.choice(phrases[kind]).split("{}")
        start = len(text) + len(before)
        text += before + value + after + draw.choice((". ", " ", "\n", ", "))
        spans.append((kind, start, start + len(value)))
    return SeededText(text + fake.sentence(), tuple(spans), locale)


def _value(kind: str, draw: random.Random, fake: Faker) -> str:
    if kind == "card":
        return _card(draw, fake.credit_card_number())
    if kind == "iban":
        iban = fake.iban()
        grouped = " ".join(iban[i : i + 4] for i in range(0, len(iban), 4))
        return draw.choice((iban, grouped, iban.lower()))
    if kind == "email":
        return draw.choice((fake.email, fake.company_email, fake.safe_email))()
    return fake.phone_number() if kind == "phone" else fake.ssn()


def _card(draw: random.Random, digits: str) -> str:
    if len(digits) == 15:
        return draw.choice((digits, f"{digits[:4]} {digits[4:10]} {digits[10:]}"))
    groups = [digits[i : i + 4] for i in range(0, len(digits), 4)]
    return draw.choice((digits, " ".join(groups), "-".join(groups)))


def _digits(draw: random.Random, count: int) -> str:
    return "".join(draw.choice("0123456789") for _ in range(count))


def _wrong_card(draw: random.Random, fake: Faker) -> str:
    right = fake.credit_card_number()
    return right[:-1] + str((int(right[-1]) + draw.randint(1, 9)) % 10)


def _wrong_iban(draw: random.Random, fake: Faker) -> str:
    right = fake.iban()
    return right[:-1] + str((int(right[-1]) + 1) % 10 if right[-1].isdigit() else 0)


DECOYS: Decoys = (
    lambda d, f: f"order {_digits(d, d.choice((6, 8, 10, 12)))}",
    lambda d, f: f"invoice no. {_digits(d, 4)}-{_digits(d, 4)}",
    lambda d, f: f"a total of {d.randint(1, 9)},{_digits(d, 3)}.{_digits(d, 2)} EUR",
    lambda d, f: f"from {f.date()} to {f.date()}",
    lambda d, f: f"at {f.time()} on {f.date(pattern='%d.%m.%Y')}",
    lambda d, f: f"logged {f.iso8601()}",
    lambda d, f: f"trace {f.uuid4()}",
    lambda d, f: f"host {f.ipv4()}",
    lambda d, f: f"version {d.randint(1, 20)}.{d.randint(0, 99)}.{d.randint(0, 9999)}",
    lambda d, f: f"card-like {_wrong_card(d, f)}",
    lambda d, f: f"account-like {_wrong_iban(d, f)}",
    lambda d, f: f"commit {f.sha1()}",
    lambda d, f: f"ISBN {f.isbn13()}",
    lambda d, f: f"{_digits(d, 9)} bytes",
    lambda d, f: f"ticket #{_digits(d, 7)}",
    lambda d, f: f"tokens {d.randint(1000, 99999)} of {d.randint(100000, 999999)}",
)
SECOND_DECOYS: Decoys = (
    lambda d, f: f"Order #{_digits(d, 8)} shipped",
    lambda d, f: f"voucher {_digits(d, 4)}-{_digits(d, 4)}",
    lambda d, f: f"ORD-{_digits(d, 10)}",
    lambda d, f: f"paid {d.randint(1, 999)}.{_digits(d, 3)},{_digits(d, 2)} €",
    lambda d, f: f"{f.date()}T{f.time()}Z",
    lambda d, f: f"{d.randint(1_500_000_000, 1_800_000_000)}",
    lambda d, f: f"ts={d.randint(1_500_000_000_000, 1_800_000_000_000)}",
    lambda d, f: f"{f.uuid4()}",
    lambda d, f: f"{f.ipv4()}:{d.randint(1024, 65535)}",
    lambda d, f: f"{f.ipv6()}",
    lambda d, f: f"{f.sha256()}",
    lambda d, f: f"md5 {f.md5()}",
    lambda d, f: f"{f.date(pattern='%d/%m/%Y')} {f.time(pattern='%H:%M')}",
    lambda d, f: f"SKU {_digits(d, 5)}-{_digits(d, 3)}",
    lambda d, f: f"parcel {_digits(d, 12)} arrives",
    lambda d, f: f"{d.randint(1, 9)} {_digits(d, 3)} {_digits(d, 3)} rows",
    lambda d, f: f"{f.latitude()}, {f.longitude()}",
    lambda d, f: f"0x{_digits(d, 12)}",
    lambda d, f: f"the {_wrong_card(d, f)} test number",
    lambda d, f: f"{d.randint(1, 31)}-{d.randint(1, 12)}-{d.randint(1990, 2030)}",
)
THIRD_DECOYS: Decoys = (
    lambda d, f: f"purchase order {_digits(d, 9)}",
    lambda d, f: f"INV-{d.randint(2015, 2030)}-{_digits(d, 6)}",
    lambda d, f: f"reference {_digits(d, 10)}",
    lambda d, f: f"${d.randint(1, 99)},{_digits(d, 3)},{_digits(d, 3)}.{_digits(d, 2)}",
    lambda d, f: f"{d.randint(1, 99)}.{_digits(d, 3)}.{_digits(d, 3)} USD",
    lambda d, f: f"timestamp {d.randint(1_500_000_000, 1_800_000_000)}",
    lambda d, f: f"{f.iso8601()}",
    lambda d, f: f"{f.date(pattern='%Y%m%d')}",
    lambda d, f: f"[{f.date(pattern='%Y-%m-%d')} {f.time()},{_digits(d, 3)}]",
    lambda d, f: f"id {f.uuid4()}",
    lambda d, f: f"client {f.ipv4()} port {d.randint(1024, 65535)}",
    lambda d, f: f"mac {f.mac_address()}",
    lambda d, f: f"sha256:{f.sha256()}",
    lambda d, f: f"v{d.randint(0, 9)}.{d.randint(0, 30)}.{d.randint(0, 900)}",
    lambda d, f: f"{_digits(d, 3)}.{_digits(d, 8)} seconds",
    lambda d, f: f"pixels {d.randint(100, 4000)} x {d.randint(100, 4000)}",
    lambda d, f: f"batch {_digits(d, 3)} {_digits(d, 3)} {_digits(d, 3)}",
    lambda d, f: f"session {_digits(d, 14)}",
    lambda d, f: f"EAN {f.ean13()}",
    lambda d, f: f"not a card: {_wrong_card(d, f)}",
    lambda d, f: f"scores {d.randint(10, 99)} {d.randint(10, 99)} {d.randint(10, 99)}",
)
HELD_OUT_DECOYS: Decoys = (
    lambda d, f: f"Order number: {_digits(d, 10)}",
    lambda d, f: f"order {_digits(d, 3)}-{_digits(d, 7)}-{_digits(d, 7)}",
    lambda d, f: f"case {_digits(d, 8)} closed",
    lambda d, f: f"€{d.randint(1, 999)}.{_digits(d, 3)}",
    lambda d, f: f"it cost {d.randint(1000, 999999)}.{_digits(d, 2)} dollars",
    lambda d, f: f"{f.date()} {f.time()}",
    lambda d, f: f"{f.iso8601()}+02:00",
    lambda d, f: f"epoch {d.randint(1_500_000_000_000, 1_800_000_000_000)}",
    lambda d, f: f"uuid={f.uuid4()}",
    lambda d, f: f"from {f.ipv4()} to {f.ipv4()}",
    lambda d, f: f"{f.sha1()}",
    lambda d, f: f"etag {f.md5()}",
    lambda d, f: f"ISBN {f.isbn10()}",
    lambda d, f: f"build {d.randint(1, 99)}.{d.randint(0, 99)}.{d.randint(0, 99)}.{_digits(d, 4)}",
    lambda d, f: f"tracking {_digits(d, 4)} {_digits(d, 4)} {_digits(d, 4)} {_digits(d, 4)}",
    lambda d, f: f"rows {d.randint(1, 999)},{_digits(d, 3)},{_digits(d, 3)}",
    lambda d, f: f"invalid card {_wrong_card(d, f)}",
    lambda d, f: f"lat {f.latitude()} lon {f.longitude()}",
    lambda d, f: f"pages {d.randint(1, 99)}-{d.randint(100, 999)}",
    lambda d, f: f"serial {f.bothify('??########').upper()}",
)
