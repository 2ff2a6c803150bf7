"""How a cell of text becomes a typed value, or the reason why it does not.

Every source is read as text, since a typed read is silently wrong: 1.5 becomes 2 tokens,
an offset such as +02:00 is dropped, a word becomes NULL. Each function returns SQL of the
value, of whether the cell is bad, and of what is then said of it: the test reads the value
where it was computed, so that no text is parsed twice.

JSON lines of which the bytes show that every value is a text or a plain number may have
their numbers read as DOUBLE (`is_exact`): that is exact where the number is whole and at
most `schema.MOST_PER_RECORD`, which is tested; any doubt sends the file to the text lane.
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
    bad: str = ""
    """Whether the text is refused; '' where any text will do."""
    said: str = ""
    """What is wrong with it, where it is."""

    @property
    def problem(self) -> str:
        """SQL of what is wrong, NULL for a good cell."""
        return f"CASE WHEN {self.bad} THEN {self.said} END" if self.bad else "NULL"


def quoted(text: str) -> str:
    """Return a SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def name(column: str) -> str:
    """Return a SQL identifier."""
    return '"' + column.replace('"', '""') + '"'


def _said(column: str, text: str, wrong: str) -> str:
    return (
        f"{quoted(column + ' is ')} || left({text}, {_SHOWN_CHARACTERS}) || {quoted(': ' + wrong)}"
    )


def count(
    column: str, text: str, *, read: str = "", least: int = 0, most: int = schema.MOST_PER_RECORD
) -> Cell:
    """Whole numbers only; `3.0` is one, `1.5`, `true`, `-1` and `1e400` are not.

    Parameters
    ----------
    column
        Its name, for what is said.
    text
        SQL of the text.
    read
        SQL of the value where it was computed before; computed in the test where empty.
    """
    value = f"TRY_CAST({text} AS BIGINT)"
    pattern = r"[0-9]{1,18}(\.0+)?"
    good = f"regexp_full_match({text}, '{pattern}') AND {read or value} BETWEEN {least} AND {most}"
    wrong = f"not a whole number from {least:,} to {most:,}"
    return Cell(value, f"NOT ({good})", _said(column, text, wrong))


def decimal(
    column: str, text: str, sql_type: str, *, read: str = "", most: int = LARGEST_DECIMAL
) -> Cell:
    """Decimals from 0 to `most`; NaN, infinity and negative numbers are refused."""
    value = f"TRY_CAST({text} AS {sql_type})"
    bad = f"{text} IS NOT NULL AND coalesce({read or value} NOT BETWEEN 0 AND {most}, true)"
    return Cell(value, bad, _said(column, text, f"not a number from 0 to {most:,}"))


def double(column: str, text: str, *, read: str = "", most: int = LARGEST_DECIMAL) -> Cell:
    """Finite numbers from 0 to `most`; NaN is larger than any."""
    return decimal(column, text, "DOUBLE", read=read, most=most)


def flag(column: str, text: str) -> Cell:
    """Read `true` and `false`, in any case, or 1 and 0."""
    good = f"lower({text}) IN ('true', 'false', '1', '0')"
    return Cell(
        f"coalesce(lower({text}) IN ('true', '1'), false)",
        f"NOT ({good})",
        _said(column, text, "neither true nor false"),
    )


def choice(column: str, text: str, allowed: tuple[str, ...]) -> Cell:
    """One of a fixed list of words."""
    words = ", ".join(quoted(word) for word in allowed)
    wrong = f"not one of {', '.join(allowed)}"
    return Cell(text, f"{text} NOT IN ({words})", _said(column, text, wrong))


