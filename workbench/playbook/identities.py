"""Is a run of digits and letters a person's identity number? Layout, words and check digits.

Check digits are those of python-stdnum, which follows each country's issuing authority. A number
whose check is strong (a date, two check digits, or letters in fixed places) stands on its own;
one whose check a tenth of all numbers pass counts only where the words around it name it.
"""

import re
from collections.abc import Callable
from functools import cache
from importlib import import_module

from workbench.playbook.naming_words import nearest_word
from workbench.playbook.phones import is_date

FEWEST_NAMED, MOST_NAMED = 7, 18
"""Length, without separators, of a number that the words around it call an identity number."""

CANDIDATE = re.compile(
    r"(?<![\w+@.-])(?:"
    r"[A-Z]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-DT]"
    r"|[0-9]{2} [0-9]{6} [A-Z] [0-9]{3}"
    r"|[0-9]{1,6}(?:[ \u00a0][0-9AB]{1,6}){1,6}"
    r"|(?=[A-Z]*[0-9])[0-9A-Z]+(?:[./+-][0-9A-Z]+)*"
    r")(?![\w@+]|[.-][0-9])"
)

_SCHEMES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"\d{3}\.\d{3}\.\d{3}-\d{2}", ("br.cpf",)),
    (r"756\.\d{4}\.\d{4}\.\d{2}", ("ch.ssn",)),
    (r"\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]", ("fi.hetu",)),
    (r"(?:\d{2})?\d{6}[-+]\d{4}", ("se.personnummer",)),
    (r"\d{6}/\d{3,4}", ("cz.rc", "sk.rc")),
    (r"\d{6}-\d{7}", ("kr.rrn",)),
    (r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}", ("be.nn",)),
    (r"\d{1,2}(?:\.\d{3}){2}-[0-9K]", ("cl.rut",)),
    (r"\d{1}-\d{4}-\d{5}-\d{2}-\d{1}", ("th.pin",)),
    (r"[A-Z]{6}[0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]",
     ("it.codicefiscale",)),
    (r"[A-Z]{4}\d{6}[HM][A-Z]{5}[0-9A-Z]\d", ("mx.curp",)),
    (r"[XYZ]-?\d{7}-?[A-Z]", ("es.nie",)),
    (r"\d{8}-?[A-Z]", ("es.dni",)),
    (r"\d{7}[A-W][ABHW]?", ("ie.pps",)),
    (r"[12] ?\d{2} ?\d{2} ?\d[0-9AB] ?\d{3} ?\d{3} ?\d{2}", ("fr.nir",)),
    (r"\d{17}[0-9X]", ("cn.ric",)),
    (r"\d{13}", ("ro.cnp", "si.emso", "za.idnr")),
    (r"\d{11}", ("no.fodselsnummer", "pl.pesel", "br.cpf", "tr.tckimlik", "gr.amka", "ee.ik",
                 "lt.asmens", "be.nn")),
    (r"\d{3} \d{6}|\d{4} ?\d{6}", ("at.vnr", "bg.egn")),
)  # fmt: skip
_LETTERED = re.compile(r"[A-Z]{2}\d{6}[A-D]|ZZ\d{6}T|TN\d{6}T")


def is_identity(text: str, *, before: str, after: str = "") -> bool:
    """Say whether a candidate is a national identity number."""
    word = nearest_word(before, after)
    bare = re.sub(r"[ .\u00a0/+-]", "", text)
    if word == "identity":
        fits = FEWEST_NAMED <= len(bare) <= MOST_NAMED
        return fits and any(c.isdigit() for c in bare) and not is_date(text)
    if re.fullmatch(r"\d{3}-\d{2}-\d{4}", text):
        return word != "phone"  # an unmistakable layout, even where the number was never issued
    if re.fullmatch(r"\d{2} ?\d{6} ?[A-Z] ?\d{3}", text):
        return (
            int(bare[2:4]) <= 31 and 1 <= int(bare[4:6]) <= 12
        )  # German pension insurance: born on
    if _LETTERED.fullmatch(bare):
        return not (set(bare[:2]) & set("DFIQUV") or bare[1] == "O")
    if bare.isdigit() and word is not None:
        return False
    if text == bare and bare.isdigit():
        if bare.startswith("0") and len(bare) in (10, 11):
            return False  # a trunk prefix far more often than a person born in a year 0
        if bare.startswith("1") and len(bare) in (10, 13):
            return False  # seconds or milliseconds of a clock
    return stands_alone(text)


def stands_alone(text: str) -> bool:
    """Say whether layout and check digits alone show an identity number."""
    return any(
        re.fullmatch(layout, text) and any(_checker(name)(text) for name in names)
        for layout, names in _SCHEMES
    )


@cache
def _checker(name: str) -> Callable[[str], bool]:
    return import_module(f"stdnum.{name}").is_valid
