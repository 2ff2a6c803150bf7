"""Published prices become rows of the book: witnesses, or what the book lacks. Nothing is dropped unsaid.

A witness is what another source says. It is kept with its source and version and compared with
the book; it never prices usage. With `layer="overlay"` the user says that what the default book
has no price for is filled from the file; the rest stays a witness.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from workbench.pricing.bands import banded
from workbench.pricing.book import ActivePrices
from workbench.pricing.published.files import PublishedFile
from workbench.pricing.published.naming import Naming
from workbench.pricing.published.rate import GLOBAL, Rate, Skipped, why_not
from workbench.pricing.rows import ANY_CONTEXT, PriceImport, PriceRow
from workbench.schema import WITNESS
from workbench.units import pico_per_unit

OVERLAY = "overlay"
UNMAPPED = "no model of the price book goes by this name"
ALIAS = "another name of a model that the file prices differently under its own name"
AMBIGUOUS = "the file states several prices of the same thing"
SUSPICIOUS_FACTOR = 10
"""A price so far from the book's is more often a wrong unit (x1,000) than another price."""
MANY_PRICES = 50

Model = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicious:
    """A published price ten times the book's or more, or a tenth of it or less."""

    provider: str
    model: str
    meter: str
    conditions: str
    pico: int
    book_pico: int
    """The default book's price of the same, or the end of its range for the meter."""
    is_range: bool
    """True where the book has no price of the model and the meter's whole range was compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What the files of one source brought, as imports, and everything else they state."""

    source: str
    imports: tuple[PriceImport, ...]
    stated: int
    """Rates in the files: taken + repeated + skipped."""
    taken: int
    """Rates that became rows; a cache write of no stated lifetime becomes two."""
    repeated: int
    """Prices that only say again what another row of the files says."""
    skipped: tuple[Skipped, ...]
    suspicious: tuple[Suspicious, ...]
    later: int
    """Rows that hold from a day still to come."""
    notes: tuple[str, ...] = ()

    def reasons(self) -> list[tuple[str, list[Skipped]]]:
        """Return what was skipped by kind of reason, the most frequent first."""
        found: dict[str, list[Skipped]] = defaultdict(list)
        for one in self.skipped:
            found[one.reason.partition(": ")[0]].append(one)
        return sorted(found.items(), key=lambda pair: (-len(pair[1]), pair[0]))


def assemble(
    files: Iterable[PublishedFile],
    *,
    active: ActivePrices,
    known_from: datetime,
    layer: str = WITNESS,
) -> list[Published]:
    """Turn files into imports, one source at a time: pages of one source belong together.

    Parameters
    ----------
    files
        What was read.
    active
        The book's prices, for names and comparison.
    known_from
        When the files are imported, naive UTC.
    layer
        `witness`, or `overlay` to fill what the default book lacks.
    """
    by_source: dict[str, list[PublishedFile]] = defaultdict(list)
    for one in files:
        by_source[one.source].append(one)
    naming = Naming(one.matchers for one, _ in active.active)
    book = _Default(active)
    return [
        _Assembly(naming, book, known_from=known_from, fills=layer == OVERLAY).of(source, pages)
        for source, pages in by_source.items()
    ]


