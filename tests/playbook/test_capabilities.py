from pathlib import Path

import pytest

from workbench.errors import InputError
from workbench.models.provider_exit.exit_cost import effort_names
from workbench.playbook.capabilities import capabilities_of, read_stated
from workbench.playbook.dossier import Dossier
from workbench.playbook.exit_evidence import own_efforts, read_evaluations
from workbench.playbook.near_names import near_targets
from workbench.playbook.text_kinds import text_kind
from workbench.pricing.book import PriceBook
from workbench.pricing.shipped import shipped_imports
from workbench.reference import read_table


@pytest.fixture(scope="module")
def book() -> PriceBook:
    return PriceBook(shipped_imports())


def test_the_shipped_table_and_the_prices_say_what_a_model_does(book: PriceBook) -> None:
    known = capabilities_of(book, ("openai", "gpt-5.4"))
    assert known.context_tokens == 1_050_000
    assert known.context.confidence == "confirmed"
    assert known.fact("batch").confidence == "derived"  # the book prices a batch variant
    assert known.fact("text out").answer == "yes"
    assert known.fact("images out").answer == "no"
    assert known.fact("tools").source
    nobody = capabilities_of(book, ("nobody", "nothing"))
    assert nobody.fact("tools").answer == "unknown"
    assert nobody.context_tokens is None


def test_what_nothing_prices_is_not_sold(book: PriceBook) -> None:
    embedding = capabilities_of(book, ("openai", "text-embedding-3-small"))
    assert embedding.fact("text out").answer == "no"
    picture = capabilities_of(book, ("google", "gemini-3.1-flash-image"))
    assert picture.fact("images out").answer == "yes"
    pages = capabilities_of(book, ("mistral", "mistral-ocr-2512"))
    assert (pages.fact("pages").answer, pages.fact("text out").answer) == ("yes", "no")


def test_every_shipped_row_has_source_date_and_confidence() -> None:
    rows = read_table("model_capabilities")
    assert len({(row["provider"], row["model"]) for row in rows}) == len(rows) > 300
    for row in rows:
        assert row["source"], row
        assert row["retrieved_on"].startswith("20"), row
        assert row["confidence"] in ("confirmed", "disputed", "read-at-source (secondary)"), row


def test_the_workspaces_own_word_wins(book: PriceBook, tmp_path: Path) -> None:
    (tmp_path / "capabilities.yaml").write_text(
        "- provider: openai\n  model: gpt-5.4\n  context_tokens: 9000\n  makes: [text]\n"
        "  tools: false\n  regions: [EU]\n  source: contract 7\n  date: 2026-10-01\n"
    )
    stated = read_stated(tmp_path)
    known = capabilities_of(book, ("openai", "gpt-5.4-2026-03-05"), stated=stated)
    assert (known.context_tokens, known.input_tokens_at_most) == (9_000, None)
    assert (known.fact("tools").answer, known.fact("tools").confidence) == ("no", "stated")
    assert known.regions == frozenset({"eu"})
    dossier = Dossier.model_validate({"feature": "f", "dependencies": [
        {"kind": "backup", "provider": "openai", "model": "gpt-5.4", "region": "us"}]})  # fmt: skip
    assert capabilities_of(book, ("openai", "gpt-5.4"), dossiers=[dossier]).regions == {"us"}


@pytest.mark.parametrize(
    ("text", "says"),
    [("a: 1", "write a list"), ("- provider: x", "model"), ("- {", "not readable"),
     ("- provider: x\n  model: y\n  source: s\n  date: 2026-01-01\n  contxt: 1", "contxt")],
)  # fmt: skip
def test_a_wrong_capability_file_is_refused_in_words(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "capabilities.yaml").write_text(text)
    with pytest.raises(InputError, match=says):
        read_stated(tmp_path)


def test_near_names_are_targets_that_have_a_price(book: PriceBook) -> None:
    assert near_targets(book, ("openai", "gpt5.4"))[0] == "openai/gpt-5.4"
    assert "openai/gpt-5.4" in near_targets(book, ("nobody", "gpt-5.4"))
    assert near_targets(book, ("opnai", "gpt-5.4"))[0] == "openai/gpt-5.4"
    assert near_targets(book, ("zzz", "qqqqqqqq")) == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('{"a": [1, 2]}\n{"b": 3}', "json"), ("def f(x):\n    return x\n", "code"),
        ("12.50 13.75 1,204\n88.10 90.00 7,331", "number_table"),
        ("Der Kunde hat die Rechnung nicht und will sie von uns", "german"),
        ("La facture est pour le client et elle est dans les mains", "french"),
        ("これは請求書です", "japanese"), ("هذه فاتورة العميل", "arabic"), ("xyzzy", "other"),
    ],
)  # fmt: skip
def test_kinds_of_text(text: str, kind: str) -> None:
    assert text_kind(text) == kind


def test_own_efforts_replace_the_shipped_and_are_checked(tmp_path: Path) -> None:
    assert own_efforts(tmp_path, effort_names()) == {}
    path = tmp_path / "assumptions" / "exit.yaml"
    path.parent.mkdir()
    told = "low: 1, likely: 2, high: 3, owner: lead, date: 2026-01-01, source: own count"
    path.write_text(f"project_hours: {{{told}}}\n")
    assert own_efforts(tmp_path, effort_names())["project_hours"].likely == 2
    for text, says in (
        (f"no_such: {{{told}}}", "no effort"), ("project_hours: {low: 1}", "likely"),
        (f"project_hours: {{{told.replace('high: 3', 'high: 0')}}}", "low <= likely"),
    ):  # fmt: skip
        path.write_text(text)
        with pytest.raises(InputError, match=says):
            own_efforts(tmp_path, effort_names())


def test_an_evaluation_outside_the_workspace_or_missing_is_refused(tmp_path: Path) -> None:
    entry = {"provider": "p", "model": "m", "results": "../x.csv"}
    dossier = Dossier.model_validate({"feature": "f", "evaluations": [entry]})
    with pytest.raises(InputError, match="leaves the workspace"):
        read_evaluations(tmp_path, [dossier])
    entry["results"] = "x.csv"
    with pytest.raises(InputError, match="not there"):
        read_evaluations(
            tmp_path, [Dossier.model_validate({"feature": "f", "evaluations": [entry]})]
        )
