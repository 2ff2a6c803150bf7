"""How fast and how well are personal data found, beside Presidio's pattern recognisers?

The same synthetic texts in the same run: ten locales, and fifteen held out. Presidio runs with
its pattern recognisers for cards, IBAN, e-mail, telephone and US social security numbers, over
a blank spaCy pipeline: its language model is not on the package index, so names and context
words, which we do not judge either, are left out on both sides.

Run: python benchmarks/screening.py [TEXTS]
"""

import importlib.util
import os
import resource
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import spacy
import tldextract
from claims import claim
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine
from presidio_analyzer.predefined_recognizers import (
    CreditCardRecognizer,
    EmailRecognizer,
    IbanRecognizer,
    PhoneRecognizer,
    UsSsnRecognizer,
)

from workbench.models.screening import score_spans
from workbench.playbook.screening import KINDS, Screener

_PATH = Path(__file__).parent.parent / "tests" / "playbook" / "seeded_texts.py"
_SPEC = importlib.util.spec_from_file_location("seeded_texts", _PATH)
seeded = importlib.util.module_from_spec(_SPEC)
sys.modules["seeded_texts"] = seeded
_SPEC.loader.exec_module(seeded)

RIVAL_KINDS = {
    "CREDIT_CARD": "card", "IBAN_CODE": "iban", "EMAIL_ADDRESS": "email", "PHONE_NUMBER": "phone",
    "US_SSN": "ssn",
}  # fmt: skip
Marks = list[list[tuple[str, int, int]]]


class BlankEngine(NlpEngine):
    """Hands Presidio a blank pipeline: tokens and nothing else."""

    def __init__(self) -> None:
        self.blank = spacy.blank("en")

    def load(self) -> None: ...

    def is_loaded(self) -> bool:
        return True

    def process_text(self, text: str, language: str) -> NlpArtifacts:
        tokens = self.blank(text)
        return NlpArtifacts([], tokens, [t.idx for t in tokens], [], self, language)

    def process_batch(self, texts, language, batch_size=1, n_process=1, **_):
        for text in texts:
            yield text, self.process_text(str(text), language)

    def is_stopword(self, word: str, language: str) -> bool:
        return False

    def is_punct(self, word: str, language: str) -> bool:
        return False

    def get_supported_entities(self) -> list[str]:
        return []

    def get_supported_languages(self) -> list[str]:
        return ["en"]


def rival() -> AnalyzerEngine:
    registry = RecognizerRegistry(
        recognizers=[
            CreditCardRecognizer(), IbanRecognizer(), EmailRecognizer(), PhoneRecognizer(),
            UsSsnRecognizer(),
        ]
    )  # fmt: skip
    return AnalyzerEngine(registry=registry, nlp_engine=BlankEngine(), supported_languages=["en"])


def rival_marks(engine: AnalyzerEngine, texts: Sequence[str]) -> Marks:
    found = []
    for text in texts:
        results = engine.analyze(text, language="en", entities=list(RIVAL_KINDS))
        found.append([(RIVAL_KINDS[r.entity_type], r.start, r.end) for r in results])
    return found


def own_marks(texts: Sequence[str]) -> Marks:
    found = Screener().find_all(texts)
    return [[(span.kind, span.start, span.end) for span in spans] for spans in found]


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measured(run: Callable[[], Marks]) -> tuple[Marks, float]:
    begun = cpu_s()
    marks = run()
    return marks, cpu_s() - begun


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    offline = tldextract.TLDExtract(suffix_list_urls=())  # Presidio would fetch a list otherwise
    tldextract.extract = offline
    engine = rival()
    engine.analyze("warm up 4111 1111 1111 1111", language="en")
    print(f"machine load {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs")
    for name, texts in (
        ("ten locales", seeded.seeded_texts(count)),
        ("held out", seeded.held_out_texts(count)),
    ):
        plain = [one.text for one in texts]
        labels = [one.spans for one in texts]
        print(f"{name}: {len(plain):,} texts, here and with Presidio: a minute or more")
        ours, own_s = measured(lambda plain=plain: own_marks(plain))
        theirs, rival_s = measured(lambda plain=plain: rival_marks(engine, plain))
        claim(
            f"screening, {name}, {len(plain):,} texts",
            f"{len(plain) / own_s:,.0f} texts/CPU-s, {rival_s / own_s:.1f} times",
            beside=f"Presidio {len(plain) / rival_s:,.0f}",
        )
        for kind in KINDS:
            scores = [score_spans(labels, marks, kinds={kind}) for marks in (ours, theirs)]
            shown = [f"recall {s.recall:.4f}, precision {s.precision or 0:.4f}" for s in scores]
            print(f"  {kind:6} workbench {shown[0]}   Presidio {shown[1]}")


if __name__ == "__main__":
    main()