class _Default:
    """The default book's prices, to compare with and to see what it lacks."""

    def __init__(self, active: ActivePrices) -> None:
        self._active = active
        by_meter: dict[str, set[int]] = defaultdict(set)
        for one, rows in active.active:
            for row in rows if one.layer == "default" else ():
                if row.pico:
                    by_meter[row.meter].add(row.pico)
        # A range of few prices says little of the next, so it is widened.
        wider = {
            n: 1 if len(some) >= MANY_PRICES else SUSPICIOUS_FACTOR for n, some in by_meter.items()
        }
        self._range = {
            name: (min(some) // wider[name], max(some) * wider[name])
            for name, some in by_meter.items()
        }

    def lacks(self, row: PriceRow, *, source: str) -> bool:
        """Say whether neither the default book nor another overlay prices the same."""
        return not any(
            (other.meter, other.variant) == (row.meter, row.variant)
            for _, bought, rows, _ in self._active.rows_for(row.provider, row.model)
            if bought.layer in ("default", OVERLAY) and bought.source != source
            for other in rows
        )

    def rows_of(self, row: PriceRow) -> list[PriceRow]:
        """Return the default book's rows of the same model, meter and variant."""
        return [
            other
            for _, bought, rows, _ in self._active.rows_for(row.provider, row.model)
            if bought.layer == "default"
            for other in rows
            if (other.meter, other.variant) == (row.meter, row.variant)
        ]

    def suspicion(self, row: PriceRow, *, now: datetime) -> Suspicious | None:
        """Compare a row with the book's price of its lower corner, else with the meter's range."""
        instant = now if row.starts <= now < row.ends else row.starts
        same = [
            one.pico
            for one in self.rows_of(row)
            if one.pico and one.holds(instant, 0, row.context_over)
        ]
        low, high = (same[0], same[0]) if same else self._range.get(row.meter, (0, 0))
        if row.pico is None or not high:
            return None
        if same:
            is_near = low < row.pico * SUSPICIOUS_FACTOR and row.pico < high * SUSPICIOUS_FACTOR
        else:
            is_near = low <= row.pico <= high
        if is_near:
            return None
        return Suspicious(
            provider=row.provider, model=row.model, meter=row.meter, conditions=row.conditions(),
            pico=row.pico, book_pico=high if row.pico > high else low, is_range=not same,
        )  # fmt: skip


class _Assembly:
    """The files of one source on their way into the book."""

    def __init__(
        self, naming: Naming, book: _Default, *, known_from: datetime, fills: bool
    ) -> None:
        self._naming, self._book = naming, book
        self._known_from, self._fills = known_from, fills
        self._skipped: list[Skipped] = []
        self._repeated = 0
        self._taken = 0

    def of(self, source: str, pages: Sequence[PublishedFile]) -> Published:
        stated = [one for page in pages for one in page.stated]
        rates = list(self._readable(stated))
        named = self._one_name_each(rates)
        rows = list(banded(list(self._dated(self._agreed(named))), name=source))
        fills = [row for row in rows if self._fills and self._book.lacks(row, source=source)]
        filled = {row.line for row in fills}
        digest = hashlib.sha256("\n".join(sorted({page.sha256 for page in pages})).encode())
        version = max((page.version for page in pages), default="") or digest.hexdigest()[:12]
        kept = {OVERLAY: fills, WITNESS: [row for row in rows if row.line not in filled]}
        imports = tuple(
            self._import(layer, source, version, digest.hexdigest(), tuple(some))
            for layer, some in kept.items()
            if some
        )
        doubts = (self._book.suspicion(row, now=self._known_from) for row in rows)
        return Published(
            source=source,
            imports=imports,
            stated=len(stated),
            taken=self._taken,
            repeated=self._repeated,
            skipped=tuple(self._skipped),
            suspicious=tuple(one for one in doubts if one),
            later=sum(row.starts > self._known_from for row in rows),
            notes=tuple(f"{page.name}: {note}" for page in pages for note in page.notes),
        )

    def _import(
        self, layer: str, source: str, version: str, sha256: str, rows: tuple[PriceRow, ...]
    ) -> PriceImport:
        text = "\n".join((layer, source, self._known_from.isoformat(), sha256))
        return PriceImport(
            import_id=hashlib.sha256(text.encode()).hexdigest()[:12], layer=layer, source=source,
            source_version=version, known_from=self._known_from,
            retrieved_on=self._known_from.date(), rows=rows, sha256=sha256,
        )  # fmt: skip

    def _readable(self, stated: Iterable[Rate | Skipped]) -> Iterator[Rate]:
        for one in stated:
            if isinstance(one, Skipped):
                self._skipped.append(one)
            elif why := why_not(one):
                self._skip(one, why)
            else:
                yield one

    def _skip(self, rate: Rate, reason: str) -> None:
        self._skipped.append(
            Skipped(what=rate.what, reason=reason, value=f"{rate.usd} per {rate.per:,}")
        )

    def _one_name_each(self, rates: Iterable[Rate]) -> list[Rate]:
        """Give every rate the book's names; of several names of one model its own name speaks."""
        by_model: dict[Model, dict[str, list[Rate]]] = defaultdict(lambda: defaultdict(list))
        for rate in rates:
            model = self._naming.model(rate)
            provider = self._naming.provider(rate.provider) or rate.provider
            if model is None and self._fills and not rate.is_display_name:
                model = (provider, rate.model.lower())
            if model is None or not model[1]:
                self._skip(rate, UNMAPPED)
            else:
                by_model[model][rate.model].append(rate)
        kept: list[Rate] = []
        for (provider, model), names in by_model.items():
            own = next((name for name in names if name.lower() == model.lower()), None)
            own = own or min(names, key=lambda name: (len(name), name))
            said = Counter(map(_content, names[own]))
            for name, some in names.items():
                if name == own:
                    kept += [replace(one, provider=provider, model=model) for one in some]
                elif Counter(map(_content, some)) == said:
                    self._repeated += len(some)
                else:
                    for one in some:
                        self._skip(one, ALIAS)
        return kept

    def _agreed(self, rates: Iterable[Rate]) -> Iterator[Rate]:
        """Join what regions state alike; skip what the files state in two ways."""
        by_place: dict[tuple[object, ...], dict[str, list[Rate]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for rate in rates:
            place = (
                rate.provider,
                rate.model,
                rate.meters,
                rate.variant,
                rate.context_over,
                rate.begins,
            )
            by_place[place][rate.region].append(rate)
        for regions in by_place.values():
            for region in [name for name, some in regions.items() if _differ(some)]:
                for one in regions.pop(region):
                    self._skip(one, AMBIGUOUS)
            firsts = [some[0] for some in regions.values()]
            self._repeated += sum(len(some) - 1 for some in regions.values())
            is_global = bool(firsts) and firsts[0].scope == GLOBAL
            if is_global and not _differ(firsts):
                self._repeated += len(firsts) - 1
                firsts = [replace(firsts[0], region="")]
            yield from firsts

    def _dated(self, rates: Iterable[Rate]) -> Iterator[PriceRow]:
        """Let each price end where the next of the same thing begins."""
        by_key: dict[tuple[object, ...], list[Rate]] = defaultdict(list)
        for rate in rates:
            by_key[rate.provider, rate.model, rate.meters, rate.variant, rate.region, rate.context_over].append(rate)  # fmt: skip
        line = 0
        for same in by_key.values():
            same.sort(key=lambda rate: rate.begins or datetime.min)  # noqa: DTZ901 - naive UTC
            for rate, following in zip(same, [*same[1:], None], strict=True):
                self._taken += 1
                ends = following.begins if following else rate.ends
                pico, is_exact = pico_per_unit(rate.usd, per=rate.per)
                for meter in rate.meters:
                    line += 1
                    yield PriceRow(
                        provider=rate.provider, model=rate.model, meter=meter, pico=pico,
                        effective_from=rate.begins, effective_to=ends, variant=rate.variant,
                        region=rate.region, context_over=rate.context_over,
                        context_upto=ANY_CONTEXT, inexact=not is_exact, cited=rate.what, line=line,
                    )  # fmt: skip


def _content(rate: Rate) -> tuple[object, ...]:
    return (
        rate.meters,
        rate.usd / rate.per,
        rate.variant,
        rate.region,
        rate.context_over,
        rate.begins,
    )


def _differ(rates: Sequence[Rate]) -> bool:
    return len({rate.usd / rate.per for rate in rates}) > 1
