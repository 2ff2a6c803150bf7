"""The one statement that turns a table of text into typed usage, with a reason per bad row.

Five levels: the source's text, our columns as text, their values, values with a reason, and
the columns of a segment. A row that is not loaded is written too, marked in `rate_key`, with
its reason (or its kind) in `tags`: so a file without such rows needs no second pass. What is
wrong is put into words only for rows that fail a test.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workbench import schema, segment_rows
from workbench.errors import IngestError
from workbench.ingest import users
from workbench.ingest.cells import Cell, cell, checked_zone, is_exact, name, quoted
from workbench.ingest.reader import Reader
from workbench.ingest.reasons import reason_of, value_name
from workbench.ingest.table import Table

QUARANTINED, SKIPPED = -1, -2
"""Values of `rate_key` in a staged file; real keys are 0 or more."""

NOT_UNIFORM = "not every record has the same keys"
"""What the statement fails with when a uniform file turns out not to be one."""

_ZONE = "timezone"
_MONTH = "date_trunc('month', started_at)"
"""Part of the rate key: a request then meets only the prices of its own month."""


@dataclass(slots=True, kw_only=True)
class Plan:
    """All that decides how one source is read."""

    reader: Reader
    table: Table
    constants: Mapping[str, str]
    source_id: str
    first_row: int
    """Records of the source that earlier batches read."""
    most_rows: int | None
    """Records that belong to the bytes that were hashed."""
    users_ahead: bool = False
    """Whether users of the source have been hashed ahead (`users_statement`)."""


def columns_of(reader: Reader) -> tuple[schema.Column, ...]:
    """Return the columns a reader may fill."""
    if reader.kind == "outcomes":
        return schema.OUTCOME_COLUMNS[:-2]
    return (*schema.USAGE_COLUMNS, *schema.METER_COLUMNS)


def exact_numbers(reader: Reader, keys: frozenset[str]) -> frozenset[str]:
    """Return those of the keys that fill a column of ours whose numbers a DOUBLE holds exactly."""
    return frozenset(
        column.name
        for column in columns_of(reader)
        if column.name in keys
        and reader.cells.get(column.name) == name(column.name)
        and is_exact(column, "0")
    )


def texts(plan: Plan) -> dict[str, str]:
    """Return SQL of the text of each of our columns that this source or a constant fills."""
    reader, table = plan.reader, plan.table
    found: dict[str, str] = {}
    for column, text in reader.cells.items():
        if column in table.numbers:
            found[column] = text
        elif not _own(reader, column) or column in table.present:
            found[column] = f"nullif({text}, '')"
    given = {**reader.constants, **plan.constants}
    zone = given.pop(_ZONE, None)
    allowed = [column.name for column in columns_of(reader)] + ["user_id"]
    for column, value in given.items():
        if column not in allowed:
            raise IngestError(f"--set {column}={value}: there is no column {column!r} to set.")
        if column in found and column in plan.constants:
            raise IngestError(
                f"--set {column}={value}: the file has its own {column!r}. "
                "A constant is for a column that the file lacks."
            )
        found.setdefault(column, quoted(value))
    if zone is not None:
        checked_zone(zone)
    return found


def _own(reader: Reader, column: str) -> bool:
    """Say whether the format has our column under our name, and so may lack it."""
    return reader.strict and column in reader.inputs and column in reader.cells


def zone_of(plan: Plan) -> str | None:
    """Return the zone of times that state none."""
    return plan.constants.get(_ZONE, plan.reader.zone)


def staged_select(plan: Plan, *, limit: int | None = None, ordered: bool = False) -> str:
    """Return the statement; $1 and $2 are the padded keys when there is a user to hash."""
    filled = texts(plan)
    typed = _typed(plan, filled)
    if limit is not None:
        typed += f"\nLIMIT {limit}"
    if ordered:
        at = "occurred_at" if plan.reader.kind == "outcomes" else "started_at"
        typed = f"{typed}\nORDER BY {at}"
    if plan.reader.kind == "outcomes":
        return _outcome_columns(plan, typed, filled)
    return _segment_columns(plan, typed, filled)


def users_statement(plan: Plan) -> str | None:
    """Return the statement that hashes users ahead, of two parameters; None where there are none."""
    user = texts(plan).get("user_id")
    if user is None:
        return None
    return users.hash_ahead(_text_level(plan, {"user_id": user}), name("user_id"))


def _text_level(plan: Plan, filled: Mapping[str, str]) -> str:
    table, reader = plan.table, plan.reader
    missing = [i for i in reader.inputs if i not in table.present and not _own(reader, i)]
    absent = "".join(f", NULL::VARCHAR AS {name(column)}" for column in missing)
    raw = f"SELECT *{absent}, row_number() OVER () + {plan.first_row} AS source_row FROM {table.relation}"
    if reader.derived:
        more = ", ".join(f"{sql} AS {name(column)}" for column, sql in reader.derived.items())
        raw = f"SELECT *, {more} FROM ({raw})"
    read = [name(column) for column in table.present + table.tags]
    unread = f"coalesce({', '.join(read)}) IS NULL" if read else "true"
    if table.uniform:
        lacking = " OR ".join([*(f"{column} IS NULL" for column in read), *_inexact(plan)])
        unread = f"CASE WHEN {lacking} THEN error({quoted(NOT_UNIFORM)}) ELSE false END"
    problems = "".join(f", {p} AS p{n}" for n, p in enumerate(reader.problems))
    fields = "".join(f",\n    {text} AS {name(column)}" for column, text in filled.items())
    most = (
        ""
        if plan.most_rows is None
        else f"\n  WHERE source_row <= {plan.first_row + plan.most_rows}"
    )
    return (
        f"SELECT source_row, {unread} AS unread, {reader.skip} AS skipped_kind{problems}, "
        f"{reader.tags or _tags(table.tags)} AS tags{fields}\n  FROM ({raw}){most}"
    )


def _inexact(plan: Plan) -> list[str]:
    """Return SQL of what a number read as such must not be: then the text has to be looked at."""
    return [
        f"NOT ({is_exact(column, name(column.name))})"
        for column in columns_of(plan.reader)
        if column.name in plan.table.numbers
    ]


def _tags(columns: Sequence[str]) -> str:
    if not columns:
        return "NULL::VARCHAR"
    pairs = ", ".join(f"{quoted(column)}, {name(column)}" for column in columns)
    some = ", ".join(name(column) for column in columns)
    without_nulls = f"CAST(json_merge_patch('{{}}', json_object({pairs})) AS VARCHAR)"
    return f"CASE WHEN coalesce({some}) IS NOT NULL THEN {without_nulls} END"


def _typed(plan: Plan, filled: Mapping[str, str]) -> str:
    zone = zone_of(plan)
    cells: dict[str, Cell] = {}
    for column in columns_of(plan.reader):
        if column.name in plan.table.numbers:
            sql_type = "DOUBLE" if column.type == "DOUBLE" else "BIGINT"
            cells[column.name] = Cell(f"CAST({name(column.name)} AS {sql_type})")
        elif column.name in filled:
            read = value_name(column.name)
            cells[column.name] = cell(column, name(column.name), zone=zone, read=read)
    if "user_id" in filled:
        hash_of = users.looked_up if plan.users_ahead else users.keyed_hash
        hashed = hash_of(name("user_id"))
        cells["user_hash"] = Cell(
            f"coalesce({name('user_hash')}, {hashed})" if "user_hash" in filled else hashed
        )
    meters = [c.name for c in schema.METER_COLUMNS if c.name in cells]
    valued = "".join(f",\n  {c.value} AS {value_name(column)}" for column, c in cells.items())
    kept = ",\n  ".join(
        f"{f'coalesce({value_name(column)}, 0)' if column in meters else value_name(column)} AS {name(column)}"
        for column in cells
    )
    return (
        f"SELECT source_row, skipped_kind, tags, {reason_of(plan.reader, filled, cells, meters)} AS reason,\n"
        f"  {kept}\nFROM (SELECT *{valued}\nFROM ({_text_level(plan, filled)}))"
    )


def lacking_columns(plan: Plan) -> tuple[str, ...]:
    """Return the columns of a segment that neither the source nor a constant fills."""
    if plan.reader.kind == "outcomes":
        return ()
    filled = texts(plan)
    return tuple(column for column in segment_rows.OPTIONAL if column not in filled)


def _segment_columns(plan: Plan, typed: str, filled: Mapping[str, str]) -> str:
    has = set(filled) | ({"user_hash"} if "user_id" in filled else set())
    values: dict[str, str] = {}
    for column in (*schema.USAGE_COLUMNS, *schema.METER_COLUMNS):
        default = segment_rows.default_of(column.name)
        value = name(column.name) if column.name in has else default
        if column.name in has and default not in ("0", "NULL"):
            value = f"coalesce({value}, {default})"
        values[column.name] = f"CAST({value} AS {column.type})"
    keyed = ", ".join(values[column] for column in schema.RATE_KEY_COLUMNS)
    masks = [
        f"CASE WHEN {name(m.name)} > 0 THEN {1 << m.bit} ELSE 0 END"
        for m in schema.METERS
        if m.name in has
    ]
    context = " + ".join(name(m) for m in schema.CONTEXT_METERS if m in has) or "0"
    if "is_aggregate" in has:
        context = f"CASE WHEN {values['is_aggregate']} THEN 0 ELSE {context} END"
    values |= {
        "tags": "coalesce(reason, skipped_kind, tags)",
        "source_id": quoted(plan.source_id),
        "source_row": "CAST(source_row AS BIGINT)",
        "rate_key": f"CASE WHEN reason IS NOT NULL THEN {QUARANTINED} "
        f"WHEN skipped_kind IS NOT NULL THEN {SKIPPED} "
        f"ELSE CAST(hash({keyed}, {_MONTH}) >> 1 AS BIGINT) END",
        "meter_mask": f"CAST({' + '.join(masks) or '0'} AS BIGINT)",
        "context_tokens": f"CAST({context} AS BIGINT)",
    }
    lacking = lacking_columns(plan)
    selected = ",\n  ".join(
        f"{values[c.name]} AS {name(c.name)}"
        for c in schema.SEGMENT_COLUMNS
        if c.name not in lacking
    )
    return f"SELECT {selected}\nFROM ({typed})"


def _outcome_columns(plan: Plan, typed: str, filled: Mapping[str, str]) -> str:
    """Outcome rows have no rate key: the reason stands in two columns more, dropped on splitting."""
    values = [
        f"CAST({name(c.name) if c.name in filled else 'NULL'} AS {c.type}) AS {name(c.name)}"
        for c in columns_of(plan.reader)
    ]
    values += [
        f"{quoted(plan.source_id)} AS source_id",
        "CAST(source_row AS BIGINT) AS source_row",
        "reason AS tags",
        f"CASE WHEN reason IS NOT NULL THEN {QUARANTINED} ELSE 0 END AS rate_key",
    ]
    return f"SELECT {', '.join(values)}\nFROM ({typed})"