def instant(column: str, text: str, *, zone: str | None, read: str = "") -> Cell:
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
    # Cheaper than the two patterns: where the cast succeeds there are digits wherever LIKE
    # asks for any character, but for blanks before the hour and in the minute.
    in_zulu = f"suffix({text}, 'Z')"
    fast = (
        f"{in_zulu} AND {text} LIKE '____-__-__T__:__:__%'"
        f" AND substr({text}, 12, 1) >= '0' AND NOT contains({text}, ' ')"
    )
    value = (
        f"CASE WHEN {fast} THEN {naive} WHEN NOT {dated} THEN NULL WHEN {in_zulu} THEN {naive} "
        f"WHEN {stated} THEN {with_zone} ELSE {without} END"
    )
    bad = (
        f"{text} IS NOT NULL AND coalesce({read or f'({value})'} NOT BETWEEN "
        f"TIMESTAMP '{EARLIEST}' AND TIMESTAMP '{LATEST}', true)"
    )
    broken = _said(
        column,
        text,
        f"not a time such as 2026-10-01T08:30:00Z between {EARLIEST} and {LATEST}",
    )
    if zone is None:
        unzoned = _said(column, text, "a time without a zone; say which with --set timezone=UTC")
        broken = (
            f"CASE WHEN {dated} AND NOT {stated} AND {naive} IS NOT NULL THEN {unzoned} "
            f"ELSE {broken} END"
        )
    return Cell(value, bad, broken)


def tier(text: str) -> str:
    """Return SQL of the service tier in our words; what is not known stays, for `choice`."""
    known = ", ".join(map(quoted, schema.SERVICE_TIERS))
    return (
        f"CASE WHEN {text} IN ({known}) THEN {text} ELSE CASE lower({text}) WHEN 'default' THEN "
        "'standard' WHEN 'processing=batch' THEN 'batch' WHEN 'speed=fast' THEN 'fast' "
        f"ELSE lower({text}) END END"
    )


def cell(column: schema.Column, text: str, *, zone: str | None, read: str) -> Cell:
    """Return value and test of one column of the data dictionary, by its type and name.

    `read` is the SQL name under which the test finds the value.
    """
    if column.name == "service_tier":
        return choice(column.name, text, schema.SERVICE_TIERS)
    if column.name == "outcome":
        return choice(column.name, text, schema.OUTCOMES)
    if column.type == "VARCHAR":
        return Cell(text)
    if column.type == "TIMESTAMP":
        return instant(column.name, text, zone=zone, read=read)
    if column.type == "BOOLEAN":
        return flag(column.name, text)
    least, most = bounds(column)
    if column.type == "DOUBLE":
        return double(column.name, text, read=read, most=most)
    if column.type.startswith("DECIMAL"):
        return decimal(column.name, text, column.type, read=read, most=most)
    return count(column.name, text, read=read, least=least, most=most)


def bounds(column: schema.Column) -> tuple[int, int]:
    """Return the least and the most that a column of numbers may hold in one record."""
    if column.name == "attempt":
        return 1, 2**31 - 1
    if column.name == "quality_score":
        return 0, 1
    meter = _METERS.get(column.name)
    return 0, LARGEST_DECIMAL if meter is None else meter.most


def is_exact(column: schema.Column, number: str) -> str:
    """Return SQL of whether a number read as DOUBLE is certainly what its text says, and allowed.

    '' for columns whose numbers a DOUBLE does not hold exactly.
    """
    if column.type.startswith("DECIMAL") or column.type not in ("DOUBLE", "BIGINT", "INTEGER"):
        return ""
    least, most = bounds(column)
    within = f"{number} BETWEEN {least} AND {most}"
    return within if column.type == "DOUBLE" else f"{within} AND floor({number}) = {number}"


def too_much(meters: Mapping[str, str]) -> Cell:
    """Return the test of a record whose meters, each in order, are too much in all.

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
    return Cell("NULL", f"{' + '.join(sizes)} > {schema.MOST_PER_RECORD}", quoted(said))


def checked_zone(zone: str) -> str:
    """Return the IANA name of a zone, or say what such names look like."""
    if zone not in available_timezones():
        near = [known for known in sorted(available_timezones()) if zone.lower() in known.lower()]
        hint = f" Perhaps {shown(near)}." if near else ""
        raise IngestError(
            f"--set timezone={zone}: no such time zone. Names look like UTC or Europe/Berlin.{hint}"
        )
    return zone
