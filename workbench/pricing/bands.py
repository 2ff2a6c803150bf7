"""Which input sizes a stated price holds for, when a sheet states only where it begins."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

from workbench.errors import PriceError
from workbench.pricing.rows import ANY_CONTEXT, FIRST_INSTANT, LAST_INSTANT, PriceRow


def banded(stated: Sequence[PriceRow], *, name: str) -> Iterator[PriceRow]:
    """Give every row the end of its band: the next threshold of the same key at that time."""
    by_key: dict[tuple[str, ...], list[PriceRow]] = defaultdict(list)
    for row in stated:
        by_key[*row.key, row.confidence].append(row)
    for rows in by_key.values():
        if len({row.context_over for row in rows}) == 1:
            yield from rows
            continue
        cuts = sorted(
            {FIRST_INSTANT, LAST_INSTANT, *(r.starts for r in rows), *(r.ends for r in rows)}
        )
        pieces = [
            piece for begin, end in pairwise(cuts) for piece in _piece(rows, begin, end, name)
        ]
        yield from _joined(pieces)


def _piece(
    rows: Sequence[PriceRow], begin: datetime, end: datetime, name: str
) -> Iterator[PriceRow]:
    holding = sorted((r for r in rows if r.starts <= begin < r.ends), key=lambda r: r.context_over)
    for row, following in zip(holding, [*holding[1:], None][: len(holding)], strict=True):
        upto = following.context_over if following else ANY_CONTEXT
        if following and upto == row.context_over:
            raise PriceError(
                f"{name}: two rows price the same thing at the same time: {row.where()} and "
                f"{following.where()}. End the first where the second begins, or remove one."
            )
        yield replace(
            row,
            effective_from=None if begin == FIRST_INSTANT else begin,
            effective_to=None if end == LAST_INSTANT else end,
            context_upto=min(row.context_upto, upto),
        )


def _joined(pieces: Iterable[PriceRow]) -> list[PriceRow]:
    """Put pieces of one row together again where nothing changed between them."""
    kept: list[PriceRow] = []
    for piece in pieces:
        before = next((row for row in reversed(kept) if row.line == piece.line), None)
        if before and before.ends == piece.starts and before.context_upto == piece.context_upto:
            kept[kept.index(before)] = replace(before, effective_to=piece.effective_to)
        else:
            kept.append(piece)
    return kept
