"""How a cell of text becomes a typed value, or the reason why it does not.

Every source is read as text, since a typed read is silently wrong: 1.5 becomes 2 tokens,
an offset such as +02:00 is dropped, a word becomes NULL. Each function returns two SQL
expressions, value and problem; the problem is NULL for a good cell.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import available_timezones

from workbench import schema
from workbench.errors import IngestError, shown

LARGEST_DECIMAL = 10**9
"""Largest cost in USD, time in ms or minutes of one record: sums of any log stay in range."""
_METERS = {meter.name: meter for meter in schema.METERS}

EARLIEST, LATEST = "2015-01-01", "2100-01-01"
"""Instants outside are a wrong unit (seconds for milliseconds), not usage."""

_SHOWN_CHARACTERS = 40


@dataclass(frozen=True, slots=True)
class Cell:
    """SQL of one typed value, and SQL of what is wrong with the text it came from."""

    value: str
    problem: str


def quoted(text: str) -> str:
    """Return a SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def name(column: str) -> str:
    """Return a SQL identifier."""
    return '"' + column.replace('"', '""') + '"'


def _problem(condition: str, column: str, text: str, wrong: str) -> str:
    said = (
        f"{quoted(column + ' is ')} || left({text}, {_SHOWN_CHARACTERS}) || {quoted(': ' + wrong)}"
    )
    return f"CASE WHEN {condition} THEN {said} END"


def count(column: str, text: str, *, least: int = 0, most: int = schema.MOST_PER_RECORD) -> Cell:
    """Whole numbers only; `3.0` is one, `1.5`, `true`, `-1` and `1e400` are not."""
    pattern = r"[0-9]{1,18}(\.0+)?"
    good = f"regexp_full_match({text}, '{pattern}') AND TRY_CAST({text} AS BIGINT) BETWEEN {least} AND {most}"
    wrong = f"not a whole number from {least:,} to {most:,}"
    return Cell(f"TRY_CAST({text} AS BIGINT)", _problem(f"NOT ({good})", column, text, wrong))


def decimal(column: str, text: str, sql_type: str, *, most: int = LARGEST_DECIMAL) -> Cell:
    """Decimals from 0 to `most`; NaN, infinity and negative numbers are refused."""
    value = f"TRY_CAST({text} AS {sql_type})"
    bad = f"{text} IS NOT NULL AND ({value} IS NULL OR {value} < 0 OR {value} > {most})"
    return Cell(value, _problem(bad, column, text, f"not a number from 0 to {most:,}"))


def double(column: str, text: str, *, most: int = LARGEST_DECIMAL) -> Cell:
    """Finite numbers from 0 to `most`."""
    value = f"TRY_CAST({text} AS DOUBLE)"
    bad = f"{text} IS NOT NULL AND ({value} IS NULL OR isnan({value}) OR {value} < 0 OR {value} > {most})"
    return Cell(value, _problem(bad, column, text, f"not a number from 0 to {most:,}"))


def flag(column: str, text: str) -> Cell:
    """Read `true` and `false`, in any case, or 1 and 0."""
    good = f"lower({text}) IN ('true', 'false', '1', '0')"
    return Cell(
        f"coalesce(lower({text}) IN ('true', '1'), false)",
        _problem(f"NOT ({good})", column, text, "neither true nor false"),
    )


def choice(column: str, text: str, allowed: tuple[str, ...]) -> Cell:
    """One of a fixed list of words."""
    words = ", ".join(quoted(word) for word in allowed)
    wrong = f"not one of {', '.join(allowed)}"
    return Cell(text, _problem(f"{text} NOT IN ({words})", column, text, wrong))


