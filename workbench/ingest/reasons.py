"""Why a record is refused: SQL of the first test that it fails, in words."""

from collections.abc import Mapping, Sequence

from workbench import schema
from workbench.ingest.cells import Cell, name, quoted, too_much
from workbench.ingest.reader import Reader

_OUTPUT_PARTS = tuple(m for m in schema.METERS if m.part_of)


def value_name(column: str) -> str:
    """Return the name of the typed value, beside that of the text it came from."""
    return name(f"{column} as value")


def reason_of(
    reader: Reader, filled: Mapping[str, str], cells: Mapping[str, Cell], meters: Sequence[str]
) -> str:
    """Return SQL of why a record is refused: the first test that it fails, in words."""
    checks = [Cell("NULL", "unread", "'not a record of this format'")]
    checks += [Cell("NULL", f"p{n} IS NOT NULL", f"p{n}") for n in range(len(reader.problems))]
    checks += [c for c in cells.values() if c.bad]
    checks += [too_much({meter: value_name(meter) for meter in meters})] if len(meters) > 1 else []
    checks += _missing(reader, filled)
    any_bad = " OR ".join(f"({c.bad})" for c in checks)
    words = ", ".join(c.problem for c in checks)
    return f"CASE WHEN skipped_kind IS NULL AND ({any_bad}) THEN coalesce({words}) END"


def _missing(reader: Reader, filled: Mapping[str, str]) -> list[Cell]:
    """Return the tests of what every record must have."""
    if reader.kind == "outcomes":
        ids = [name(c) for c in ("request_id", "session_id", "ticket_id") if c in filled]
        given = " + ".join(f"({c} IS NOT NULL)::INT" for c in ids) or "0"
        said = "'needs exactly one of request_id, session_id, ticket_id'"
        return [
            Cell("NULL", f"{given} <> 1", said),
            *(_lacks(c, filled) for c in ("occurred_at", "outcome")),
        ]
    meters = [f"{name(m)} IS NULL" for m in schema.METER_NAMES if m in filled]
    parts = [
        Cell(
            "NULL",
            f"{value_name(m.name)} > {whole}",
            quoted(f"{m.name} is more than {m.part_of}, of which it is a part"),
        )
        for m in _OUTPUT_PARTS
        if m.name in filled and m.part_of
        for whole in [f"coalesce({value_name(m.part_of)}, 0)" if m.part_of in filled else "0"]
    ]
    none = "'no meter: a record needs at least one, such as output_tokens'"
    return [
        *(_lacks(column, filled) for column in schema.REQUIRED_COLUMNS),
        Cell("NULL", " AND ".join(meters) or "true", none),
        *parts,
    ]


def _lacks(column: str, filled: Mapping[str, str]) -> Cell:
    condition = f"{name(column)} IS NULL" if column in filled else "true"
    return Cell("NULL", condition, quoted(f"{column} is missing"))
