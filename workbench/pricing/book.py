"""Which prices are known at which instant, and whether they contradict each other.

The book is a pile of imports, appended and never edited. `at` takes the pile as it was known
at an instant: the newest import of a source holds for every (provider, model) it prices.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import pyarrow as pa

from workbench.errors import PriceError
from workbench.pricing.rates import RateKey, compile_rates, rate_schema
from workbench.pricing.resolve import ModelNames
from workbench.pricing.rows import (
    ANY_CONTEXT,
    NO_CONTEXT,
    PriceImport,
    PriceRow,
    naive_utc,
)
from workbench.schema import LAYERS, PRICE_BOOK_COLUMNS, WITNESS

__all__ = [
    "ActivePrices", "PriceBook", "PriceImport", "PriceRow", "RateKey", "compile_rates",
    "listing", "rate_schema",
]  # fmt: skip

Names = tuple[str, str]


class PriceBook:
    """Every import there is, checked one by one when the book is made.

    Raises
    ------
    PriceError
        If one import prices the same thing twice, or a contract sheet or the overlay leaves
        a hole between two rows of one key.
    """

    def __init__(self, imports: Iterable[PriceImport]) -> None:
        once = {(one.layer, one.source, one.import_id): one for one in imports}
        self.imports = tuple(sorted(once.values(), key=lambda one: (one.known_from, one.import_id)))
        for one in self.imports:
            if one.layer not in (*LAYERS, WITNESS):
                raise PriceError(f"{one.source}: unknown layer {one.layer!r}; use one of {LAYERS}.")
            check_import(one)
        self._known: dict[datetime | None, ActivePrices] = {}

    def at(self, known_at: datetime | None) -> "ActivePrices":
        """Return the prices known at an instant; None is everything there is."""
        until = None if known_at is None else naive_utc(known_at)
        if until not in self._known:  # imports never change, and a replay asks for many targets
            self._known[until] = self._active(until)
        return self._known[until]

    def _active(self, until: datetime | None) -> "ActivePrices":
        known = [one for one in self.imports if until is None or one.known_from <= until]
        newest: dict[tuple[str, str, str, str], str] = {}
        for one in known:
            for row in one.rows:
                newest[one.layer, one.source, row.provider, row.model] = one.import_id
        return ActivePrices(
            (one, [r for r in one.rows if _is_newest(one, r, newest)]) for one in reversed(known)
        )


def _is_newest(
    one: PriceImport, row: PriceRow, newest: dict[tuple[str, str, str, str], str]
) -> bool:
    return newest[one.layer, one.source, row.provider, row.model] == one.import_id


class ActivePrices:
    """The prices that hold at one state of knowledge, found by logged name."""

    def __init__(self, active: Iterable[tuple[PriceImport, list[PriceRow]]]) -> None:
        self.active = tuple(active)
        self.names = ModelNames(one.matchers for one, _ in self.active if one.matchers)
        order = (*LAYERS, WITNESS)
        self.by_layer = sorted(self.active, key=lambda pair: order.index(pair[0].layer))
        """The same, the layer that wins first; within a layer the newest import first."""
        self._shelves = [
            _Shelf(one, rows, self.names) for one, rows in self.by_layer if one.layer != WITNESS
        ]

    def rows_for(
        self, provider: str, model: str
    ) -> Iterator[tuple[int, PriceImport, Sequence[PriceRow], bool]]:
        """Yield (layer order, import, its rows for the name, found through a fallback)."""
        for shelf in self._shelves:
            rows, is_fallback = shelf.rows_for(provider, model)
            if rows:
                yield LAYERS.index(shelf.bought.layer), shelf.bought, rows, is_fallback

    def canonical(self, provider: str, model: str) -> Names:
        """Return the default book's names for a (provider, model), else the names as given."""
        known = self.names.resolve(provider, model)
        return (known.provider, known.model) if known else (provider, model)

    def named(self, provider: str, model: str) -> tuple[str | None, str | None]:
        """Return the (provider, model) that a priced figure cites, or (None, None)."""
        if known := self.names.resolve(provider, model):
            return known.owner, known.model
        for _, _, rows, _ in self.rows_for(provider, model):
            return rows[0].provider, rows[0].model
        return None, None


