"""What kind of text a sample is, as far as a tokenizer cares: JSON, code, table, or a language.

Coarse on purpose: kinds only group samples so that their ratios can be told apart. A sample
that states its own kind keeps it.
"""

import json
import re
import unicodedata

_CODE = re.compile(
    r"^\s*(def |class |import |from \w+ import|#include|function |const |let |var |public |private "
    r"|return |if \(|for \(|\}|SELECT |INSERT |<\?php|package )",
    re.MULTILINE,
)
_WORDS = {
    "english": frozenset(["the", "and", "of", "to", "in", "is", "for", "with", "that", "on", "are", "was", "it", "you", "this", "be", "as", "by"]),
    "german": frozenset(["der", "die", "das", "und", "ist", "nicht", "ein", "eine", "mit", "für", "auf", "den", "von", "zu", "im", "sich", "dem", "wir"]),
    "french": frozenset(["le", "la", "les", "des", "et", "est", "une", "un", "pour", "dans", "que", "qui", "sur", "avec", "pas", "vous", "nous", "au"]),
    "spanish": frozenset(["el", "los", "las", "y", "es", "una", "un", "para", "en", "que", "con", "por", "del", "se", "no", "al", "más", "su", "lo", "como"]),
}  # fmt: skip
_SCRIPTS = {
    "CJK": "chinese", "HIRAGANA": "japanese", "KATAKANA": "japanese", "HANGUL": "korean",
    "ARABIC": "arabic", "CYRILLIC": "cyrillic", "HEBREW": "hebrew", "DEVANAGARI": "hindi",
    "THAI": "thai", "GREEK": "greek",
}  # fmt: skip
LOOKED_AT = 4_000
CODE_LINES_SHARE = 0.2
DIGIT_SHARE = 0.25
OTHER_SCRIPT_SHARE = 0.2


def text_kind(text: str) -> str:
    """Return json, code, number_table, a language, or other.

    Examples
    --------
    >>> text_kind('{"a": 1}'), text_kind("Where is the parcel and who has it?")
    ('json', 'english')
    """
    head = text[:LOOKED_AT].strip()
    if _is_json(text, head):
        return "json"
    lines = [line for line in head.splitlines() if line.strip()]
    if lines and len(_CODE.findall(head)) / len(lines) >= CODE_LINES_SHARE:
        return "code"
    shown = [one for one in head if not one.isspace()]
    if shown and sum(one.isdigit() for one in shown) / len(shown) >= DIGIT_SHARE:
        return "number_table"
    return _script(shown) or _language(head)


def _is_json(text: str, head: str) -> bool:
    if not head.startswith(("{", "[")):
        return False
    for part in (text, head.splitlines()[0]):  # one document, or one a line
        try:
            json.loads(part)
        except ValueError:
            continue
        return True
    return False


def _script(shown: list[str]) -> str | None:
    letters = [one for one in shown if one.isalpha()]
    counts: dict[str, int] = {}
    for one in letters:
        if one > "\u024f":  # beyond the Latin blocks
            script = unicodedata.name(one, "").split(" ")[0]
            if kind := _SCRIPTS.get(script):
                counts[kind] = counts.get(kind, 0) + 1
    if not letters or sum(counts.values()) / len(letters) < OTHER_SCRIPT_SHARE:
        return None
    if counts.get("japanese"):
        return "japanese"  # written with Chinese characters as well
    return max(counts, key=lambda kind: counts[kind])


def _language(head: str) -> str:
    words = re.findall(r"[^\W\d_]+", head.lower())
    hits = {name: sum(word in known for word in words) for name, known in _WORDS.items()}
    best = max(hits, key=lambda name: hits[name])
    return best if words and hits[best] / len(words) >= 0.05 else "other"
