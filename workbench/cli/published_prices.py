"""What an import of published list prices brought, said in words: rows, doubts, and all that was skipped."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from workbench.cli.app import print_json
from workbench.errors import shown

if TYPE_CHECKING:
    from workbench.pricing.published import Published, Skipped, Suspicious
    from workbench.pricing.rows import PriceImport

EXAMPLES = 3
MOST_DOUBTS = 10


def tell(done: "Sequence[tuple[Published, list[PriceImport]]]", *, as_json: bool) -> None:
    """Print what each source brought; JSON lists every skipped rate, words a few of each reason."""
    if as_json:
        print_json({"published": [_data(one, new) for one, new in done]})
        return
    for one, new in done:
        _say(one, new)


def _data(one: "Published", new: "list[PriceImport]") -> dict[str, Any]:
    return {
        "source": one.source,
        "imports": [
            {"import_id": part.import_id, "layer": part.layer, "source_version": part.source_version,
             "prices": len(part.rows), "is_new": part in new}
            for part in one.imports
        ],
        "rates_stated": one.stated,
        "taken": one.taken,
        "repeated": one.repeated,
        "from_a_later_day": one.later,
        "skipped": [asdict(skipped) for skipped in one.skipped],
        "suspicious": [asdict(doubt) for doubt in one.suspicious],
        "notes": list(one.notes),
    }  # fmt: skip


def _say(one: "Published", new: "list[PriceImport]") -> None:
    parts = [
        f"{len(part.rows):,} prices " + ("fill the book" if part.layer == "overlay" else "as witness")
        + (f" ({part.import_id})" if part in new else " (known already)")
        for part in one.imports
    ]  # fmt: skip
    click.echo(
        f"{one.source}: {one.stated:,} rates stated; {' and '.join(parts) or 'no price taken'}."
    )
    if one.repeated:
        click.echo(f"  {one.repeated:,} say again what another row says.")
    if one.later:
        click.echo(f"  {one.later:,} hold from a day still to come.")
    for reason, some in one.reasons():
        click.echo(f"  skipped {len(some):,}: {reason} ({shown(_words(some), at_most=EXAMPLES)})")
    if one.skipped:
        click.echo("  --json lists every rate that was skipped.")
    for doubt in one.suspicious[:MOST_DOUBTS]:
        click.echo(f"  suspicious: {_doubt(doubt)}")
    if len(one.suspicious) > MOST_DOUBTS:
        click.echo(f"  suspicious: {len(one.suspicious) - MOST_DOUBTS:,} more; --json lists all.")
    if one.suspicious:
        click.echo("  A factor of ten and more is often a wrong unit. Look before you use these.")
    for note in one.notes:
        click.echo(f"  note: {note}")


def _words(some: "Sequence[Skipped]") -> list[str]:
    """Return what was skipped in words; details of one kind of reason counted together."""
    details = Counter(one.reason.partition(": ")[2] for one in some)
    if len(some) > EXAMPLES and "" not in details:
        return [f"{detail} {count:,}" for detail, count in details.most_common()]
    return [one.what + (f" {one.value}" if one.value else "") for one in some]


def _doubt(one: "Suspicious") -> str:
    book = "any of the default book's, nearest" if one.is_range else "the default book has"
    return (
        f"{one.provider}/{one.model} {one.meter} {one.conditions}: {one.pico / 1e6:,.6g} USD a "
        f"million units, {book} {one.book_pico / 1e6:,.6g}"
    )