class _Shelf:
    """The rows of one import by the names they apply to."""

    def __init__(self, bought: PriceImport, rows: list[PriceRow], names: ModelNames) -> None:
        self.bought = bought
        self._names = names
        self._exact: dict[Names, list[PriceRow]] = defaultdict(list)
        for row in rows:
            if row.prices:
                self._exact[self._provider(row.provider), row.model.lower()].append(row)
        self._alike: dict[object, list[Names]] = defaultdict(list)
        if not bought.matchers:
            for provider, model in self._exact:
                if known := names.resolve(provider, model):
                    self._alike[known].append((provider, model))

    def _provider(self, name: str) -> str:
        """Return the provider a sheet means: whoever sells OpenAI's models on Azure is Azure."""
        written = name.lower().strip()
        # The book's clauses read azure_openai as openai, which has another contract.
        return "azure" if "azure" in written else self._names.provider(name) or written

    def rows_for(self, provider: str, model: str) -> tuple[Sequence[PriceRow], bool]:
        if self.bought.matchers:
            known = self._names.resolve(provider, model)
            if known is None:
                return (), False
            return self._exact.get((known.owner, known.model.lower()), ()), known.is_fallback
        logged = (self._provider(provider), model.lower())
        if logged in self._exact:
            return self._exact[logged], False
        known = self._names.resolve(*logged)
        alike = self._alike.get(known, []) if known else []
        named_so = [name for name in alike if known and name[1] == known.model.lower()]
        # Several sheet names that mean the same model, none of them the logged one: no guess.
        chosen = named_so or (alike if len(alike) == 1 else [])
        return (self._exact[chosen[0]] if chosen else ()), False


def check_import(one: PriceImport) -> None:
    """Refuse an import that prices one thing twice, or leaves a hole where a price ended.

    Rows in doubt never price, so they contradict nothing. Holes are refused in contract
    sheets and the overlay only: list history is allowed to have gaps, and so are prices
    allocated from a bill, which a day without usage has none of.
    """
    by_key: dict[tuple[str, ...], list[PriceRow]] = defaultdict(list)
    for row in one.rows:
        if row.prices:
            by_key[row.key].append(row)
    for rows in by_key.values():
        rows.sort(key=lambda row: row.starts)
        for number, row in enumerate(rows):
            for other in rows[number + 1 :]:
                if other.starts >= row.ends:
                    break
                if _share_requests(row, other):
                    raise PriceError(
                        f"{one.source}: two rows price the same thing at the same time: "
                        f"{row.where()} and {other.where()}. "
                        "End the first where the second begins, or remove one."
                    )
        if one.layer in ("contract", "overlay") and not one.is_allocated:
            _refuse_holes(one, rows)


def _share_requests(row: PriceRow, other: PriceRow) -> bool:
    return (
        max(row.context_over, other.context_over) < min(row.context_upto, other.context_upto)
        and max(row.second_from, other.second_from) < min(row.second_to, other.second_to)
    )  # fmt: skip


def _refuse_holes(one: PriceImport, rows: Sequence[PriceRow]) -> None:
    """Raise if the key, sorted by start, has no price for a while and then one again."""
    last = rows[0]
    for row in rows[1:]:
        if row.starts > last.ends:
            raise PriceError(
                f"{one.source}: no price from {last.ends} to {row.starts} between "
                f"{last.where()} and {row.where()}. Add the row between them, or move an end."
            )
        last = max(last, row, key=lambda either: either.ends)


def listing(book: PriceBook, known_at: datetime | None = None) -> pa.Table:
    """Return every row known at an instant as the `price_book` table shows it.

    The columns of `schema.PRICE_BOOK_COLUMNS`, then the conditions one by one, `undated`,
    `prices` (False where the row is in doubt), `cited` and `import_id`.
    """
    types = {"VARCHAR": pa.string(), "BIGINT": pa.int64(), "TIMESTAMP": pa.timestamp("us"),
             "BOOLEAN": pa.bool_(), "DATE": pa.date32()}  # fmt: skip
    schema = pa.schema(
        [
            *((column.name, types[column.type]) for column in PRICE_BOOK_COLUMNS),
            ("variant", pa.string()),
            ("region", pa.string()),
            ("context_over", pa.int64()),
            ("context_upto", pa.int64()),
            ("second_from", pa.int32()),
            ("second_to", pa.int32()),
            ("minimum_units", pa.decimal128(18, 3)),
            ("multiplier", pa.decimal128(18, 6)),
            ("undated", pa.bool_()),
            ("prices", pa.bool_()),
            ("cited", pa.string()),
            ("import_id", pa.string()),
        ]
    )
    rows = [_listed(one, row) for one, active in book.at(known_at).active for row in active]
    return pa.Table.from_pylist(rows, schema=schema)


def _listed(one: PriceImport, row: PriceRow) -> dict[str, object]:
    as_is = ("provider", "model", "meter", "effective_from", "effective_to", "inexact",
             "confidence", "variant", "region", "second_from", "second_to", "minimum_units",
             "multiplier", "prices", "cited")  # fmt: skip
    return {name: getattr(row, name) for name in as_is} | {
        "pico_usd_per_unit": row.pico,
        "known_from": one.known_from,
        "layer": one.layer,
        "conditions": row.conditions(),
        "source": one.source,
        "source_version": one.source_version,
        "retrieved_on": row.retrieved_on or one.retrieved_on,
        "context_over": None if row.context_over == NO_CONTEXT else row.context_over,
        "context_upto": None if row.context_upto == ANY_CONTEXT else row.context_upto,
        "undated": row.is_undated,
        "import_id": one.import_id,
    }
