"""Where the invented policy lets each class of data be processed, one rule a class."""

from collections.abc import Sequence
from typing import Any

from workbench.samples.assumptions import SOURCE
from workbench.samples.catalogue import Feature

DECIDED_ON = "2026-04-20"
STRICT = ("financial", "call transcript")
"""Classes that only a provider that keeps nothing may process."""
SHARES = {("call-summary", "call transcript"): 0.35}
"""Of a feature's prompts, those that carry a class; all of them where it is not listed."""
AGREED = ("invoice-reading",)
"""Features whose provider agreed to keep nothing."""


def placement(item: Feature, data_classes: Sequence[str]) -> list[dict[str, Any]]:
    """Return the rules of one feature's dossier."""
    return [
        {
            "data_class": name,
            "processing": "zero_retention" if name in STRICT else "managed",
            "regions": ["eu"] if item.region == "eu" else [],
            "rule": f"data policy, {name}", "source": SOURCE, "decided_on": DECIDED_ON,
            **({"share": SHARES[item.name, name]} if (item.name, name) in SHARES else {}),
        }
        for name in data_classes
    ]  # fmt: skip


def terms(item: Feature) -> dict[str, Any]:
    """Return what the provider in use agreed about keeping prompts; nothing for most."""
    if item.name not in AGREED:
        return {}
    return {
        "zero_retention": True, "terms_source": f"contract annex, {SOURCE}",
        "terms_read_on": DECIDED_ON,
    }  # fmt: skip
