"""All a workspace knows about its targets, read once: capabilities, token ratios, evaluations."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from workbench.answers import Source
from workbench.models.provider_exit.capabilities import SHOWN, Capabilities, Fact
from workbench.models.provider_exit.conversion import Conversion
from workbench.models.provider_exit.token_ratio import FEW_SAMPLES
from workbench.playbook.capabilities import Stated, capabilities_of, read_stated
from workbench.playbook.dossier import Dossier
from workbench.playbook.dossier_files import read_dossiers
from workbench.playbook.exit_evidence import EvaluatedTarget, read_evaluations
from workbench.playbook.replay import Target, target_names
from workbench.playbook.token_ratios import TokenRatios, read_kept
from workbench.pricing.book import PriceBook

Names = tuple[str, str]


@dataclass(frozen=True)
class Known:
    """What is on file about leaving, of one workspace."""

    source: Source

    @cached_property
    def book(self) -> PriceBook:
        """All price imports of the workspace."""
        return self.source.workspace.book()

    @cached_property
    def dossiers(self) -> tuple[Dossier, ...]:
        """The dossiers of its features."""
        return tuple(read_dossiers(self.source.workspace.layout.root / "dossiers"))

    @cached_property
    def stated(self) -> tuple[Stated, ...]:
        """Models as the workspace itself describes them."""
        return read_stated(self.source.workspace.layout.root)

    @cached_property
    def ratios(self) -> tuple[TokenRatios, ...]:
        """Token ratios measured on own samples."""
        return read_kept(self.source.workspace.layout.root)

    @cached_property
    def evaluations(self) -> tuple[EvaluatedTarget, ...]:
        """Evaluations at targets."""
        root = self.source.workspace.layout.root
        return tuple(read_evaluations(root, self.dossiers))

    def canonical(self, names: Names) -> Names:
        """Return the book's own names of a model."""
        return self.book.at(None).canonical(*names)

    def target(self, name: str) -> Target:
        """Return a target with its capabilities; token counts stay as logged."""
        names = target_names(name)
        known = capabilities_of(self.book, names, stated=self.stated, dossiers=self.dossiers)
        return Target(name=name, capabilities=known)

    def converted(self, target: Target) -> Target:
        """Return the target with its cache rule and every token ratio that was measured."""
        named = self.canonical(target_names(target.name))
        shortest = target.capabilities.cache_from_tokens or 0
        found: dict[Names, Conversion] = {}
        for one in self.ratios:
            if self.canonical(target_names(one.target)) == named:
                found[self.canonical(target_names(one.source))] = one.conversion()
        for one in self.evaluations:
            is_there = self.canonical(one.target) == named and one.source is not None
            if is_there and one.conversion and one.pairs >= FEW_SAMPLES:
                # The same cases at both models: tokenizer, wordiness and thinking in one.
                found[self.canonical(one.source or ("", ""))] = one.conversion
        return replace(
            target,
            conversion=Conversion(cache_from_tokens=shortest),
            conversions=_Canonical(
                {key: replace(one, cache_from_tokens=shortest) for key, one in found.items()}, self
            ),
            ratio_basis="measured" if found else "assumed",
            keeps_region=True,
        )


class _Canonical(dict[Names, Conversion]):
    """Conversions found by any name the logs use for a model."""

    def __init__(self, found: Mapping[Names, Conversion], known: Known) -> None:
        super().__init__(found)
        self._known = known

    def get(self, key: Names, default: Any = None) -> Any:  # noqa: ANN401 - as dict's
        return super().get(self._known.canonical(key), default)


def capability_map(known: Capabilities) -> dict[str, list[str]]:
    """Return each capability's answer, confidence and source as plain text."""
    size = known.context_tokens or known.input_tokens_at_most
    found = {name: known.fact(name) for name in SHOWN}
    shown = {name: [one.answer, one.confidence, one.source] for name, one in found.items()}
    shown["context"] = [f"{size:,}" if size else "unknown", *_origin(known.context)]
    regions = ", ".join(sorted(known.regions)) if known.regions else "unknown"
    shown["region"] = [regions, *_origin(known.region)]
    return shown


def _origin(fact: Fact) -> tuple[str, str]:
    return fact.confidence, fact.source
