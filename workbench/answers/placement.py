"""Where a feature's data may be processed, and whether its providers keep prompts: what is on file.

A rule or a term without source or date is on file and proves nothing, so it is passed on with
that word; the model then reads it as own machines only, and as a provider that keeps prompts.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from workbench.reference import read_table

Document = Mapping[str, Any]
KEEPS = "keeps prompts as its terms say"


def rules_of(dossier: Document, *, as_of: date) -> list[dict[str, Any]]:
    """Return the rules of a dossier as the page and the command read them."""
    return [
        {
            "data_class": str(one["data_class"]), "processing": str(one["processing"]),
            "regions": [str(each) for each in one.get("regions") or ()],
            "share": one.get("share"), "rule": str(one.get("rule") or ""),
            "source": str(one.get("source") or ""), "decided_on": str(one.get("decided_on") or ""),
            "confidence": _confidence(one, "source", "decided_on", as_of),
        }
        for one in dossier.get("data_placement") or ()
    ]  # fmt: skip


def terms_of(dossier: Document, provider: str, model: str, *, as_of: date) -> dict[str, str]:
    """Return how a provider processes this feature's prompts: `processing`, and why in `words`.

    Zero retention holds where the dossier says so with a source and a date, for the model or
    for the provider as a whole; nobody's published default is one.
    """
    for one in _nearest(dossier.get("dependencies") or (), provider, model):
        word = _confidence(one, "terms_source", "terms_read_on", as_of)
        if word == "confirmed":
            return {
                "processing": "zero_retention",
                "words": f"keeps nothing, {one['terms_source']}, {one['terms_read_on']}",
            }
        return {"processing": "managed", "words": f"zero retention on file, but {word}"}
    return {"processing": "managed", "words": _published(provider)}


def stated_regions(dossier: Document, provider: str, model: str) -> list[str]:
    """Return where the dossier says a model in use is called; for logs that carry no region."""
    return sorted(
        {
            str(region)
            for one in dossier.get("dependencies") or ()
            if one.get("kind", "model") in ("model", "provider")
            and str(one.get("provider")) == provider
            and str(one.get("model") or model) == model
            for region in (one.get("region"), *(one.get("regions") or ()))
            if region
        }
    )


def _nearest(dependencies: Iterable[Document], provider: str, model: str) -> list[Document]:
    """Return what says that nothing is kept, that of the very model first."""
    said = [
        one for one in dependencies
        if one.get("zero_retention") and str(one.get("provider")) == provider
        and str(one.get("model") or model) == model
    ]  # fmt: skip
    return sorted(said, key=lambda one: not one.get("model"))


def _published(provider: str) -> str:
    """Return what the shipped table knows of a provider's terms."""
    name = provider.lower().split("/")[0]
    for row in read_table("provider_terms"):
        if name in row["providers"].split():
            doubt = "" if row["confidence"] == "confirmed" else f", {row['confidence']}"
            return f"{KEEPS} (zero retention {row['zero_retention']}{doubt})"
    return "terms not known"


def _confidence(one: Document, source: str, day: str, as_of: date) -> str:
    if not one.get(source):
        return "without a source"
    if not one.get(day):
        return "without a date"
    if date.fromisoformat(str(one[day])) > as_of:
        return "dated after this day"
    return str(one.get("confidence") or "confirmed")