def instant(column: str, text: str, *, zone: str | None) -> Cell:
    """Instants in UTC; a time without offset is in `zone`, and a problem where there is none.

    More than six fractional digits are cut to microseconds.
    """
    stated = (
        rf"regexp_matches({text}, '[0-9](Z|z|[+-][0-9]{{2}}(:?[0-9]{{2}})?)$|[0-9] ?(UTC|GMT)$')"
    )
    dated = f"regexp_matches({text}, '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[T ][0-9]{{2}}:[0-9]{{2}}')"
    with_zone = f"CAST(TRY_CAST({text} AS TIMESTAMPTZ) AS TIMESTAMP)"
    naive = f"TRY_CAST({text} AS TIMESTAMP)"
    if zone is None:
        without = "NULL::TIMESTAMP"
    elif zone == "UTC":
        without = naive
    else:
        without = f"CAST(timezone({quoted(zone)}, {naive}) AS TIMESTAMP)"
    fast = f"{text}[-1] = 'Z' AND {dated}"
    value = (
        f"CASE WHEN {fast} THEN {naive} WHEN NOT {dated} THEN NULL "
        f"WHEN {stated} THEN {with_zone} ELSE {without} END"
    )
    unzoned = _problem(
        f"{dated} AND NOT {stated} AND {naive} IS NOT NULL",
        column,
        text,
        "a time without a zone; say which with --set timezone=UTC",
    )
    broken = _problem(
        f"{text} IS NOT NULL AND coalesce(({value}) NOT BETWEEN TIMESTAMP '{EARLIEST}' "
        f"AND TIMESTAMP '{LATEST}', true)",
        column,
        text,
        f"not a time such as 2026-10-01T08:30:00Z between {EARLIEST} and {LATEST}",
    )
    return Cell(value, f"coalesce({unzoned}, {broken})" if zone is None else broken)


def tier(text: str) -> str:
    """Return SQL of the service tier in our words; what is not known stays, for `choice`."""
    return (
        f"CASE lower({text}) WHEN 'default' THEN 'standard' WHEN 'processing=batch' THEN 'batch' "
        f"WHEN 'speed=fast' THEN 'fast' ELSE lower({text}) END"
    )


def cell(column: schema.Column, text: str, *, zone: str | None) -> Cell:
    """Return value and problem of one column of the data dictionary, by its type and name."""
    if column.name == "service_tier":
        return choice(column.name, text, schema.SERVICE_TIERS)
    if column.name == "outcome":
        return choice(column.name, text, schema.OUTCOMES)
    if column.name == "attempt":
        return count(column.name, text, least=1, most=2**31 - 1)
    if column.name == "quality_score":
        return double(column.name, text, most=1)
    if column.type == "VARCHAR":
        return Cell(text, "NULL")
    if column.type == "TIMESTAMP":
        return instant(column.name, text, zone=zone)
    if column.type == "BOOLEAN":
        return flag(column.name, text)
    if column.type == "DOUBLE":
        return double(column.name, text)
    meter = _METERS.get(column.name)
    if meter is None:
        return decimal(column.name, text, column.type)
    if meter.kind == "seconds":
        return decimal(column.name, text, column.type, most=meter.most)
    return count(column.name, text, most=meter.most)


def too_much(meters: Mapping[str, str]) -> str:
    """Return SQL of what is wrong with a record whose meters, each in order, are too much in all.

    Parameters
    ----------
    meters
        Meter -> SQL of its value. Counted in DOUBLE, which holds what any text can say.
    """
    sizes = (
        f"coalesce(CAST({value} AS DOUBLE) * {_METERS[meter].weight}, 0)"
        for meter, value in meters.items()
    )
    said = (
        f"more than one record may hold: its tokens, characters and pixels, with {1_000:,} for a "
        f"second and {10_000:,} for every other unit, are above {schema.MOST_PER_RECORD:,}"
    )
    return f"CASE WHEN {' + '.join(sizes)} > {schema.MOST_PER_RECORD} THEN {quoted(said)} END"


def checked_zone(zone: str) -> str:
    """Return the IANA name of a zone, or say what such names look like."""
    if zone not in available_timezones():
        near = [known for known in sorted(available_timezones()) if zone.lower() in known.lower()]
        hint = f" Perhaps {shown(near)}." if near else ""
        raise IngestError(
            f"--set timezone={zone}: no such time zone. Names look like UTC or Europe/Berlin.{hint}"
        )
    return zone
