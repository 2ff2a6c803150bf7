"""5,000 synthetic texts in ten locales that hold cards, accounts, contacts and identities, or don't.

Layouts, listed apart from the detector:
  card   as Faker's providers give them (12 to 19 digits), bare; 4-4-4-4 with spaces; with hyphens;
         American Express as 4-6-5
  iban   bare; in groups of four; lower case
  email  plain, company and safe addresses; in angle brackets; before a full stop
  phone  as Faker's `phone_number()` of the locale writes them, extensions and brackets included
  ssn    as Faker's `ssn()` of the locale writes them
  decoys order numbers, amounts, dates, times, ISO timestamps, UUIDs, IPv4, versions, card-like
         numbers whose check digit is wrong, IBAN-like ones that fail, hashes, ISBN, file sizes
"""

import random
from dataclasses import dataclass

from faker import Faker

LOCALES = (
    "en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pl_PL", "pt_BR", "sv_SE",
)  # fmt: skip

PHRASES = {
    "card": ("please charge {} today", "card number {}, expires next year", "{} was declined", "Zahlung mit {} bitte"),
    "iban": ("transfer it to {} please", "IBAN: {}", "mon compte est {} merci", "{} is my account"),
    "email": ("write to {} please", "my address is {}.", "contact <{}> about it", "{} asked twice"),
    "phone": ("call me on {} tomorrow", "Tel. {}", "my number is {}, thanks", "reach {} after five", "{}"),
    "ssn": ("my social security number is {}", "SSN {} on file", "national id {} was given", "tax id: {}"),
}  # fmt: skip


@dataclass(frozen=True)
class SeededText:
    text: str
    spans: tuple[tuple[str, int, int], ...]
    locale: str


def seeded_texts(count: int = 5_000, *, seed: int = 7) -> list[SeededText]:
    draw = random.Random(seed)
    fakers = {locale: Faker(locale) for locale in LOCALES}
    for place, fake in enumerate(fakers.values()):
        fake.seed_instance(seed + place)
    found = []
    for number in range(count):
        locale = LOCALES[number % len(LOCALES)]
        found.append(_text(draw, fakers[locale], locale=locale))
    return found


def _text(draw: random.Random, fake: Faker, *, locale: str) -> SeededText:
    text, spans = fake.sentence() + " ", []
    kinds = [draw.choice([*PHRASES, "decoy", "decoy"]) for _ in range(draw.choice((1, 1, 2, 3)))]
    for kind in kinds:
        if kind == "decoy":
            text += _decoy(draw, fake) + ". "
            continue
        value = _value(kind, draw, fake)
        before, after = draw.choice(PHRASES[kind]).split("{}")
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


def _decoy(draw: random.Random, fake: Faker) -> str:
    def digits(count: int) -> str:
        return "".join(draw.choice("0123456789") for _ in range(count))

    def wrong_card() -> str:
        right = fake.credit_card_number(card_type="visa16")
        return right[:-1] + str((int(right[-1]) + draw.randint(1, 9)) % 10)

    def wrong_iban() -> str:
        right = fake.iban()
        return right[:-1] + str((int(right[-1]) + 1) % 10 if right[-1].isdigit() else 0)

    kinds = (
        lambda: f"order {digits(draw.choice((6, 8, 10, 12)))}",
        lambda: f"invoice no. {digits(4)}-{digits(4)}",
        lambda: f"a total of {draw.randint(1, 9)},{digits(3)}.{digits(2)} EUR",
        lambda: f"from {fake.date()} to {fake.date()}",
        lambda: f"at {fake.time()} on {fake.date(pattern='%d.%m.%Y')}",
        lambda: f"logged {fake.iso8601()}",
        lambda: f"trace {fake.uuid4()}",
        lambda: f"host {fake.ipv4()}",
        lambda: f"version {draw.randint(1, 20)}.{draw.randint(0, 99)}.{draw.randint(0, 9999)}",
        lambda: f"card-like {wrong_card()}",
        lambda: f"account-like {wrong_iban()}",
        lambda: f"commit {fake.sha1()}",
        lambda: f"ISBN {fake.isbn13()}",
        lambda: f"{digits(9)} bytes",
        lambda: f"ticket #{digits(7)}",
        lambda: f"tokens {draw.randint(1000, 99999)} of {draw.randint(100000, 999999)}",
    )
    return draw.choice(kinds)()
